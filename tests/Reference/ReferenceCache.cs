using Flatcar.Reference.Building;

namespace Flatcar.Reference;

/// <summary>What builds of the reference image leave in the cache directory, for who clears it up.</summary>
public static class ReferenceCache
{
    private const int WouldBlock = 11;

    // Beside the finished images, which are named by 20 digits of their digest.
    private static readonly string[] StepDirectories = ["layers", "init", "update_engine", "bases"];

    /// <summary>Directories of finished images, newest first.</summary>
    /// <param name="cacheDirectory">The cache directory; it need not exist.</param>
    public static IReadOnlyList<string> Images(string cacheDirectory) =>
        NewestFirst(Root(cacheDirectory), d => File.Exists(Path.Combine(d, ReferenceImage.SidecarName)));

    /// <summary>Directories of steps a later build need not repeat, unpacked packages, compiled inits, bases of images: of each kind the newest first.</summary>
    /// <param name="cacheDirectory">The cache directory; it need not exist.</param>
    public static IReadOnlyList<IReadOnlyList<string>> Steps(string cacheDirectory) =>
        [.. StepDirectories.Select(step => NewestFirst(Path.Combine(Root(cacheDirectory), step), _ => true))];

    /// <summary>Keeps builds away while the returned object lives; null when one is under way, or this user may not.</summary>
    /// <param name="cacheDirectory">The cache directory.</param>
    public static IDisposable? TryHold(string cacheDirectory)
    {
        try
        {
            return new FileStream(Path.Combine(Root(cacheDirectory), "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is UnauthorizedAccessException || e is IOException { HResult: WouldBlock })
        {
            return null;
        }
    }

    private static string Root(string cacheDirectory) => Path.GetDirectoryName(BuildCache.ResultDirectory(cacheDirectory, new string('0', 64)))!;

    private static string[] NewestFirst(string directory, Func<string, bool> which) =>
        !Directory.Exists(directory) ? [] : [.. Directory.GetDirectories(directory).Where(which).OrderByDescending(Directory.GetLastWriteTimeUtc)];
}
