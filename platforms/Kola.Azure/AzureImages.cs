using System.Text.Json.Nodes;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using CliWrap;
using CliWrap.Buffered;
using Kola.Clouds;
using Kola.Platforms;

namespace Kola.Azure;

/// <summary>
/// Images of a subscription, in a resource group of their own. One is brought there once for each digest and firmware: a fixed VHD goes as a page blob through a container, a managed image is made of it. The
/// blob carries its run's tags in its name and goes when the image is made.
/// </summary>
internal sealed class AzureImages(AzureSession session, PlatformAccess access)
{
    /// <summary>What blobs begin with.</summary>
    internal const string Prefix = "kola_";

    // Azure's bound on one request.
    private const int Piece = 4 << 20;
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    /// <summary>The image a file has become, which is made when there is none.</summary>
    /// <returns>Its resource id.</returns>
    internal async Task<string> BringAsync(Image image, Firmware firmware, ResourceTags tags, CancellationToken cancel)
    {
        string name = SharedImage.NameOf(image, firmware == Firmware.Uefi ? "v2" : "v1");
        string path = session.PathOf(session.Options.ImageGroup, "Microsoft.Compute/images", name);
        JsonObject found = await SharedImage.BringAsync(access, $"azure-{name}", c => FindWholeAsync(path, c), c => MakeAsync(image, firmware, path, tags, c), cancel);
        if (SharedImage.IsOld(AzureSession.TagsOf(found), access.Clock))
            await session.Calls.RunAsync("tag an image", Signal.ImageStore, c => session.Arm.PatchAsync(path, AzureSession.Compute, new JsonObject { ["tags"] = AzureSession.TagsFor(SharedImage.Tags(access.Clock)) }, c), cancel);
        return $"/{path}";
    }

    /// <summary>Blobs that are on their way, or were left there.</summary>
    internal async Task<IReadOnlyList<string>> BlobsAsync(CancellationToken cancel)
    {
        var names = new List<string>();
        await session.Calls.RunAsync("list blobs", Signal.Host, async c =>
        {
            await foreach (global::Azure.Storage.Blobs.Models.BlobItem blob in Container().GetBlobsAsync(global::Azure.Storage.Blobs.Models.BlobTraits.None, global::Azure.Storage.Blobs.Models.BlobStates.None, Prefix, c))
                names.Add(blob.Name);
        }, cancel);
        return names;
    }

    /// <summary>Deletes a blob.</summary>
    internal Task DeleteBlobAsync(string name, CancellationToken cancel) =>
        session.Calls.DeleteAsync("delete a blob", Signal.ImageStore, c => Container().GetBlobClient(name).DeleteIfExistsAsync(cancellationToken: c), s_limit, cancel);

    private BlobContainerClient Container()
    {
        Uri url = session.Options.Container!;
        return access.Environment("AZURE_STORAGE_CONNECTION_STRING") is { Length: > 0 } connection ? new BlobContainerClient(connection, url.Segments[^1].Trim('/'))
            // A URL with a signature is its own credential.
            : url.Query.Length > 0 ? new BlobContainerClient(url) : new BlobContainerClient(url, session.Credential);
    }

    private async Task<JsonObject?> FindWholeAsync(string path, CancellationToken cancel)
    {
        try
        {
            JsonObject image = await session.Calls.RunAsync("look for an image", Signal.ImageStore, c => session.Arm.GetAsync(path, AzureSession.Compute, c), cancel);
            return image["properties"]?["provisioningState"]?.ToString() == "Succeeded" ? image : null;
        }
        catch (PlatformException none) when (Refusal.Is(none, RefusalKind.NotFound))
        {
            return null;
        }
    }

