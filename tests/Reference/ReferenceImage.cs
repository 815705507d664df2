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

    /// <summary>How the build knows it.</summary>
    internal static BuildKind Kind { get; } = new("reference image", "reference-image", "4 GiB", new Prerequisites(
        ", a compiler for the image's init", ("gcc", "gcc libc6-dev zlib1g-dev"), ("dotnet", "dotnet-sdk-10.0")));

    /// <summary>
    /// The private key, PEM, that the image's public one is of. It is no secret: anybody may sign updates for the reference image, as for Flatcar's
    /// developer images.
    /// </summary>
    public static string UpdateKey => System.Text.Encoding.UTF8.GetString(Recipe.Read("Keys/update-payload-key.key.pem"));

    /// <summary>Bytes from the start of the disk to partition USR-A.</summary>
    public static long UsrOffset => DiskLayout.Partition(DiskLayout.UsrA).ByteOffset;

    /// <summary>
    /// The image of these options, built if the cache does not have it. Builds of several processes wait for one another; one that
    /// is interrupted leaves nothing that looks finished.
    /// </summary>
    /// <exception cref="ReferenceBuildException">A tool is missing or failed, the caller is not root, or the disk is full.</exception>
    public static async Task<ReferenceImageFiles> BuildAsync(
        ReferenceImageOptions options, IProgress<string> progress, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(progress);
        Recipe.CheckVersion(options.Version);
        if (Find(options) is { } existing)
            return existing;
        return await BuildCache.HoldingAsync(
            Kind, options.CacheDirectory, progress, async cache => Find(options) ?? await new ImageBuild(options, cache, progress).RunAsync(cancel), cancel);
    }

    /// <summary>
    /// Writes what an update to a version is made of: <c>usr.img</c>, the whole content of a USR partition with its hash tree at the end (2 GiB,
    /// sparse, 0.6 GiB on disk), and <c>vmlinuz</c>. Whatever versions have in common is in the same blocks, if they were made from one base.
    /// </summary>
    /// <param name="options">Version, and where what all versions share is kept.</param>
    /// <param name="directory">Existing directory, empty; the caller's to remove.</param>
    /// <param name="progress">Told what takes long.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="ReferenceBuildException">As for <see cref="BuildAsync"/>.</exception>
    public static async Task<ReferenceRelease> BuildReleaseAsync(
        ReferenceImageOptions options, string directory, IProgress<string> progress, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(progress);
        Recipe.CheckVersion(options.Version);
        return await BuildCache.HoldingAsync(Kind, options.CacheDirectory, progress, async cache =>
        {
            var basis = await BaseBuild.GetAsync(options, cache, progress, cancel);
            progress.Report($"/usr of {options.Version} and its hash tree");
            await UsrImage.MakeAsync(basis, new Release(options, BuildIdOf(options)), directory, cancel);
            return new ReferenceRelease(options.Version, Path.Combine(directory, BaseBuild.Usr), Path.Combine(directory, BaseBuild.Kernel));
        }, cancel);
    }

    /// <summary>BUILD_ID of its os-release.</summary>
    internal static string BuildIdOf(ReferenceImageOptions options) => "reference-" + Digest(options).Split(':')[1][..12];

    /// <summary>The finished image of these options; null when it has to be built first.</summary>
    public static ReferenceImageFiles? Find(ReferenceImageOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var digest = Digest(options);
        var directory = BuildCache.ResultDirectory(Kind, options.CacheDirectory, digest);
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
