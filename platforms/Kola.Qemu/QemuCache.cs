namespace Kola.Qemu;

/// <summary>What machines under QEMU leave in the cache directory between runs, for who looks at it and clears it up.</summary>
/// <param name="directory">The cache directory; it need not exist.</param>
/// <param name="clock">For waiting, and for when something was used.</param>
public sealed class QemuCache(string directory, TimeProvider clock)
{
    /// <summary>Room templates may take together unless options say otherwise, bytes.</summary>
    public static long DefaultLimit { get; } = (long)new QemuOptions { CacheDirectory = "/" }.TemplatesMiB << 20;

    private readonly TemplateStore _templates = new(Path.Combine(directory, TemplateStore.DirectoryName), DefaultLimit, clock);

    /// <summary>All templates, least recently used first, those that are not whole included.</summary>
    /// <exception cref="UsageException">The host has no <c>du</c>.</exception>
    public async Task<IReadOnlyList<CachedTemplate>> TemplatesAsync(CancellationToken cancel) => [.. (await _templates.ListAsync(cancel)).Select(Told)];

    /// <summary>
    /// Removes templates that are not whole, then those not used for long, then the least recently used until all together are within a
    /// limit. One that a running kola uses or makes stays.
    /// </summary>
    /// <param name="limit">Bytes on disk.</param>
    /// <param name="unusedSince">Those not used since then go.</param>
    /// <param name="dryRun">Removes nothing.</param>
    /// <param name="cancel">Ends it between two.</param>
    /// <returns>What went.</returns>
    public async Task<IReadOnlyList<CachedTemplate>> PruneTemplatesAsync(long limit, DateTimeOffset unusedSince, bool dryRun, CancellationToken cancel)
    {
        var pruning = new TemplatePruning { Limit = limit, UnusedSince = unusedSince.UtcDateTime, DryRun = dryRun };
        return [.. (await _templates.PruneAsync(pruning, cancel)).Select(t => Told(t) with { InUse = false })];
    }

    /// <summary>Bytes a file or directory takes on disk, holes not counted; 0 for what is not there.</summary>
    /// <exception cref="UsageException">The host has no <c>du</c>.</exception>
    public static async Task<long> BytesAsync(string path, CancellationToken cancel) => (await DiskUse.OfAsync([path], cancel)).GetValueOrDefault(path);

    /// <summary>Whether a running kola boots machines from an image, or unpacks it.</summary>
    public static bool IsImageInUse(string image)
    {
        using FileStream? alone = ImageHold.TryTakeAlone(image);
        return alone is null;
    }

    /// <summary>Removes something while the image in it, or which it is, is used by nobody.</summary>
    /// <param name="image">The image.</param>
    /// <param name="remove">Removes it.</param>
    /// <returns>False when the image is in use; nothing was done then.</returns>
    public static async Task<bool> RemoveImageAsync(string image, Func<Task> remove)
    {
        await using FileStream? alone = ImageHold.TryTakeAlone(image);
        if (alone is null)
            return false;
        await remove();
        return true;
    }

    /// <summary>When machines were booted from an image last; null when that was not noted.</summary>
    public DateTimeOffset? ImageUsedAt(string image) =>
        ImageDigest.FileFor(image, directory) is var note && File.Exists(note) ? new DateTimeOffset(File.GetLastWriteTimeUtc(note), TimeSpan.Zero) : null;

    /// <summary>Remembered digests of files that are not there any more.</summary>
    public async Task<IReadOnlyList<string>> StaleDigestsAsync(CancellationToken cancel)
    {
        var stale = new List<string>();
        foreach (string note in Directory.Exists(directory) ? Directory.GetFiles(directory, "digest-*.json") : [])
        {
            if (!File.Exists(await ImageDigest.SubjectAsync(note, cancel)))
                stale.Add(note);
        }

        return stale;
    }

    private CachedTemplate Told(StoredTemplate template) => new()
    {
        Key = template.Key,
        What = template.Manifest?.What ?? "",
        Directory = template.Directory,
        Bytes = template.Bytes,
        MadeAt = template.Manifest?.Facts.MadeAt,
        UsedAt = new DateTimeOffset(template.Used, TimeSpan.Zero),
        InUse = _templates.IsInUse(template.Key),
        Whole = template.Manifest is not null,
    };
}

/// <summary>A template in the cache.</summary>
public sealed record CachedTemplate
{
    /// <summary>Content address, 64 hex digits.</summary>
    public required string Key { get; init; }

    /// <summary>In words: image, memory, CPUs, disks.</summary>
    public required string What { get; init; }

    /// <summary>Its directory.</summary>
    public required string Directory { get; init; }

    /// <summary>Bytes on disk, holes not counted.</summary>
    public required long Bytes { get; init; }

    /// <summary>When it was frozen; null when it is not whole.</summary>
    public required DateTimeOffset? MadeAt { get; init; }

    /// <summary>When a copy was made of it last.</summary>
    public required DateTimeOffset UsedAt { get; init; }

    /// <summary>Whether a running kola uses it, or makes it.</summary>
    public required bool InUse { get; init; }

    /// <summary>False for one in the making, left over by a killed kola, or distrusted.</summary>
    public required bool Whole { get; init; }
}
