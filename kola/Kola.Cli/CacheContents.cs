using System.ComponentModel;
using CliWrap;
using CliWrap.Buffered;
using Flatcar.Reference;
using Flatcar.Reference.Kubernetes;
using Kola.Qemu;

namespace Kola.Cli;

/// <summary>The cache directory as it is now.</summary>
/// <param name="directory">The cache directory; it need not exist.</param>
/// <param name="time">For waiting.</param>
internal sealed class CacheContents(string directory, TimeProvider time)
{
    private readonly QemuCache _qemu = new(directory, time);

    /// <summary>What is there, each kind the least recently used first.</summary>
    internal async Task<IReadOnlyList<CacheItem>> ListAsync(CancellationToken cancel) =>
    [
        .. (await _qemu.TemplatesAsync(cancel)).Select(ItemOf),
        .. await ReferenceImagesAsync(cancel),
        .. await BuildStepsAsync(cancel),
        .. await DistributionsAsync(cancel),
        .. await UnpackedDistributionsAsync(cancel),
        .. await UnpackedImagesAsync(cancel),
        .. await NotesAsync(cancel),
    ];

    /// <summary>Removes what need not be kept, and tells of each.</summary>
    /// <param name="limit">Bytes templates may take.</param>
    /// <param name="unusedSince">Templates and unpacked images not used since go.</param>
    /// <param name="dryRun">Removes nothing.</param>
    /// <param name="cancel">Ends it between two.</param>
    internal async Task<CacheRemoval> PruneAsync(long limit, DateTimeOffset unusedSince, bool dryRun, CancellationToken cancel)
    {
        IReadOnlyList<CachedTemplate> templates = await _qemu.PruneTemplatesAsync(limit, unusedSince, dryRun, cancel);
        IReadOnlyList<string> stale = await _qemu.StaleDigestsAsync(cancel);
        IEnumerable<CacheItem> others = (await ListAsync(cancel)).Where(item => item.Kind switch
        {
            CacheKind.ReferenceImage or CacheKind.BuildStep or CacheKind.KubernetesDistribution => item.Superseded,
            CacheKind.UnpackedDistribution => item.UsedAt < unusedSince,
            CacheKind.UnpackedImage => !item.Whole || item.UsedAt < unusedSince,
            CacheKind.Note => stale.Contains(item.Path),
            _ => false,
        });
        CacheRemoval removal = await RemoveAsync(others, dryRun, cancel);
        return removal with { Removed = [.. templates.Select(ItemOf), .. removal.Removed] };
    }

    /// <summary>Removes all but what is in use and the history.</summary>
    internal async Task<CacheRemoval> ClearAsync(bool dryRun, CancellationToken cancel)
    {
        IReadOnlyList<CachedTemplate> templates = await _qemu.PruneTemplatesAsync(-1, DateTimeOffset.MaxValue, dryRun, cancel);
        IReadOnlyList<CacheItem> others = [.. (await ListAsync(cancel)).Where(item => item.Kind is not CacheKind.History)];
        CacheRemoval removal = await RemoveAsync(others.Where(item => item.Kind is not CacheKind.Template), dryRun, cancel);
        return removal with
        {
            Removed = [.. templates.Select(ItemOf), .. removal.Removed],
            Left = [.. removal.Left, .. others.Where(item => item.Kind == CacheKind.Template && item.InUse).Select(item => (item, "it is in use"))],
        };
    }

    private async Task<CacheRemoval> RemoveAsync(IEnumerable<CacheItem> items, bool dryRun, CancellationToken cancel)
    {
        var removed = new List<CacheItem>();
        var left = new List<(CacheItem, string)>();
        // No build puts down meanwhile what is taken away here, and none goes on from it.
        using IDisposable? images = Directory.Exists(Path.Combine(directory, "reference-image")) ? ReferenceCache.TryHold(directory) : null;
        using IDisposable? distributions = Directory.Exists(Path.Combine(directory, "kubernetes")) ? KubernetesDistribution.TryHold(directory) : null;
        using IDisposable? archives = Directory.Exists(Path.Combine(directory, "kubernetes-archives")) ? KubernetesDistributionArchive.TryHold(directory) : null;
        foreach (CacheItem item in items)
        {
            cancel.ThrowIfCancellationRequested();
            string? why = item.InUse ? "it is in use"
                : item.Kind is CacheKind.ReferenceImage or CacheKind.BuildStep && images is null ? "an image is being built, or the cache was built by another user"
                : item.Kind is CacheKind.KubernetesDistribution && distributions is null ? "a distribution is being built, or the cache was built by another user"
                : item.Kind is CacheKind.UnpackedDistribution && archives is null ? "a distribution is being unpacked, or the cache was made by another user"
                : dryRun ? null
                : await TryRemoveAsync(item, cancel);
            if (why is null)
                removed.Add(item);
            else
                left.Add((item, why));
        }

        return new CacheRemoval(removed, left);
    }

    // Null when it is gone, else why not. rm and not Directory.Delete: a tree of packages may be another user's, which it says best, and it never goes into a mount.
    private static async Task<string?> TryRemoveAsync(CacheItem item, CancellationToken cancel)
    {
        string? why = null;
        async Task RemoveAsync()
        {
            try
            {
                BufferedCommandResult rm = await CliWrap.Cli.Wrap("rm").WithArguments(["-rf", "--one-file-system", "--", item.Path])
                    .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancel);
                why = rm.ExitCode == 0 ? null : rm.StandardError.Split('\n')[0];
            }
            catch (Win32Exception fault)
            {
                why = fault.Message;
            }
        }