    private async Task<JsonObject> MakeAsync(Image image, Firmware firmware, string path, ResourceTags tags, CancellationToken cancel)
    {
        access.Progress.Report($"bringing {image.Name} to azure, {session.Options.Location}");
        var group = new JsonObject { ["location"] = session.Options.Location };
        await session.MakeAsync("make the resource group of images", Signal.ImageStore, session.GroupPath(session.Options.ImageGroup), AzureSession.Groups, group, cancel);
        string passing = $"{TagText.Name(tags)}.vhd";
        string work = SharedImage.MakeWork(access, AzureDriver.PlatformName);
        try
        {
            Uri blob = await UploadAsync(await ConvertAsync(image, work, cancel), passing, cancel);
            var request = new JsonObject
            {
                ["location"] = session.Options.Location,
                ["tags"] = AzureSession.TagsFor(SharedImage.Tags(access.Clock)),
                ["properties"] = new JsonObject
                {
                    ["hyperVGeneration"] = firmware == Firmware.Uefi ? "V2" : "V1",
                    ["storageProfile"] = new JsonObject { ["osDisk"] = new JsonObject { ["osType"] = "Linux", ["osState"] = "Generalized", ["blobUri"] = blob.GetLeftPart(UriPartial.Path), ["caching"] = "ReadWrite" } },
                },
            };
            return await session.MakeAsync("make an image", Signal.ImageStore, path, AzureSession.Compute, request, cancel);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
            await DropAsync(passing);
        }
    }

    // Azure wants a fixed VHD of whole MiB; qemu-img rounds to a disk's geometry else.
    private static async Task<string> ConvertAsync(Image image, string work, CancellationToken cancel)
    {
        string raw = Path.Combine(work, "disk.raw");
        string vhd = Path.Combine(work, "disk.vhd");
        await QemuAsync(["convert", "-f", image.Format, "-O", "raw", image.File, raw], cancel);
        await using (var file = new FileStream(raw, FileMode.Open, FileAccess.Write))
            file.SetLength((file.Length + (1L << 20) - 1) >> 20 << 20);
        await QemuAsync(["convert", "-f", "raw", "-O", "vpc", "-o", "subformat=fixed,force_size=on", raw, vhd], cancel);
        File.Delete(raw);
        return vhd;
    }

    private static async Task QemuAsync(string[] arguments, CancellationToken cancel)
    {
        BufferedCommandResult result = await Cli.Wrap("qemu-img").WithArguments(arguments).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancel);
        if (result.ExitCode != 0)
            throw new PlatformException(Signal.ImageStore, $"azure: the image could not be converted: qemu-img ended with {result.ExitCode}\n  got:     {result.StandardError.Trim()}");
    }

    private async Task<Uri> UploadAsync(string file, string name, CancellationToken cancel)
    {
        PageBlobClient blob = Container().GetPageBlobClient(name);
        await using FileStream content = File.OpenRead(file);
        await session.Calls.RunAsync("make a blob", Signal.ImageStore, c => blob.CreateAsync(content.Length, cancellationToken: c), cancel);
        byte[] piece = new byte[Piece];
        for (long at = 0; at < content.Length; at += piece.Length)
        {
            int length = await content.ReadAtLeastAsync(piece, piece.Length, throwOnEndOfStream: false, cancel);
            // What was never written is zeros there.
            if (!piece.AsSpan(0, length).ContainsAnyExcept((byte)0))
                continue;
            long offset = at;
            await session.Calls.RunAsync("write a blob", Signal.ImageStore, async c =>
            {
                using var pages = new MemoryStream(piece, 0, length, writable: false);
                await blob.UploadPagesAsync(pages, offset, cancellationToken: c);
            }, cancel);
        }

        return blob.Uri;
    }

    private async Task DropAsync(string name)
    {
        using var limit = new CancellationTokenSource(s_limit, access.Clock);
        try
        {
            await DeleteBlobAsync(name, limit.Token);
        }
        catch (Exception fault) when (fault is KolaException or OperationCanceledException)
        {
            access.Progress.Report($"blob {name} could not be deleted and is left to kola gc: {fault.Message.Split('\n')[0]}");
        }
    }
}
