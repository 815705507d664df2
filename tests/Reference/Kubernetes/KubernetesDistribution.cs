using Flatcar.Reference.Building;

namespace Flatcar.Reference.Kubernetes;

/// <summary>
/// Builds all that a cluster of kubeadm's is made of out of Debian's packages and sources alone, so that suites have a real Kubernetes where
/// there is no other at hand: programs, network plugins, images of containers, and a file that describes them.
/// </summary>
public static class KubernetesDistribution
{
    /// <summary>Name of the JSON file that describes a distribution.</summary>
    public const string ManifestName = "kubernetes.json";

    /// <summary>Name of the list of its files with their SHA-256 digests, as sha256sum writes and checks it.</summary>
    public const string ChecksumsName = "SHA256SUMS";

    /// <summary>How the build knows it.</summary>
    internal static BuildKind Kind { get; } = new("Kubernetes distribution", "kubernetes", "6 GiB", new Prerequisites(""));

    /// <summary>
    /// Directory of the distribution, built if the cache does not have it. Builds of several processes wait for one another; one that is
    /// interrupted leaves nothing that looks finished. Never write to it.
    /// </summary>
    /// <param name="options">Where to keep it.</param>
    /// <param name="progress">Told what takes long; all of it takes minutes.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="ReferenceBuildException">A tool is missing or failed, the caller is not root, or the disk is full.</exception>
    public static async Task<string> BuildAsync(KubernetesDistributionOptions options, IProgress<string> progress, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(progress);
        if (Find(options) is { } existing)
            return existing;
        return await BuildCache.HoldingAsync(
            Kind, options.CacheDirectory, progress, async cache => Find(options) ?? await new DistributionBuild(options, cache, progress).RunAsync(cancel), cancel);
    }

    /// <summary>Directory of the finished distribution; null when it has to be built first.</summary>
    public static string? Find(KubernetesDistributionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var directory = BuildCache.ResultDirectory(Kind, options.CacheDirectory, Digest);
        return File.Exists(Path.Combine(directory, ManifestName)) ? directory : null;
    }

    /// <summary>Directories of finished distributions, of this recipe or another, newest first.</summary>
    /// <param name="cacheDirectory">The cache directory; it need not exist.</param>
    public static IReadOnlyList<string> All(string cacheDirectory) =>
        BuildCache.NewestFirst(BuildCache.RootDirectory(Kind, cacheDirectory), d => File.Exists(Path.Combine(d, ManifestName)));

    /// <summary>Keeps builds away while the returned object lives; null when one is under way, or this user may not.</summary>
    /// <param name="cacheDirectory">The cache directory; the folder of distributions in it exists.</param>
    public static IDisposable? TryHold(string cacheDirectory) => BuildCache.TryHold(Kind, cacheDirectory);

    /// <summary>"sha256:…" over the recipe. The versions of Debian's packages are not in it.</summary>
    public static string Digest => "sha256:" + Recipe.DigestOf(["Kubernetes/"]);
}
