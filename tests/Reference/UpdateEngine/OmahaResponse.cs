using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace Flatcar.Reference.UpdateEngine;

/// <summary>A package that comes with an update.</summary>
internal sealed record OmahaPackage(string Name, string HashSha256);

/// <summary>What a server offers.</summary>
internal sealed record OmahaOffer
{
    /// <summary>Directories, the first one first, each with a slash at its end.</summary>
    public required IReadOnlyList<string> CodeBases { get; init; }

    public required string Version { get; init; }

    public required string Name { get; init; }

    /// <summary>Bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Of the whole file, in base 64.</summary>
    public required string Sha256 { get; init; }

    public uint MaxFailuresPerUrl { get; init; } = 10;

    public bool IsDelta { get; init; }

    public bool BackoffDisabled { get; init; }
}

/// <summary>A server's answer.</summary>
internal sealed record OmahaResponse
{
    /// <summary>Null: no update.</summary>
    public OmahaOffer? Offer { get; init; }

    /// <summary>Seconds between checks that the server wishes; null: none.</summary>
    public int? PollInterval { get; init; }

    /// <exception cref="UpdateException">It is no answer: 30, 31, 34.</exception>
    public static OmahaResponse Parse(string text)
    {
        if (text == "")
            throw new UpdateException(ErrorCode.EmptyResponse, "Omaha response empty");
        var response = Document(text).Element("response");
        var check = response?.Elements("app").Elements("updatecheck").FirstOrDefault() ?? throw Invalid("no updatecheck");
        int? interval = int.TryParse((string?)check.Attribute("PollInterval"), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds) && seconds != 0 ? seconds : null;
        return (string?)check.Attribute("status") switch
        {
            "noupdate" => new() { PollInterval = interval },
            "ok" => new() { PollInterval = interval, Offer = ParseOffer(response.Elements("app").Elements("updatecheck")) },
            var status => throw Invalid($"unknown status \"{status}\""),
        };
    }

    /// <summary>All packages of a saved answer; none where it is not to be read.</summary>
    public static (IReadOnlyList<string> CodeBases, IReadOnlyList<OmahaPackage> Packages) Packages(string text)
    {
        var checks = Document(text).Elements("response").Elements("app").Elements("updatecheck").ToList();
        return (CodeBases(checks),
            [.. checks.Elements("manifest").Elements("packages").Elements("package")
                .Select(p => new OmahaPackage((string?)p.Attribute("name") ?? "", (string?)p.Attribute("hash_sha256") ?? ""))]);
    }

    private static XDocument Document(string text)
    {
        try
        {
            return XDocument.Parse(text);
        }
        catch (XmlException e)
        {
            throw new UpdateException(ErrorCode.ResponseXml, $"Omaha response not valid XML: {e.Message}");
        }
    }

    private static OmahaOffer ParseOffer(IEnumerable<XElement> checks)
    {
        var manifests = checks.Elements("manifest").ToList();
        if (manifests.Count == 0)
            throw Invalid("no manifest");
        var package = manifests.Elements("packages").Elements("package").FirstOrDefault() ?? throw Invalid("no package");
        var action = manifests.Elements("actions").Elements("action").FirstOrDefault(a => (string?)a.Attribute("event") == "postinstall")
            ?? throw Invalid("no action with event postinstall");
        string Needed(XElement element, string name) =>
            (string?)element.Attribute(name) is { Length: > 0 } value ? value : throw Invalid($"{element.Name} without {name}");
        var size = long.TryParse(Needed(package, "size"), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) && bytes > 0
            ? bytes : throw Invalid("the package's size is no number above 0");
        return new()
        {
            CodeBases = CodeBases(checks) is { Count: > 0 } urls ? urls : throw Invalid("no url"),
            Version = (string?)manifests[0].Attribute("version") ?? "",
            Name = Needed(package, "name"),
            Size = size,
            Sha256 = Needed(action, "sha256"),
            MaxFailuresPerUrl = uint.TryParse((string?)action.Attribute("MaxFailureCountPerUrl"), NumberStyles.None, CultureInfo.InvariantCulture, out var failures) ? failures : 10,
            IsDelta = (string?)action.Attribute("IsDeltaPayload") == "true",
            BackoffDisabled = (string?)action.Attribute("DisablePayloadBackoff") == "true",
        };
    }

    private static List<string> CodeBases(IEnumerable<XElement> checks) =>
        [.. checks.Elements("urls").Elements("url").Select(u => (string?)u.Attribute("codebase") is { Length: > 0 } url
            ? url.EndsWith('/') ? url : url + "/" : throw Invalid("a url without codebase"))];

    private static UpdateException Invalid(string what) => new(ErrorCode.ResponseInvalid, $"Omaha response invalid: {what}");
}
