using System.Globalization;
using CliWrap.Buffered;

namespace Kola.Qemu;

/// <summary>
/// Templates on disk: <c>KEY/</c> for a whole one, <c>KEY.new/</c> for one in the making, <c>KEY.lock</c> for who may do what. Many may
/// hold a template; who makes or removes one is alone. A lock ends with its process, so what a killed one left is found without a lock and
/// removed by the next.
/// </summary>
internal sealed class TemplateStore(string root, long limitBytes, TimeProvider clock)
{
    private static readonly TimeSpan s_knock = TimeSpan.FromMilliseconds(100);

    /// <summary>Where templates are.</summary>
    public string Root => root;

    /// <summary>The directory of a whole template.</summary>
    public string DirectoryOf(string key) => Path.Combine(root, key);

    /// <summary>The directory of one in the making.</summary>
    public string DraftOf(string key) => Path.Combine(root, key + ".new");

    /// <summary>Holds a whole template against removal, and notes that it was used; null when there is none.</summary>
    public (FileStream Lock, TemplateManifest Manifest)? Find(string key)
    {
        if (!Directory.Exists(DirectoryOf(key)) || TryLock(key, alone: false) is not { } held)
            return null;
        if (TemplateManifest.Read(DirectoryOf(key)) is { } manifest && manifest.Key == key)
        {
            File.SetLastWriteTimeUtc(TemplateManifest.FileIn(DirectoryOf(key)), clock.GetUtcNow().UtcDateTime);
            return (held, manifest);
        }

        held.Dispose();
        return null;
    }

    /// <summary>The right to make a template, alone on this host; waits while another process makes it.</summary>
    /// <returns>Null when it has been made meanwhile.</returns>
    /// <exception cref="PlatformException">The directory cannot be used.</exception>
    public async Task<FileStream?> BeginAsync(string key, CancellationToken cancel)
    {
        try
        {
            Directory.CreateDirectory(root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            while (true)
            {
                if (TryLock(key, alone: true) is { } held)
                {
                    if (TemplateManifest.Read(DirectoryOf(key)) is not null)
                    {
                        held.Dispose();
                        return null;
                    }

                    // What is there is not whole, and nobody is at it.
                    RuntimeDirectory.Remove(DirectoryOf(key));
                    RuntimeDirectory.Remove(DraftOf(key));
                    Directory.CreateDirectory(DraftOf(key), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                    return held;
                }

                if (Find(key) is { } made)
                {
                    made.Lock.Dispose();
                    return null;
                }

                await Task.Delay(s_knock, clock, cancel);
            }
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new PlatformException($"templates: {root} cannot be used: {problem.Message}\n  wanted:  a directory to keep templates in\n  next:    make room there, or run with --cold", problem);
        }
    }

    /// <summary>Makes a draft a template. Its manifest is written, its files are on disk.</summary>
    public async Task PublishAsync(string key, CancellationToken cancel)
    {
        Directory.Move(DraftOf(key), DirectoryOf(key));
        await PruneAsync(limitBytes, key, cancel);
    }

    /// <summary>Takes away what says that a template is whole: it did not do, and the next who needs it makes it anew.</summary>
    public void Distrust(string key)
    {
        if (Directory.Exists(DirectoryOf(key)))
            File.Delete(TemplateManifest.FileIn(DirectoryOf(key)));
    }

    /// <summary>All templates, least recently used first.</summary>
    public async Task<IReadOnlyList<StoredTemplate>> ListAsync(CancellationToken cancel)
    {
        string[] directories = Directory.Exists(root) ? Directory.GetDirectories(root) : [];
        if (directories.Length == 0)
            return [];
        // Memory files are mostly holes: what counts is what they take. A directory that vanishes meanwhile has no line.
        BufferedCommandResult du = await HostTool.RunAsync("du", ["--summarize", "--block-size=1", "--", .. directories], cancel);
        var bytes = du.StandardOutput.Split('\n').Select(line => line.Split('\t')).Where(line => line.Length == 2)
            .ToDictionary(line => line[1], line => long.Parse(line[0], CultureInfo.InvariantCulture));
        return [.. bytes.Select(d => Describe(d.Key, d.Value)).OrderBy(t => t.Used)];
    }

    /// <summary>
    /// Removes what is not whole, then the least recently used, until all together are within a limit. What is in use stays.
    /// </summary>
    /// <param name="limit">Bytes on disk.</param>
    /// <param name="except">Key of one that stays; null for none.</param>
    /// <param name="cancel">Ends it between two.</param>
    /// <returns>What was removed.</returns>
    public async Task<IReadOnlyList<StoredTemplate>> PruneAsync(long limit, string? except, CancellationToken cancel)
    {
        var removed = new List<StoredTemplate>();
        IReadOnlyList<StoredTemplate> all = await ListAsync(cancel);
        long total = all.Sum(t => t.Bytes);
        foreach (StoredTemplate template in all.Where(t => t.Key != except).OrderBy(t => t.Manifest is not null))
        {
            if ((template.Manifest is not null && total <= limit) || !TryRemove(template))
                continue;
            total -= template.Bytes;
            removed.Add(template);
        }

        return removed;
    }

    private bool TryRemove(StoredTemplate template)
    {
        if (TryLock(template.Key, alone: true) is not { } held)
            return false;
        using (held)
        {
            RuntimeDirectory.Remove(template.Directory);
            return !Directory.Exists(template.Directory);
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
        catch (IOException held) when (held is not (DirectoryNotFoundException or FileNotFoundException) && !IsFull(held))
        {
            return null;
        }
    }

    private static bool IsFull(IOException problem) => problem.HResult is 28 or 122 or 30; // ENOSPC, EDQUOT, EROFS

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
