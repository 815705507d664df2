namespace Kola.Qemu;

/// <summary>
/// Templates on disk: <c>KEY/</c> for a whole one, <c>KEY.new/</c> for one in the making, <c>KEY.lock</c> for who may do what,
/// <c>prune.lock</c> for who makes room. Many may hold a template; who makes or removes one is alone. A lock ends with its process, so what a
/// killed one left is found without a lock and removed by the next.
/// </summary>
internal sealed class TemplateStore(string root, long limitBytes, TimeProvider clock)
{
    /// <summary>Their directory in the cache directory.</summary>
    public const string DirectoryName = "templates";

    // EWOULDBLOCK of flock(2). Any other fault, too many open files say, is no sign that somebody has it.
    private const int HeldByAnother = 11;

    // What somebody holds alone to look at it is free again by then; copies of a distrusted one may run for an hour.
    private const int KnocksAtADistrusted = 20;

    private static readonly TimeSpan s_knock = TimeSpan.FromMilliseconds(50);

    /// <summary>Where templates are.</summary>
    public string Root => root;

    /// <summary>The directory of a whole template.</summary>
    public string DirectoryOf(string key) => Path.Combine(root, key);

    /// <summary>The directory of one in the making.</summary>
    public string DraftOf(string key) => Path.Combine(root, key + ".new");

    /// <summary>Holds a whole template against removal, and notes that it was used; null when there is none.</summary>
    public async Task<(FileStream Lock, TemplateManifest Manifest)?> FindAsync(string key, CancellationToken cancel)
    {
        // Who has it alone removes it, or has just made it, or looks whether it may be removed: soon there is no template, or no such one.
        while (Directory.Exists(DirectoryOf(key)))
        {
            if (TryLock(key, alone: false) is { } held)
            {
                if (WholeManifest(key) is { } manifest)
                {
                    NoteUse(key);
                    return (held, manifest);
                }

                await held.DisposeAsync();
                return null;
            }

            await Task.Delay(s_knock, clock, cancel);
        }

        return null;
    }

