using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Amazon.EC2;
using Amazon.EC2.Model;
using Kola.Platforms;

namespace Kola.Aws;

/// <summary>
/// Images in a region. One is brought there once for each digest and boot mode: a snapshot is written block by block, and an AMI registered on it. What is whole
/// carries the tags of an image, which all runs share; a snapshot that is on its way carries its run's, and is never used by another.
/// </summary>
internal sealed class AwsImages(AwsConnection aws, PlatformAccess access)
{
    /// <summary>Tag with the digest of what is in an AMI or a snapshot.</summary>
    internal const string DigestTag = "kola-image";

    /// <summary>Run whose resources images are.</summary>
    internal const string SharedRun = "image";

    /// <summary>How long an image stays when nobody uses it.</summary>
    internal static TimeSpan Kept { get; } = TimeSpan.FromDays(30);

    private const string RootDevice = "/dev/xvda";
    private const int AtOnce = 24;
    private static readonly TimeSpan s_whole = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(10);

    /// <summary>An AMI by its id.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    internal async Task<Amazon.EC2.Model.Image> FindAsync(string ami, CancellationToken cancel)
    {
        try
        {
            DescribeImagesResponse found = await DescribeAsync(new DescribeImagesRequest { ImageIds = [ami] }, cancel);
            return found.Images is [var only, ..] ? only : throw Unknown(ami);
        }
        catch (PlatformException fault) when (AwsFault.IsNotFound(fault) || AwsFault.CodeOf(fault) == "InvalidAMIID.Malformed")
        {
            throw Unknown(ami);
        }
    }

    /// <summary>The AMI an image's file has become, which is made when there is none.</summary>
    /// <param name="image">The image, a file.</param>
    /// <param name="bootMode">As EC2 names it.</param>
    /// <param name="tags">What is made carries until it is whole.</param>
    /// <param name="cancel">Ends it; nothing is left then but what is whole.</param>
    internal async Task<Amazon.EC2.Model.Image> BringAsync(Image image, string bootMode, ResourceTags tags, CancellationToken cancel)
    {
        string name = $"kola-{image.Digest["sha256:".Length..][..24]}-{bootMode}";
        // Two runs on this host bring one image once; from two hosts both may, and the later one takes the earlier one's.
        await using FileStream turn = await TurnAsync(Path.Combine(access.CacheDirectory, $"aws-{aws.Options.Region}-{name}.lock"), cancel);
        if (await FindWholeAsync(name, cancel) is { } there)
            return await RenewAsync(there, cancel);
        string snapshot = await FindSnapshotAsync(image, cancel) ?? await WriteAsync(image, tags, cancel);
        return await RegisterAsync(image, name, bootMode, snapshot, cancel);
    }

    private async Task<Amazon.EC2.Model.Image?> FindWholeAsync(string name, CancellationToken cancel)
    {
        DescribeImagesResponse found = await DescribeAsync(new DescribeImagesRequest { Owners = ["self"], Filters = [new Filter("name", [name])] }, cancel);
        return found.Images?.FirstOrDefault(i => i.State == ImageState.Available || i.State == ImageState.Pending);
    }

    private async Task<string?> FindSnapshotAsync(Image image, CancellationToken cancel)
    {
        DescribeSnapshotsResponse found = await aws.Calls.RunAsync("look for snapshots", Signal.ImageStore, c => aws.Ec2.DescribeSnapshotsAsync(new DescribeSnapshotsRequest
        {
            OwnerIds = ["self"],
            Filters = [new Filter($"tag:{DigestTag}", [image.Digest]), new Filter($"tag:{ResourceTags.RunTag}", [SharedRun]), new Filter("status", ["completed"])],
        }, c), cancel);
        return found.Snapshots?.FirstOrDefault()?.SnapshotId;
    }

