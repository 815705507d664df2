namespace Flatcar.Reference.Building;

/// <summary>A directory with a Debian system in it, and what runs in it.</summary>
internal sealed class DebianRoot(string path)
{
    private static readonly string[] Left = ["man", "doc", "locale", "info", "lintian"];

    /// <summary>The line of apt's sources.list for packages of a suite.</summary>
    public static string Packages(Uri mirror, string suite) => $"deb {mirror.AbsoluteUri.TrimEnd('/')} {suite} main";

    /// <summary>The line of apt's sources.list for the sources they are made of.</summary>
    public static string Sources(Uri mirror, string suite) => "deb-src" + Packages(mirror, suite)["deb".Length..];

    /// <summary>Runs mmdebstrap. What it cannot finish is the caller's to remove.</summary>
    /// <param name="path">Where the system is to be; it must not exist, its parent must.</param>
    /// <param name="suite">Debian release.</param>
    /// <param name="packages">Names of packages, beside the essential ones and apt.</param>
    /// <param name="sources">Lines of its sources.list.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task<DebianRoot> MakeAsync(
        string path, string suite, IEnumerable<string> packages, IReadOnlyList<string> sources, CancellationToken cancel)
    {
        List<string> command =
        [
            "mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory", "--quiet",
            "--aptopt=APT::Install-Recommends \"false\"", "--aptopt=Acquire::Languages \"none\"", "--aptopt=Acquire::Retries \"3\"",
            .. Left.Select(d => $"--dpkgopt=path-exclude=/usr/share/{d}/*"),
            "--include=" + string.Join(',', packages), suite, path, .. sources,
        ];
        await Tool.RunIsolatedAsync(command, Path.GetDirectoryName(path)!, cancel);
        return new(path);
    }

    /// <summary>Where a file of the system is on the host.</summary>
    public string PathOf(string relative) => Path.Combine(path, relative);

    /// <summary>
    /// Runs a shell command inside the system, with <paramref name="work"/> as its working directory, <c>/mnt</c> there; nothing of it stays
    /// mounted. The system itself is mounted read-only.
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
        return Tool.RunIsolatedAsync(["/bin/sh", "-c", setUp, "sh", path, work, "set -eo pipefail\n" + script], work, cancel);
    }
}
