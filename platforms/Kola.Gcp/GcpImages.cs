using System.Text.Json.Nodes;
using CliWrap;
using CliWrap.Buffered;
using Kola.Clouds;
using Kola.Platforms;

namespace Kola.Gcp;

/// <summary>
/// Images of a project. One is brought there once for each digest: a raw disk, packed as Compute Engine wants it, goes through a bucket. The object in the bucket carries its run's tags in its name and
/// goes when the image is made.
/// </summary>
internal sealed class GcpImages(GcpSession session, PlatformAccess access)
{
    /// <summary>What objects in the bucket begin with.</summary>
    internal const string Prefix = "kola_";

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    private string Project => session.Options.Project;

    /// <summary>An image by its path: <c>projects/P/global/images/NAME</c> or <c>…/images/family/FAMILY</c>.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    internal async Task<Resource> FindAsync(string path, CancellationToken cancel)
    {
        string[] parts = path.Split('/');
        try
        {
            return await session.Calls.RunAsync("look at an image", Signal.ImageStore, c => parts is [_, _, _, _, "family", var family] ? session.Compute.ImageOfFamilyAsync(parts[1], family, c) : session.Compute.ImageAsync(parts[1], parts[4], c), cancel);
        }
        catch (PlatformException none) when (Refusal.Is(none, RefusalKind.NotFound))
        {
            throw new UsageException($"--gcp-image {path}: there is no such image\n  wanted:  one of gcloud compute images list", none);
        }
    }

    /// <summary>The image a file has become, which is made when there is none.</summary>
    internal async Task<string> BringAsync(Image image, ResourceTags tags, CancellationToken cancel)
    {
        string name = SharedImage.NameOf(image, "");
        Resource found = await SharedImage.BringAsync(access, $"gcp-{Project}-{name}", c => FindWholeAsync(name, c), c => MakeAsync(image, name, tags, c), cancel);
        if (SharedImage.IsOld(ResourceTags.Of(found.Labels ?? new Dictionary<string, string>()), access.Clock))
        {
            var labels = new JsonObject { ["labels"] = Labels(SharedImage.Tags(access.Clock)), ["labelFingerprint"] = found.LabelFingerprint };
            await session.GlobalAsync("label an image", Signal.ImageStore, c => session.Compute.LabelImageAsync(Project, name, labels, c), cancel);
        }

        return $"projects/{Project}/global/images/{name}";
    }

    /// <summary>Tags as labels.</summary>
    internal static JsonObject Labels(ResourceTags tags)
    {
        var labels = new JsonObject();
        foreach ((string key, string value) in tags.ToPairs())
            labels[key] = value;
        return labels;
    }

    /// <summary>Deletes an object of the bucket.</summary>
    internal Task DeleteObjectAsync(string bucket, string name, CancellationToken cancel) =>
        session.Calls.DeleteAsync("delete an object", Signal.ImageStore, c => session.Storage.DeleteObjectAsync(bucket, name, c), s_limit, cancel);

    private async Task<Resource?> FindWholeAsync(string name, CancellationToken cancel)
    {
        try
        {
            Resource image = await session.Calls.RunAsync("look for an image", Signal.ImageStore, c => session.Compute.ImageAsync(Project, name, c), cancel);
            return image.Status == "READY" ? image : null;
        }
        catch (PlatformException none) when (Refusal.Is(none, RefusalKind.NotFound))
        {
            return null;
        }
    }

    private async Task<Resource> MakeAsync(Image image, string name, ResourceTags tags, CancellationToken cancel)
    {
        access.Progress.Report($"bringing {image.Name} to gcp, project {Project}");
        string bucket = session.Options.Bucket!;
        string passing = $"{TagText.Name(tags)}.tar.gz";
        string work = SharedImage.MakeWork(access, GcpDriver.PlatformName);
        try
        {
            string packed = await PackAsync(image, work, cancel);
            await using (FileStream content = File.OpenRead(packed))
                await session.Calls.RunAsync("upload an image", Signal.ImageStore, c => session.Storage.UploadAsync(bucket, "media", passing, content, c), cancel);
            var request = new JsonObject
            {
                ["name"] = name,
                ["description"] = $"kola {image.Name} {image.Digest}",
                ["labels"] = Labels(SharedImage.Tags(access.Clock)),
                ["architecture"] = image.Architecture == "arm64" ? "ARM64" : "X86_64",
                ["guestOsFeatures"] = new JsonArray(new JsonObject { ["type"] = "UEFI_COMPATIBLE" }, new JsonObject { ["type"] = "VIRTIO_SCSI_MULTIQUEUE" }, new JsonObject { ["type"] = "GVNIC" }),
                ["rawDisk"] = new JsonObject { ["source"] = $"https://storage.googleapis.com/{bucket}/{passing}" },
            };
            try
            {
                await session.GlobalAsync("make an image", Signal.ImageStore, c => session.Compute.InsertImageAsync(Project, request, c), cancel);
            }
            catch (PlatformException there) when (Refusal.Is(there, RefusalKind.Conflict))
            {
                // Another host was faster; its image is as good.
            }

            return await session.Calls.RunAsync("look at an image", Signal.ImageStore, c => session.Compute.ImageAsync(Project, name, c), cancel);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
            await DropAsync(bucket, passing);
        }
    }

    // A tar of the old GNU kind with one file, disk.raw, of whole GiB.
    private static async Task<string> PackAsync(Image image, string work, CancellationToken cancel)
    {
        string raw = Path.Combine(work, "disk.raw");
        string packed = Path.Combine(work, "disk.tar.gz");
        await RunAsync("qemu-img", ["convert", "-f", image.Format, "-O", "raw", image.File, raw], work, cancel);
        await using (var file = new FileStream(raw, FileMode.Open, FileAccess.Write))
            file.SetLength((file.Length + (1L << 30) - 1) >> 30 << 30);
        await RunAsync("tar", ["--format=oldgnu", "-Sczf", packed, "disk.raw"], work, cancel);
        return packed;
    }

    private static async Task RunAsync(string program, string[] arguments, string directory, CancellationToken cancel)
    {
        BufferedCommandResult result = await Cli.Wrap(program).WithArguments(arguments).WithWorkingDirectory(directory).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancel);
        if (result.ExitCode != 0)
            throw new PlatformException(Signal.ImageStore, $"gcp: the image could not be packed: {program} ended with {result.ExitCode}\n  got:     {result.StandardError.Trim()}");
    }

    private async Task DropAsync(string bucket, string name)
    {
        using var limit = new CancellationTokenSource(s_limit, access.Clock);
        try
        {
            await DeleteObjectAsync(bucket, name, limit.Token);
        }
        catch (Exception fault) when (fault is KolaException or OperationCanceledException)
        {
            access.Progress.Report($"{name} in bucket {bucket} could not be deleted and is left to kola gc: {fault.Message.Split('\n')[0]}");
        }
    }
}
