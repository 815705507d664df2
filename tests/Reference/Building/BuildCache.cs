using System.Globalization;

namespace Flatcar.Reference.Building;

/// <summary>
/// <c>reference-image/</c> below the cache directory, held for one build:
/// <c>&lt;digest&gt;/</c> finished images, <c>layers/</c> unpacked packages, <c>init/</c>, <c>update_engine/</c> compiled programs, <c>bases/</c> what all versions have in
/// common, <c>tmp/</c> builds under way.
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

    public static string ResultDirectory(string cacheDirectory, string digest) =>
        Path.Combine(Path.GetFullPath(cacheDirectory), "reference-image", digest.Replace("sha256:", "", StringComparison.Ordinal)[..20]);

    /// <summary>Waits until no other build of this cache is under way, and clears what dead ones have left.</summary>
    public static async Task<BuildCache> OpenAsync(string cacheDirectory, IProgress<string> progress, CancellationToken cancel)
    {
        var root = Path.Combine(Path.GetFullPath(cacheDirectory), "reference-image");
        Directory.CreateDirectory(root);
        using var timer = new PeriodicTimer(LookAgain);
        FileStream guard;
        for (var first = true; ; first = false)
        {
            try
            {
                // FileShare.None is an flock: it goes with the process, however that ends.
                guard = new FileStream(Path.Combine(root, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                break;
            }
            catch (IOException e) when (e.HResult == WouldBlock)
            {
                if (first)
                    progress.Report("waiting for another build of the reference image");
                await timer.WaitForNextTickAsync(cancel);
            }
        }
        var cache = new BuildCache(root, guard);
        await cache.ClearLeftoversAsync(cancel);
        return cache;
    }

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
        catch (ReferenceImageException)
        {
            // The next build tries again.
        }
        await guard.DisposeAsync();
    }

    public static ReferenceImageException DiskFull(string directory, Exception? inner)
    {
        var free = new DriveInfo(Path.GetFullPath(directory)).AvailableFreeSpace >> 20;
        return ReferenceImageException.Of(
            "the disk is full", $"4 GiB free below {directory}", $"{free} MiB free",
            "make room, or choose another cache directory", inner);
    }

    /// <summary>Moves a finished directory to its place at once; one that is there already wins.</summary>
    public static void Publish(string temporary, string final)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(final)!);
        if (Directory.Exists(final))
            Directory.Delete(final, recursive: true);
        Directory.Move(temporary, final);
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
