namespace Flatcar.Reference.Building;

/// <summary>The unpacked Debian packages: what /usr is made from, and where the tools of the build are run from.</summary>
internal sealed class PackageLayer
{
    private readonly DebianRoot root;

    private PackageLayer(string directory)
    {
        root = new DebianRoot(Path.Combine(directory, "root"));
        KernelRelease = Path.GetFileName(Directory.GetDirectories(root.PathOf("usr/lib/modules")).Single());
    }

    /// <summary>As uname -r shows it.</summary>
    public string KernelRelease { get; }

    /// <inheritdoc cref="DebianRoot.PathOf"/>
    public string PathOf(string relative) => root.PathOf(relative);

    /// <summary>Takes the layer from the cache, or runs mmdebstrap (a minute on an idle machine, and 250 MiB of downloads).</summary>
    public static async Task<PackageLayer> GetAsync(
        ReferenceImageOptions options, BuildCache cache, IProgress<string> progress, CancellationToken cancel)
    {
        var final = cache.Layer(Recipe.LayerDigest(options));
        if (!Directory.Exists(final))
        {
            progress.Report($"packages of Debian {options.DebianSuite}");
            var temporary = cache.NewTemporary();
            await DebianRoot.MakeAsync(
                Path.Combine(temporary, "root"), options.DebianSuite, Recipe.Words("Recipe/packages.txt"),
                [DebianRoot.Packages(options.DebianMirror, options.DebianSuite)], cancel);
            BuildCache.Publish(temporary, final);
        }
        return new(final);
    }

    /// <inheritdoc cref="DebianRoot.ShellAsync"/>
    public Task<string> ShellAsync(string work, string script, CancellationToken cancel) => root.ShellAsync(work, script, cancel);
}