    /// <summary>The right to make a template, alone on this host; waits while another process makes it.</summary>
    /// <returns>Null when it has been made meanwhile.</returns>
    /// <exception cref="PlatformException">The directory cannot be used, or copies of one that is distrusted still run.</exception>
    public async Task<FileStream?> BeginAsync(string key, CancellationToken cancel)
    {
        try
        {
            Directory.CreateDirectory(root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            for (int distrusted = 0; ;)
            {
                if (TryLock(key, alone: true) is { } held)
                    return TryClear(key, held);
                if (TryLock(key, alone: false) is { } glance)
                {
                    await glance.DisposeAsync();
                    if (WholeManifest(key) is not null)
                        return null;
                    // Its files are under machines that run: nothing may be made in their place.
                    if (++distrusted == KnocksAtADistrusted)
                        throw new PlatformException(Signal.Template, $"template {key[..12]} was found to be no good, and copies of it still run\n  wanted:  to make it anew\n  next:    wait for the kola that runs them, or run with --cold");
                }

                await Task.Delay(s_knock, clock, cancel);
            }
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new PlatformException(Signal.Template, $"templates: {root} cannot be used: {problem.Message}\n  wanted:  a directory to keep templates in\n  next:    make room there, or run with --cold", problem);
        }
    }

    /// <summary>Makes a draft a template. Its manifest is written, its files are on disk.</summary>
    public async Task PublishAsync(string key, CancellationToken cancel)
    {
        Directory.Move(DraftOf(key), DirectoryOf(key));
        await PruneAsync(new TemplatePruning { Limit = limitBytes, Except = key }, cancel);
    }

    /// <summary>Takes away what says that a template is whole: it did not do, and the next who needs it makes it anew.</summary>
    public void Distrust(string key)
    {
        try
        {
            File.Delete(TemplateManifest.FileIn(DirectoryOf(key)));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // It is gone, or it stays: the caller has a better story to tell.
        }
    }

    /// <summary>Whether anybody uses, makes or removes it.</summary>
    public bool IsInUse(string key)
    {
        using FileStream? held = TryLock(key, alone: true);
        return held is null;
    }

    /// <summary>All templates, least recently used first.</summary>
    public async Task<IReadOnlyList<StoredTemplate>> ListAsync(CancellationToken cancel)
    {
        string[] directories = Directory.Exists(root) ? Directory.GetDirectories(root) : [];
        IReadOnlyDictionary<string, long> bytes = await DiskUse.OfAsync(directories, cancel);
        return [.. bytes.Select(d => Describe(d.Key, d.Value)).OrderBy(t => t.Used)];
    }

    /// <summary>
    /// Removes what is not whole, then what was not used for long, then the least recently used, until all together are within a limit. What
    /// is in use stays.
    /// </summary>
    /// <param name="pruning">What may stay.</param>
    /// <param name="cancel">Ends it between two.</param>
    /// <returns>What was removed.</returns>
    public async Task<IReadOnlyList<StoredTemplate>> PruneAsync(TemplatePruning pruning, CancellationToken cancel)
    {
        var removed = new List<StoredTemplate>();
        if (!Directory.Exists(root))
            return removed;
        // One after the other: each would pass over what another is at, and take the next in its place.
        await using FileStream alone = await PruningAsync(cancel);
        IReadOnlyList<StoredTemplate> all = await ListAsync(cancel);
        long total = all.Sum(t => t.Bytes);
        foreach (StoredTemplate template in all.Where(t => t.Key != pruning.Except).OrderBy(t => t.Manifest is not null))
        {
            cancel.ThrowIfCancellationRequested();
            if ((template.Manifest is not null && template.Used >= pruning.UnusedSince && total <= pruning.Limit) || !TryRemove(template, pruning.DryRun))
                continue;
            total -= template.Bytes;
            removed.Add(template);
        }

        return removed;
    }

    private async Task<FileStream> PruningAsync(CancellationToken cancel)
    {
        for (; ;)
        {
            if (TryLock("prune", alone: true) is { } held)
                return held;
            await Task.Delay(s_knock, clock, cancel);
        }
    }

    private bool TryRemove(StoredTemplate template, bool dryRun)
    {
        if (TryLock(template.Key, alone: true) is not { } held)
            return false;
        using (held)
        {
            if (!dryRun)
                RuntimeDirectory.Remove(template.Directory);
            return dryRun || !Directory.Exists(template.Directory);
        }
    }

    private TemplateManifest? WholeManifest(string key) => TemplateManifest.Read(DirectoryOf(key)) is { } manifest && manifest.Key == key ? manifest : null;

    // What is there and not whole, and nobody is at it, goes.
    private FileStream? TryClear(string key, FileStream held)
    {
        if (WholeManifest(key) is not null)
        {
            held.Dispose();
            return null;
        }

        RuntimeDirectory.Remove(DirectoryOf(key));
        RuntimeDirectory.Remove(DraftOf(key));
        Directory.CreateDirectory(DraftOf(key), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return held;
    }

    private void NoteUse(string key)
    {
        try
        {
            File.SetLastWriteTimeUtc(TemplateManifest.FileIn(DirectoryOf(key)), clock.GetUtcNow().UtcDateTime);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // Then it goes a little earlier than it should.
        }
    }

    // A lock's file stays: to remove it while another process opens it would let two have it.
    private FileStream? TryLock(string key, bool alone)
    {
        string file = Path.Combine(root, key + ".lock");
        try
        {
            return alone
                ? new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None)
                : new FileStream(file, FileMode.OpenOrCreate, FileAccess.Read, FileShare.Read);
        }
        catch (IOException held) when (held.HResult == HeldByAnother)
        {
            return null;
        }
    }

    private static StoredTemplate Describe(string directory, long bytes)
    {
        TemplateManifest? manifest = TemplateManifest.Read(directory);
        return new StoredTemplate
        {
            Key = Path.GetFileName(directory).Split('.')[0],
            Directory = directory,
            Manifest = directory.EndsWith(".new", StringComparison.Ordinal) ? null : manifest,
            Bytes = bytes,
            Used = manifest is null ? Directory.GetLastWriteTimeUtc(directory) : File.GetLastWriteTimeUtc(TemplateManifest.FileIn(directory)),
        };
    }
}

/// <summary>What may stay of a store.</summary>
internal sealed record TemplatePruning
{
    /// <summary>Bytes on disk all together may take.</summary>
    public required long Limit { get; init; }

    /// <summary>What was not used since goes, UTC. Default: no matter.</summary>
    public DateTime UnusedSince { get; init; } = DateTime.MinValue;

    /// <summary>Key of one that stays; null for none.</summary>
    public string? Except { get; init; }

    /// <summary>Tells what would go, and leaves it.</summary>
    public bool DryRun { get; init; }
}

/// <summary>A directory of the store.</summary>
internal sealed record StoredTemplate
{
    /// <summary>Content address.</summary>
    public required string Key { get; init; }

    public required string Directory { get; init; }

    /// <summary>Null when it is not whole.</summary>
    public required TemplateManifest? Manifest { get; init; }

    /// <summary>Room it takes on disk.</summary>
    public required long Bytes { get; init; }

    /// <summary>When it was used last, UTC.</summary>
    public required DateTime Used { get; init; }
}
