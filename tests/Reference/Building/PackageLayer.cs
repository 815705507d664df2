namespace Flatcar.Reference.Building;

/// <summary>The unpacked Debian packages: what /usr is made from, and where the tools of the build are run from.</summary>
internal sealed class PackageLayer
{
    private static readonly string[] Left = ["man", "doc", "locale", "info", "lintian"];

    private readonly string root;

    private PackageLayer(string root)
    {
        this.root = root;
        KernelRelease = Path.GetFileName(Directory.GetDirectories(Path.Combine(root, "usr/lib/modules")).Single());
    }

    /// <summary>As uname -r shows it.</summary>
    public string KernelRelease { get; }

    public string PathOf(string relative) => Path.Combine(root, relative);

    /// <summary>Takes the layer from the cache, or runs mmdebstrap (a minute on an idle machine, and 250 MiB of downloads).</summary>
    public static async Task<PackageLayer> GetAsync(
        ReferenceImageOptions options, BuildCache cache, IProgress<string> progress, CancellationToken cancel)
    {
        var final = cache.Layer(Recipe.LayerDigest(options));
        if (Directory.Exists(final))
            return new(Path.Combine(final, "root"));
        progress.Report($"packages of Debian {options.DebianSuite}");
        var temporary = cache.NewTemporary();
        List<string> command =
        [
            "mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory", "--quiet",
            "--aptopt=APT::Install-Recommends \"false\"", "--aptopt=Acquire::Languages \"none\"", "--aptopt=Acquire::Retries \"3\"",
            .. Left.Select(d => $"--dpkgopt=path-exclude=/usr/share/{d}/*"),
            "--include=" + string.Join(',', Recipe.Words("Recipe/packages.txt")),
            options.DebianSuite, Path.Combine(temporary, "root"),
            $"deb {options.DebianMirror.AbsoluteUri.TrimEnd('/')} {options.DebianSuite} main",
        ];
        await Tool.RunIsolatedAsync(command, temporary, cancel);
        BuildCache.Publish(temporary, final);
        return new(Path.Combine(final, "root"));
    }

    /// <summary>
    /// Runs a shell command inside the layer, with <paramref name="work"/> as its working directory; nothing of it stays mounted.
    /// The layer itself is mounted read-only.
    /// </summary>
    public Task<string> ShellAsync(string work, string script, CancellationToken cancel)
    {
        const string setUp = """
            set -e
            mount --bind "$1" "$1"
            mount -o remount,bind,ro "$1"
            mount --rbind /dev "$1/dev"
            mount -t proc proc "$1/proc"
            mount -t tmpfs tmpfs "$1/tmp"
            mount --bind "$2" "$1/mnt"
            cd "$1"
            exec chroot "$1" /bin/bash -c 'cd /mnt && eval "$1"' bash "$3"
            """;
        return Tool.RunIsolatedAsync(["/bin/sh", "-c", setUp, "sh", root, work, "set -eo pipefail\n" + script], work, cancel);
    }
}