        if (item.Image is null || !File.Exists(item.Image))
            await RemoveAsync();
        else if (!await QemuCache.RemoveImageAsync(item.Image, RemoveAsync))
            return "it is in use";
        return why;
    }

    private static CacheItem ItemOf(CachedTemplate template) => new()
    {
        Kind = CacheKind.Template,
        Name = template.Key[..12],
        What = template.What,
        Path = template.Directory,
        Bytes = template.Bytes,
        MadeAt = template.MadeAt,
        UsedAt = template.UsedAt,
        InUse = template.InUse,
        Whole = template.Whole,
    };

    private async Task<IReadOnlyList<CacheItem>> ReferenceImagesAsync(CancellationToken cancel)
    {
        var items = new List<CacheItem>();
        foreach (string build in ReferenceCache.Images(directory))
        {
            string image = Path.Combine(build, ReferenceImage.ImageName);
            items.Add(await ItemOfAsync(CacheKind.ReferenceImage, build, "the reference image", cancel) with { Image = image, UsedAt = _qemu.ImageUsedAt(image), InUse = IsInUse(image), Superseded = items.Count > 0 });
        }

        return [.. items.AsEnumerable().Reverse()];
    }

    private async Task<IReadOnlyList<CacheItem>> BuildStepsAsync(CancellationToken cancel)
    {
        var items = new List<CacheItem>();
        foreach (IReadOnlyList<string> kind in ReferenceCache.Steps(directory))
        {
            foreach (string step in kind)
                items.Add(await ItemOfAsync(CacheKind.BuildStep, step, Path.GetFileName(Path.GetDirectoryName(step)!) == "init" ? "a compiled init" : "unpacked packages", cancel) with { Superseded = step != kind[0] });
        }

        return items;
    }

    private async Task<IReadOnlyList<CacheItem>> DistributionsAsync(CancellationToken cancel)
    {
        var items = new List<CacheItem>();
        foreach (string built in KubernetesDistribution.All(directory))
        {
            // Whoever uses one holds the file that describes it, as an image is held.
            string manifest = Path.Combine(built, KubernetesDistribution.ManifestName);
            items.Add(await ItemOfAsync(CacheKind.KubernetesDistribution, built, "a Kubernetes distribution", cancel) with { Image = manifest, InUse = IsInUse(manifest), Superseded = items.Count > 0 });
        }

        return [.. items.AsEnumerable().Reverse()];
    }

    private async Task<IReadOnlyList<CacheItem>> UnpackedDistributionsAsync(CancellationToken cancel)
    {
        var items = new List<CacheItem>();
        foreach ((string unpacked, string manifest) in KubernetesDistributionArchive.All(directory))
        {
            CacheItem item = await ItemOfAsync(CacheKind.UnpackedDistribution, unpacked, "an unpacked Kubernetes distribution", cancel);
            items.Add(item with { MadeAt = null, UsedAt = item.MadeAt, Image = manifest, InUse = IsInUse(manifest) });
        }

        return [.. items.AsEnumerable().Reverse()];
    }

    private async Task<IReadOnlyList<CacheItem>> UnpackedImagesAsync(CancellationToken cancel)
    {
        var items = new List<CacheItem>();
        foreach (string image in Files("images"))
        {
            // 0123456789abcdef.img, or .img.1234 while process 1234 unpacks it
            bool whole = Path.GetExtension(image) == ".img";
            CacheItem item = await ItemOfAsync(CacheKind.UnpackedImage, image, whole ? "an unpacked image" : "an image not wholly unpacked", cancel);
            items.Add(item with { Image = image, Whole = whole, UsedAt = _qemu.ImageUsedAt(image) ?? item.MadeAt, InUse = IsInUse(image) });
        }

        return [.. items.OrderBy(i => i.UsedAt)];
    }

    private async Task<IReadOnlyList<CacheItem>> NotesAsync(CancellationToken cancel)
    {
        var items = new List<CacheItem>();
        // The results of all runs lie there by default and are no cache: nothing could make them again.
        foreach (string file in Files("").Where(file => !Path.GetFileName(file).StartsWith(DatabaseOption.FileName, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            bool history = Path.GetFileName(file).StartsWith(HistoryFile.Name, StringComparison.Ordinal);
            items.Add(await ItemOfAsync(history ? CacheKind.History : CacheKind.Note, file, history ? "what earlier runs took" : "a remembered answer", cancel));
        }

        return items;
    }

    private static async Task<CacheItem> ItemOfAsync(CacheKind kind, string path, string what, CancellationToken cancel) => new()
    {
        Kind = kind,
        Name = Path.GetFileName(path),
        What = what,
        Path = path,
        Bytes = await QemuCache.BytesAsync(path, cancel),
        MadeAt = new DateTimeOffset(Directory.GetLastWriteTimeUtc(path), TimeSpan.Zero),
    };

    private static bool IsInUse(string image) => File.Exists(image) && QemuCache.IsImageInUse(image);

    private string[] Files(string below) => Directory.Exists(Path.Combine(directory, below)) ? Directory.GetFiles(Path.Combine(directory, below)) : [];
}

/// <summary>What a removal did.</summary>
/// <param name="Removed">What is gone, or would be.</param>
/// <param name="Left">What should have gone, and why it has not.</param>
internal sealed record CacheRemoval(IReadOnlyList<CacheItem> Removed, IReadOnlyList<(CacheItem Item, string Why)> Left);
