using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Kola.Libvirt.Bindings;
using Kola.Platforms;

namespace Kola.Libvirt;

/// <summary>
/// Files that many machines share, each brought to a host's pool once for its digest: images, kernels, initramfs. libvirt cannot rename a volume, so one that is
/// whole has a second, empty volume beside it that says so. Several runs may bring the same file at once: the first is waited for.
/// </summary>
internal sealed class ImageVolumes(LibvirtHost host, ResourceTags tags, TimeProvider clock, IProgress<string> progress)
{
    /// <summary>What stands for the run in what all runs share.</summary>
    public const string Run = "image";

    /// <summary>What ends the name of a volume with content.</summary>
    public const string Content = "content";

    /// <summary>What ends the name of the volume that says another one is whole.</summary>
    public const string Whole = "whole";

    private static readonly TimeSpan s_kept = TimeSpan.FromDays(30);
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);
    private const int LooksWithoutGrowth = 60;

    private readonly ConcurrentDictionary<string, SemaphoreSlim> _bringing = new();

    /// <summary>Path on the host of a file's content.</summary>
    /// <param name="file">The file here.</param>
    /// <param name="digest">Of its content: <c>sha256:</c> and 64 hex digits.</param>
    /// <param name="cancel">Ends it; nothing half is left.</param>
    /// <exception cref="PlatformException">It could not be brought there: <see cref="Signal.ImageStore"/>.</exception>
    public async Task<string> BringAsync(string file, string digest, CancellationToken cancel)
    {
        // Half of a digest tells apart what a pool will ever hold, and leaves room in a name.
        string key = digest.Replace("sha256:", "", StringComparison.Ordinal)[..32];
        SemaphoreSlim turn = _bringing.GetOrAdd(key, _ => new SemaphoreSlim(1));
        await turn.WaitAsync(cancel);
        try
        {
            return await FindAsync(key, cancel) ?? await UploadAsync(file, key, cancel);
        }
        catch (LibvirtException problem)
        {
            throw Failed(file, problem.Message, problem);
        }
        catch (IOException problem)
        {
            throw Failed(file, problem.Message, problem);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Digest of a file that has none yet.</summary>
    public static async Task<string> DigestAsync(string file, CancellationToken cancel)
    {
        await using FileStream content = File.OpenRead(file);
        return "sha256:" + Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancel));
    }

    // KEY-NONCE.content and KEY-NONCE.whole; a nonce keeps two that are brought at once apart.
    private async Task<string?> FindAsync(string key, CancellationToken cancel)
    {
        string waitedFor = "";
        long grown = -1;
        for (int quiet = 0; quiet < LooksWithoutGrowth; quiet++)
        {
            (string? whole, string? coming, long bytes) = await Task.Run(() => Look(key), cancel);
            if (whole is not null || coming is null)
                return whole;
            if (waitedFor.Length == 0)
                progress.Report($"{HostUri.Shown(host.Uri)}: another run is bringing the image there");
            if (waitedFor != coming || bytes != grown)
                quiet = 0;
            (waitedFor, grown) = (coming, bytes);
            await Task.Delay(s_look, clock, cancel);
        }

        // Whoever began it is gone, without having been able to say so.
        return null;
    }

    private (string? Whole, string? Coming, long Bytes) Look(string key)
    {
        IReadOnlyList<StorageVolume> volumes = host.Pool.Volumes;
        try
        {
            (StorageVolume Volume, ResourceTags Tags, string Ending)[] ours = [.. volumes.Select(v => (v, VolumeName.Read(v.Name))).Where(v => v.Item2 is not null)
                .Select(v => (v.v, v.Item2!.Value.Tags, v.Item2.Value.Ending)).Where(v => v.Ending.StartsWith($"{key}-", StringComparison.Ordinal)).OrderBy(v => v.Ending, StringComparer.Ordinal)];
            var whole = ours.Where(v => v.Ending.EndsWith(Whole, StringComparison.Ordinal)).Select(v => Path.ChangeExtension(v.Ending, Content)).ToHashSet();
            foreach ((StorageVolume volume, _, string ending) in ours)
            {
                if (whole.Contains(ending))
                    return (volume.Path, null, 0);
            }

            (StorageVolume Volume, ResourceTags Tags, string Ending) coming = ours.FirstOrDefault(v => v.Ending.EndsWith(Content, StringComparison.Ordinal) && !v.Tags.IsOver(clock.GetUtcNow()));
            return (null, coming.Volume?.Name, coming.Volume?.Size.Allocation ?? 0);
        }
        finally
        {
            foreach (StorageVolume volume in volumes)
                volume.Dispose();
        }
    }

    private async Task<string> UploadAsync(string file, string key, CancellationToken cancel)
    {
        string nonce = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        ResourceTags image = tags with { Run = Run };
        string name = VolumeName.Of(image, $"{key}-{nonce}.{Content}");
        long bytes = new FileInfo(file).Length;
        progress.Report(string.Create(CultureInfo.InvariantCulture, $"{HostUri.Shown(host.Uri)}: bringing {Path.GetFileName(file)} there ({bytes >> 20} MiB, less its holes)"));
        using StorageVolume volume = await Task.Run(() => host.Pool.CreateVolume(VolumeName.Xml(name, bytes, "raw")), cancel);
        try
        {
            await Task.Run(() => volume.Upload(host.Connection, file, cancel), CancellationToken.None);
            string whole = VolumeName.Of(image with { Expires = clock.GetUtcNow() + s_kept, MadeBy = null }, $"{key}-{nonce}.{Whole}");
            return await Task.Run(() =>
            {
                host.Pool.CreateVolume(VolumeName.Xml(whole, 0, "raw")).Dispose();
                return volume.Path;
            }, CancellationToken.None);
        }
        catch
        {
            await Task.Run(() => TryDelete(volume), CancellationToken.None);
            throw;
        }
    }

    private static void TryDelete(StorageVolume volume)
    {
        try
        {
            volume.Delete();
        }
        catch (LibvirtException)
        {
            // Its name says whose it is: `kola gc` takes it away.
        }
    }

    private PlatformException Failed(string file, string why, Exception cause) =>
        new(Signal.ImageStore, $"libvirt: {Path.GetFileName(file)} could not be brought to the pool of {HostUri.Shown(host.Uri)}\n  got:     {why}", cause);
}
