namespace Flatcar.Reference.Building;

/// <summary>What the host has to have. All the tools that make file systems come out of the package layer instead.</summary>
internal static class Prerequisites
{
    private static readonly (string Program, string Package)[] Needed =
    [
        ("mmdebstrap", "mmdebstrap"),
        ("unshare", "util-linux"),
        ("mount", "mount"),
        ("chroot", "coreutils"),
        ("dpkg", "dpkg"),
        ("gcc", "gcc libc6-dev zlib1g-dev"),
        ("dotnet", "dotnet-sdk-10.0"),
    ];

    private const string Keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

    /// <exception cref="ReferenceImageException">Something is missing; all of it is named at once.</exception>
    public static void Check()
    {
        var missing = Needed.Where(n => !OnPath(n.Program)).ToList();
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
        throw ReferenceImageException.Of(
            "it cannot be built on this host", "root, mmdebstrap, Debian's keyring, a compiler for the image's init",
            string.Join("; ", got), string.Join(", then ", next));
    }

    private static bool OnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Concat(["/usr/sbin", "/sbin"])
        .Any(d => File.Exists(Path.Combine(d, program)));
}