    private async Task<string> WriteAsync(Image image, ResourceTags tags, CancellationToken cancel)
    {
        using DiskBlocks blocks = await DiskBlocks.OpenAsync(image, access.CacheDirectory, cancel);
        access.Progress.Report(string.Create(CultureInfo.InvariantCulture, $"bringing {image.Name} to {aws.Options.Region}, a disk of {blocks.Gibibytes} GiB"));
        (string, string)[] all = [.. tags.ToPairs().Select(p => (p.Key, p.Value)), (DigestTag, image.Digest), ("Name", $"kola {image.Name}")];
        string snapshot = await EbsAsync("begin a snapshot", c => aws.Ebs.StartAsync(blocks.Gibibytes, $"kola {image.Name} {image.Digest}", all, c), cancel);
        try
        {
            var digests = new ConcurrentDictionary<int, byte[]>();
            await Parallel.ForEachAsync(blocks.Read(), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel }, async (block, token) =>
            {
                byte[] digest = SHA256.HashData(block.Block);
                digests[block.Index] = digest;
                await EbsAsync("write a snapshot", async c =>
                {
                    await aws.Ebs.PutAsync(snapshot, block.Index, block.Block, digest, c);
                    return true;
                }, token);
            });
            byte[] whole = SHA256.HashData(digests.OrderBy(d => d.Key).SelectMany(d => d.Value).ToArray());
            await EbsAsync("complete a snapshot", async c =>
            {
                await aws.Ebs.CompleteAsync(snapshot, digests.Count, whole, c);
                return true;
            }, cancel);
            await WholeAsync(snapshot, cancel);
            await ShareAsync([snapshot], cancel);
            access.Progress.Report(string.Create(CultureInfo.InvariantCulture, $"{image.Name} is {snapshot}: {(long)digests.Count * EbsDirect.BlockBytes >> 20} MiB were written"));
            return snapshot;
        }
        catch
        {
            await DeleteAsync(snapshot);
            throw;
        }
    }

    private async Task WholeAsync(string snapshot, CancellationToken cancel)
    {
        (bool held, Snapshot? last) = await aws.Calls.UntilAsync(
            async token => (await aws.Calls.RunAsync("look at a snapshot", Signal.ImageStore, c => aws.Ec2.DescribeSnapshotsAsync(new DescribeSnapshotsRequest { SnapshotIds = [snapshot] }, c), token)).Snapshots?.FirstOrDefault(),
            s => s?.State == SnapshotState.Completed || s?.State == SnapshotState.Error, s_whole, s_pause, cancel);
        if (!held || last?.State != SnapshotState.Completed)
            throw new PlatformException(Signal.ImageStore, string.Create(CultureInfo.InvariantCulture, $"aws: {snapshot} did not become whole\n  wanted:  state completed within {s_whole.TotalMinutes:0} min\n  got:     {last?.State ?? "nothing"} {last?.StateMessage}"));
    }

    private async Task<Amazon.EC2.Model.Image> RegisterAsync(Image image, string name, string bootMode, string snapshot, CancellationToken cancel)
    {
        var request = new RegisterImageRequest
        {
            Name = name,
            Description = $"kola {image.Name} {image.Digest}",
            Architecture = image.Architecture == "arm64" ? ArchitectureValues.Arm64 : ArchitectureValues.X86_64,
            VirtualizationType = "hvm",
            EnaSupport = true,
            BootMode = new BootModeValues(bootMode),
            ImdsSupport = ImdsSupportValues.V20,
            RootDeviceName = RootDevice,
            BlockDeviceMappings = [new BlockDeviceMapping { DeviceName = RootDevice, Ebs = new EbsBlockDevice { SnapshotId = snapshot, VolumeType = VolumeType.Gp3, DeleteOnTermination = true } }],
            TagSpecifications = [AwsConnection.TagsOf(ResourceType.Image, SharedTags(), (DigestTag, image.Digest))],
        };
        try
        {
            await aws.Calls.RunAsync("register an image", Signal.ImageStore, c => aws.Ec2.RegisterImageAsync(request, c), cancel);
        }
        catch (PlatformException fault) when (AwsFault.CodeOf(fault) == "InvalidAMIName.Duplicate")
        {
            // Another host was faster, with a snapshot of its own; ours has no use.
            if (await FindWholeAsync(name, cancel) is { } theirs && !SnapshotsOf(theirs).Contains(snapshot))
                await DeleteAsync(snapshot);
        }

        (bool held, Amazon.EC2.Model.Image? ami) = await aws.Calls.UntilAsync(token => FindWholeAsync(name, token), i => i?.State == ImageState.Available, s_whole, s_pause, cancel);
        return held ? ami! : throw new PlatformException(Signal.ImageStore, $"aws: the image {name} did not become available\n  got:     {ami?.State?.Value ?? "nothing"} {ami?.StateReason?.Message}");
    }

    // Whoever uses an image has it kept for longer. A host that was killed in the middle may have left its snapshot with the tags of a run.
    private async Task<Amazon.EC2.Model.Image> RenewAsync(Amazon.EC2.Model.Image ami, CancellationToken cancel)
    {
        ResourceTags? tags = AwsConnection.TagsIn(ami.Tags);
        if (tags is null || tags.Expires - access.Clock.GetUtcNow() < Kept / 2)
            await ShareAsync([ami.ImageId, .. SnapshotsOf(ami)], cancel);
        return ami;
    }

    private static IEnumerable<string> SnapshotsOf(Amazon.EC2.Model.Image ami) =>
        (ami.BlockDeviceMappings ?? []).Select(m => m.Ebs?.SnapshotId).OfType<string>();

    private ResourceTags SharedTags() => new() { Run = SharedRun, Owner = "kola", Expires = access.Clock.GetUtcNow() + Kept };

    private async Task ShareAsync(List<string> resources, CancellationToken cancel)
    {
        await aws.Calls.RunAsync("tag an image", Signal.ImageStore, c => aws.Ec2.CreateTagsAsync(new CreateTagsRequest(resources, AwsConnection.TagsOf(SharedTags())), c), cancel);
        await aws.Calls.RunAsync("tag an image", Signal.ImageStore, c => aws.Ec2.DeleteTagsAsync(new DeleteTagsRequest(resources) { Tags = [new Tag(ResourceTags.MakerTag)] }, c), cancel);
    }

    private async Task DeleteAsync(string snapshot)
    {
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60), access.Clock);
            await aws.Calls.RunAsync("delete a snapshot", Signal.ImageStore, c => aws.Ec2.DeleteSnapshotAsync(new DeleteSnapshotRequest(snapshot), c), limit.Token);
        }
        catch (Exception fault) when (fault is KolaException or OperationCanceledException)
        {
            access.Progress.Report($"{snapshot} could not be deleted and is left to kola gc: {fault.Message.Split('\n')[0]}");
        }
    }

    private Task<DescribeImagesResponse> DescribeAsync(DescribeImagesRequest request, CancellationToken cancel) =>
        aws.Calls.RunAsync("look for images", Signal.ImageStore, c => aws.Ec2.DescribeImagesAsync(request, c), cancel);

    private Task<T> EbsAsync<T>(string what, Func<CancellationToken, Task<T>> call, CancellationToken cancel) => aws.Calls.RunAsync(what, Signal.ImageStore, call, cancel);

    private async Task<FileStream> TurnAsync(string file, CancellationToken cancel)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        while (true)
        {
            try
            {
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(500), access.Clock, cancel);
            }
        }
    }

    private UsageException Unknown(string ami) =>
        new($"--aws-ami {ami}: there is no such image in {aws.Options.Region}\n  wanted:  the id of an image these credentials may use\n  next:    look at --aws-region");
}
