using System.Runtime.InteropServices;

namespace Flatcar.Reference.Building;

/// <summary>What the host has to have for a build. All the tools that make file systems or programs come out of Debian's packages instead.</summary>
/// <param name="Purpose">What a message says is wanted, beside root and what all builds need.</param>
/// <param name="Programs">Programs beside those that all builds need, and the packages they are in.</param>
internal sealed record Prerequisites(string Purpose, params IReadOnlyList<(string Program, string Package)> Programs)
{
    // What unpacks packages, and runs programs in them.
    private static readonly (string Program, string Package)[] Always =
    [
        ("mmdebstrap", "mmdebstrap"),
        ("unshare", "util-linux"),
        ("mount", "mount"),
        ("chroot", "coreutils"),
        ("dpkg", "dpkg"),
    ];

    private const string Keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

    /// <exception cref="ReferenceBuildException">Something is missing; all of it is named at once.</exception>
    public void Check()
    {
        if (RuntimeInformation.OSArchitecture != Architecture.X64)
        {
            throw ReferenceBuildException.Of(
                "it is built for amd64 only", "an x86-64 host", RuntimeInformation.OSArchitecture.ToString(), "build it elsewhere and copy the directory");
        }
        var missing = Always.Concat(Programs).Where(n => !OnPath(n.Program)).ToList();
        var packages = missing.SelectMany(m => m.Package.Split(' ')).ToList();
        if (!File.Exists(Keyring))
            packages.Add("debian-archive-keyring");
        var got = new List<string>();
        if (!Environment.IsPrivilegedProcess)
            got.Add("not root");
        if (missing.Count > 0)
            got.Add("no " + string.Join(", no ", missing.Select(m => m.Program)));
        if (!File.Exists(Keyring))
            got.Add("no " + Keyring);
        if (got.Count == 0)
            return;
        var next = new List<string>();
        if (packages.Count > 0)
            next.Add("apt-get install " + string.Join(' ', packages));
        if (!Environment.IsPrivilegedProcess)
            next.Add("run the build as root");
        throw ReferenceBuildException.Of(
            "it cannot be built on this host", "root, mmdebstrap, Debian's keyring" + Purpose,
            string.Join("; ", got), string.Join(", then ", next));
    }

    private static bool OnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Concat(["/usr/sbin", "/sbin"])
        .Any(d => File.Exists(Path.Combine(d, program)));
}
