using System.Globalization;
using System.Security;
using Kola.Platforms.Tests.Recording;

namespace Kola.Platforms.Tests.Azure;

/// <summary>Page blobs of one storage account, in files: what Azure.Storage.Blobs asks for when an image is brought. A URL with a signature comes in, whatever it is.</summary>
/// <param name="directory">Where they are kept.</param>
internal sealed class AzureBlobs(string directory)
{
    /// <summary>The account, which is the first part of the path where the server is an address.</summary>
    public const string Account = "kolatests";

    /// <summary>URL of a container of it, with a signature.</summary>
    public static string Container(string server) => $"{server}/{Account}/images?sv=2024-05-04&sr=c&sp=rwdl&se=2030-01-01&sig=c2lnbmVk";

    // Azure's bound on one Put Page.
    private const int MostBytes = 4 << 20;
    private const int PageBytes = 512;

    /// <summary>Names, without the container.</summary>
    public SortedSet<string> Names { get; } = new(StringComparer.Ordinal);

    /// <summary>File of a blob.</summary>
    public string FileOf(string name) => Path.Combine(directory, name);

    /// <summary>The raw disk of an image, given its resource id.</summary>
    public string ImageOf(string id) => Path.Combine(directory, $"{id.Split('/')[^1]}.raw");

    /// <summary>Makes an image's disk of a blob.</summary>
    /// <returns>What is wrong with it; null when nothing is.</returns>
    public string? Take(string image, Uri blob)
    {
        string name = blob.Segments[^1];
        if (!Names.Contains(name))
            return $"The source blob {name} does not exist.";
        if (FixedVhd.Unwrap(FileOf(name)) is { } wrong)
            return wrong;
        // Nobody reads the blob after that.
        File.Move(FileOf(name), ImageOf(image));
        return null;
    }

    public Answer Handle(Received request)
    {
        if (string.IsNullOrEmpty(request.Asked("sig")))
            return Wrong(403, "AuthenticationFailed");
        string name = request.Path.Split('/')[^1];
        return (request.Method, request.Asked("comp")) switch
        {
            ("GET", "list") => List(request),
            ("PUT", null) => Create(request, name),
            ("PUT", "page") => Write(request, name),
            ("DELETE", null) => Delete(name),
            _ => throw new InvalidOperationException($"{request} is not modelled"),
        };
    }

    private Answer Create(Received request, string name)
    {
        long length = long.Parse(request.Headers["x-ms-blob-content-length"], CultureInfo.InvariantCulture);
        if (request.Headers["x-ms-blob-type"] != "PageBlob" || length % PageBytes != 0)
            return Wrong(400, "InvalidHeaderValue");
        using FileStream blob = File.Create(FileOf(name));
        blob.SetLength(length);
        Names.Add(name);
        return Done(201);
    }

    private Answer Write(Received request, string name)
    {
        if (!Names.Contains(name))
            return Wrong(404, "BlobNotFound");
        // bytes=0-4194303
        long[] range = [.. request.Headers.GetValueOrDefault("x-ms-range", request.Headers.GetValueOrDefault("range", "bytes=0-0"))["bytes=".Length..].Split('-').Select(n => long.Parse(n, CultureInfo.InvariantCulture))];
        long length = range[1] - range[0] + 1;
        byte[] pages = request.File is { } file ? File.ReadAllBytes(file) : [];
        using FileStream blob = File.OpenWrite(FileOf(name));
        if (request.Headers["x-ms-page-write"] != "update" || range[0] % PageBytes != 0 || length % PageBytes != 0 || length != pages.Length || range[1] >= blob.Length)
            return Wrong(416, "InvalidPageRange");
        if (length > MostBytes)
            return Wrong(413, "RequestBodyTooLarge");
        blob.Position = range[0];
        blob.Write(pages);
        return Done(201);
    }

    private Answer List(Received request) => new(200)
    {
        Text = $"""<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs>{string.Concat(Names.Where(n => n.StartsWith(request.Asked("prefix") ?? "", StringComparison.Ordinal)).Select(n =>
            $"<Blob><Name>{SecurityElement.Escape(n)}</Name><Properties><BlobType>PageBlob</BlobType></Properties></Blob>"))}</Blobs><NextMarker /></EnumerationResults>""",
        Type = "application/xml",
    };

    private Answer Delete(string name)
    {
        if (!Names.Remove(name))
            return Wrong(404, "BlobNotFound");
        File.Delete(FileOf(name));
        return new Answer(202);
    }

    private static Answer Done(int status) => new(status) { Headers = [("ETag", "\"0x8DC0FFEE\""), ("Last-Modified", "Sat, 28 Nov 2026 21:15:00 GMT")] };

    private static Answer Wrong(int status, string code) => new(status) { Headers = [("x-ms-error-code", code)], Text = $"<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{code}.</Message></Error>", Type = "application/xml" };
}
