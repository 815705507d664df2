using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Kola.Libvirt.Bindings;
using Kola.Platforms;

namespace Kola.Libvirt;

/// <summary>
/// Files that many machines share, each brought to a host's pool once for its digest: images, kernels, initramfs. libvirt cannot rename a volume, so one that is
/// whole has a second, empty volume beside it that says so, and until when it is kept: thirty days after it was last used. Several runs may bring the same file at once: the first is waited for.
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
    private static readonly TimeSpan s_renewed = TimeSpan.FromDays(1);
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(0.5);
    private const int LooksWithoutGrowth = 60;

    private readonly ConcurrentDictionary<string, SemaphoreSlim> _bringing = new();
    private readonly ConcurrentDictionary<string, bool> _givenUp = new();

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
            string? path;
            do
            {
                path = await FindAsync(key, cancel) ?? await UploadAsync(file, key, cancel);
            }
            while (path is null);
            return path;
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
        _givenUp[waitedFor] = true;
        return null;
    }

    // Another run may take a volume away between the list of them and the look at it.
    private (string? Whole, string? Coming, long Bytes) Look(string key)
    {
        for (int again = 0; ; again++)
        {
            try
            {
                return LookOnce(key);
            }
            catch (LibvirtException gone) when (gone.Code == ErrorCode.NoStorageVolume && again < LooksWithoutGrowth)
            {
            }
        }
    }

    private (string? Whole, string? Coming, long Bytes) LookOnce(string key)
    {
        IReadOnlyList<StorageVolume> volumes = host.Pool.Volumes;
        try
        {
            (StorageVolume Volume, ResourceTags Tags, string Ending)[] ours = [.. volumes.Select(v => (v, VolumeName.Read(v.Name))).Where(v => v.Item2 is not null)
                .Select(v => (v.v, v.Item2!.Value.Tags, v.Item2.Value.Ending)).Where(v => v.Ending.StartsWith($"{key}-", StringComparison.Ordinal)).OrderBy(v => v.Ending, StringComparer.Ordinal)];
            DateTimeOffset now = clock.GetUtcNow();
            ILookup<string, (StorageVolume Volume, ResourceTags Tags, string Ending)> whole = ours.Where(v => v.Ending.EndsWith(Whole, StringComparison.Ordinal)).ToLookup(v => Path.ChangeExtension(v.Ending, Content));
            foreach ((StorageVolume volume, _, string ending) in ours.Where(v => whole.Contains(v.Ending)))
            {
                Keep(now, [.. whole[ending]]);
                return (volume.Path, null, 0);
            }

            (StorageVolume Volume, ResourceTags Tags, string Ending) coming = ours.FirstOrDefault(v => v.Ending.EndsWith(Content, StringComparison.Ordinal) && !v.Tags.IsOver(now) && !_givenUp.ContainsKey(v.Volume.Name) && !whole.Contains(v.Ending));
            return (null, coming.Volume?.Name, coming.Volume?.Size.Allocation ?? 0);
        }
        finally
        {
            foreach (StorageVolume volume in volumes)
                volume.Dispose();
        }
    }

    /// <summary>Brings it there; null when another run began a moment before.</summary>
    private async Task<string?> UploadAsync(string file, string key, CancellationToken cancel)
    {
        string nonce = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        ResourceTags image = tags with { Run = Run };
        string name = VolumeName.Of(image, $"{key}-{nonce}.{Content}");
        long bytes = new FileInfo(file).Length;
        using StorageVolume volume = await Task.Run(() => host.Pool.CreateVolume(VolumeName.Xml(name, bytes, "raw")), cancel);
        try
        {
            // Who looked before this one was made has made another by now; of those, the first by name goes on.
            await Task.Delay(s_settle, clock, cancel);
            if ((await Task.Run(() => Look(key), cancel)).Coming != name)
            {
                await Task.Run(volume.Delete, CancellationToken.None);
                return null;
            }

            progress.Report(string.Create(CultureInfo.InvariantCulture, $"{HostUri.Shown(host.Uri)}: bringing {Path.GetFileName(file)} there ({bytes >> 20} MiB, less its holes)"));
            await Task.Run(() => volume.Upload(host.Connection, file, cancel), CancellationToken.None);
            return await Task.Run(() =>
            {
                Say($"{key}-{nonce}.{Whole}", clock.GetUtcNow() + s_kept);
                return volume.Path;
            }, CancellationToken.None);
        }
        catch
        {
            await Task.Run(() => TryDelete(volume), CancellationToken.None);
            throw;
        }
    }

    private void Say(string whole, DateTimeOffset expires) =>
        host.Pool.CreateVolume(VolumeName.Xml(VolumeName.Of(tags with { Run = Run, Expires = expires, MadeBy = null }, whole), 0, "raw")).Dispose();

    // Once a day is enough. Of two runs that do it at once, both may.
    private void Keep(DateTimeOffset now, (StorageVolume Volume, ResourceTags Tags, string Ending)[] said)
    {
        if (said.Any(s => s.Tags.Expires > now + s_kept - s_renewed))
            return;
        Say(said[0].Ending, now + s_kept);
        foreach ((StorageVolume old, _, _) in said)
            TryDelete(old);
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
