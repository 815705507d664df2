using Flatcar.Reference.Building;

namespace Flatcar.Reference;

/// <summary>What builds of the reference image leave in the cache directory, for who clears it up.</summary>
public static class ReferenceCache
{
    // Beside the finished images, which are named by 20 digits of their digest.
    private static readonly string[] StepDirectories = ["layers", "init", "update_engine", "bases"];

    /// <summary>Directories of finished images, newest first.</summary>
    /// <param name="cacheDirectory">The cache directory; it need not exist.</param>
    public static IReadOnlyList<string> Images(string cacheDirectory) =>
        BuildCache.NewestFirst(Root(cacheDirectory), d => File.Exists(Path.Combine(d, ReferenceImage.SidecarName)));

    /// <summary>Directories of steps a later build need not repeat, unpacked packages, compiled inits, bases of images: of each kind the newest first.</summary>
    /// <param name="cacheDirectory">The cache directory; it need not exist.</param>
    public static IReadOnlyList<IReadOnlyList<string>> Steps(string cacheDirectory) =>
        [.. StepDirectories.Select(step => BuildCache.NewestFirst(Path.Combine(Root(cacheDirectory), step), _ => true))];

    /// <summary>Keeps builds away while the returned object lives; null when one is under way, or this user may not.</summary>
    /// <param name="cacheDirectory">The cache directory.</param>
    public static IDisposable? TryHold(string cacheDirectory) => BuildCache.TryHold(ReferenceImage.Kind, cacheDirectory);

    private static string Root(string cacheDirectory) => BuildCache.RootDirectory(ReferenceImage.Kind, cacheDirectory);
}
