namespace Flatcar.Reference.Building;

/// <summary>
/// Takes the sandboxes out of systemd's own services: each is a mount namespace, seccomp filters or a BPF program to be set up at
/// every boot, which is seconds in an emulated machine and protects nothing in one that lives for a test.
/// </summary>
internal static class UnitSlimming
{
    private static readonly string[] Sandbox =
    [
        "Protect", "Private", "Restrict", "SystemCall", "LockPersonality", "MemoryDenyWriteExecute", "ProcSubset", "IPAddress",
        "DeviceAllow", "DevicePolicy", "NoNewPrivileges", "ReadWritePaths", "InaccessiblePaths", "BindPaths", "TemporaryFileSystem",
        "Documentation",
    ];

    /// <summary>Services that nothing before the login needs, so that sysinit.target does not wait for them.</summary>
    private static readonly string[] NotBeforeSysinit = ["systemd-resolved.service", "systemd-timesyncd.service"];

    public static void Apply(string units)
    {
        foreach (var file in new DirectoryInfo(units).EnumerateFiles().Where(f => f.LinkTarget is null))
        {
            var sandboxed = file.Name.StartsWith("systemd-", StringComparison.Ordinal) || file.Name.StartsWith("dbus", StringComparison.Ordinal);
            if (!sandboxed)
                continue;
            var lines = File.ReadAllLines(file.FullName).Where(l => l != "" && l[0] != '#' && !Sandbox.Any(s => IsSetting(l, s)));
            if (NotBeforeSysinit.Contains(file.Name))
            {
                lines = lines.Select(l => l.StartsWith("Before=", StringComparison.Ordinal)
                    ? l.Replace(" sysinit.target", "", StringComparison.Ordinal).Replace("=sysinit.target ", "=", StringComparison.Ordinal)
                    : l);
            }
            File.WriteAllLines(file.FullName, lines.ToList());
        }
    }

    private static bool IsSetting(string line, string start) =>
        line.StartsWith(start, StringComparison.Ordinal) && line.Contains('=', StringComparison.Ordinal);
}
