using Flatcar.Reference.Building;

namespace Flatcar.Reference;

/// <summary>
/// Builds an image that keeps Flatcar's contract out of Debian packages, so that every suite has something real to boot where no
/// Flatcar image is at hand.
/// </summary>
public static class ReferenceImage
{
    /// <summary>Name of the disk image in a finished directory.</summary>
    public const string ImageName = "flatcar_reference_image.img";

    /// <summary>Name of the JSON file that describes it.</summary>
    public const string SidecarName = "flatcar_reference_image.json";

    /// <summary>
    /// The image of these options, built if the cache does not have it. Builds of several processes wait for one another; one that
    /// is interrupted leaves nothing that looks finished.
    /// </summary>
    /// <exception cref="ReferenceImageException">A tool is missing or failed, the caller is not root, or the disk is full.</exception>
    public static async Task<ReferenceImageFiles> BuildAsync(
        ReferenceImageOptions options, IProgress<string> progress, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(progress);
        Recipe.CheckVersion(options.Version);
        if (Find(options) is { } existing)
            return existing;
        Prerequisites.Check();
        try
        {
            await using var cache = await BuildCache.OpenAsync(options.CacheDirectory, progress, cancel);
            return Find(options) ?? await new ImageBuild(options, cache, progress).RunAsync(cancel);
        }
        catch (IOException e) when (e.HResult == BuildCache.NoSpaceLeft)
        {
            throw BuildCache.DiskFull(options.CacheDirectory, e);
        }
    }

    /// <summary>The finished image of these options; null when it has to be built first.</summary>
    public static ReferenceImageFiles? Find(ReferenceImageOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var digest = Digest(options);
        var directory = BuildCache.ResultDirectory(options.CacheDirectory, digest);
        var files = new ReferenceImageFiles(
            directory, Path.Combine(directory, ImageName), Path.Combine(directory, SidecarName), digest);
        return File.Exists(files.Sidecar) ? files : null;
    }

    /// <summary>"sha256:…" over the recipe and the options that shape the image. The versions of Debian's packages are not in it.</summary>
    public static string Digest(ReferenceImageOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Recipe.Digest(options);
    }
}
