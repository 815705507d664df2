using System.Globalization;

namespace Flatcar.Reference.Building;

/// <summary>
/// The directory of a kind below the cache directory, held for one build: <c>&lt;digest&gt;/</c> what is finished, <c>tmp/</c> builds under way. Of the
/// reference image also <c>layers/</c> unpacked packages, <c>init/</c>, <c>update_engine/</c> compiled programs, <c>bases/</c> what all versions have in common.
/// </summary>
internal sealed class BuildCache : IAsyncDisposable
{
    /// <summary>HResult of an IOException for ENOSPC.</summary>
    public const int NoSpaceLeft = 28;

    private const int WouldBlock = 11;

    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private readonly FileStream guard;
    private readonly string root;
    private int nextTemporary;

    private BuildCache(string root, FileStream guard) => (this.root, this.guard) = (root, guard);

    /// <summary>Where everything of a kind is.</summary>
    public static string RootDirectory(BuildKind kind, string cacheDirectory) => Path.Combine(Path.GetFullPath(cacheDirectory), kind.Folder);

    public static string ResultDirectory(BuildKind kind, string cacheDirectory, string digest) =>
        Path.Combine(RootDirectory(kind, cacheDirectory), digest.Replace("sha256:", "", StringComparison.Ordinal)[..20]);

    /// <summary>
    /// Builds with the cache held: waits until no other build of the kind is under way, and clears what dead ones have left.
    /// </summary>
    /// <exception cref="ReferenceBuildException">The host lacks something, the disk is full, or the build failed: with the kind's name before it.</exception>
    public static async Task<T> HoldingAsync<T>(
        BuildKind kind, string cacheDirectory, IProgress<string> progress, Func<BuildCache, Task<T>> build, CancellationToken cancel)
    {
        try
        {
            kind.Needs?.Check();
            await using var cache = await OpenAsync(kind, cacheDirectory, progress, cancel);
            return await build(cache);
        }
        catch (IOException e) when (e.HResult == NoSpaceLeft)
        {
            throw DiskFull(kind, cacheDirectory, e).About(kind);
        }
        catch (ReferenceBuildException e)
        {
            throw e.About(kind);
        }
    }

    /// <summary>Keeps builds of a kind away while the returned object lives; null when one is under way, or this user may not.</summary>
    public static IDisposable? TryHold(BuildKind kind, string cacheDirectory)
    {
        try
        {
            return Guard(RootDirectory(kind, cacheDirectory));
        }
        catch (Exception e) when (e is UnauthorizedAccessException || e is IOException { HResult: WouldBlock })
        {
            return null;
        }
    }

    /// <summary>Directories in a directory that may be absent, newest first.</summary>
    public static string[] NewestFirst(string directory, Func<string, bool> which) =>
        !Directory.Exists(directory) ? [] : [.. Directory.GetDirectories(directory).Where(which).OrderByDescending(Directory.GetLastWriteTimeUtc)];

    /// <summary>A new directory for work in progress; on the same file system as the results, so that it can become one by a rename.</summary>
    public string NewTemporary()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}-{nextTemporary++}");
        return Directory.CreateDirectory(Path.Combine(root, "tmp", name)).FullName;
    }

    public string Layer(string digest) => Path.Combine(root, "layers", digest[..20]);

    public string Base(string digest) => Path.Combine(root, "bases", digest[..20]);

    public string Program(string name, string digest) => Path.Combine(root, name, digest[..20]);

    public async ValueTask DisposeAsync()
    {
        try
        {
            await ClearLeftoversAsync(CancellationToken.None);
        }
        catch (ReferenceBuildException)
        {
            // The next build tries again.
        }
        await guard.DisposeAsync();
    }

    /// <summary>Moves a finished directory to its place at once; one that is there already wins.</summary>
    public static void Publish(string temporary, string final)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(final)!);
        if (Directory.Exists(final))
            Directory.Delete(final, recursive: true);
        Directory.Move(temporary, final);
    }

    private static async Task<BuildCache> OpenAsync(BuildKind kind, string cacheDirectory, IProgress<string> progress, CancellationToken cancel)
    {
        var root = RootDirectory(kind, cacheDirectory);
        Directory.CreateDirectory(root);
        using var timer = new PeriodicTimer(LookAgain);
        FileStream guard;
        for (var first = true; ; first = false)
        {
            try
            {
                guard = Guard(root);
                break;
            }
            catch (IOException e) when (e.HResult == WouldBlock)
            {
                if (first)
                    progress.Report($"waiting for another build of the {kind.Name}");
                await timer.WaitForNextTickAsync(cancel);
            }
        }
        var cache = new BuildCache(root, guard);
        await cache.ClearLeftoversAsync(cancel);
        return cache;
    }

    // FileShare.None is an flock: it goes with the process, however that ends.
    private static FileStream Guard(string root) => new(Path.Combine(root, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

    private static ReferenceBuildException DiskFull(BuildKind kind, string directory, Exception inner)
    {
        var free = new DriveInfo(Path.GetFullPath(directory)).AvailableFreeSpace >> 20;
        return ReferenceBuildException.Of(
            "the disk is full", $"{kind.Room} free below {directory}", $"{free} MiB free",
            "make room, or choose another cache directory", inner);
    }

    private Task ClearLeftoversAsync(CancellationToken cancel)
    {
        var temporary = Path.Combine(root, "tmp");
        // --one-file-system: never into a mount, whoever made it.
        return Directory.Exists(temporary)
            ? Tool.RunAsync(["rm", "-rf", "--one-file-system", temporary], root, cancel)
            : Task.CompletedTask;
    }
}
