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
        "Documentation", "ImportCredential", "LoadCredential",
    ];

    /// <summary>Services that nothing before the login needs, so that sysinit.target does not wait for them.</summary>
    private static readonly string[] NotBeforeSysinit = ["systemd-resolved.service", "systemd-timesyncd.service"];

    /// <summary>What services pull in that does not exist, or has nothing to do, here.</summary>
    private static readonly string[] Unwanted =
    [
        "modprobe@drm.service", "systemd-networkd-persistent-storage.service", "systemd-udev-load-credentials.service",
        "systemd-remount-fs.service", "plymouth-start.service", "dbus-org.freedesktop.bolt.service",
    ];

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
            File.WriteAllLines(file.FullName, lines.Select(WithoutUnwanted).ToList());
        }
    }

    private static string WithoutUnwanted(string line)
    {
        // Wants=user.slice modprobe@drm.service
        if (!line.StartsWith("Wants=", StringComparison.Ordinal) && !line.StartsWith("After=", StringComparison.Ordinal))
            return line;
        var words = line.Split('=', 2);
        return words[0] + "=" + string.Join(' ', words[1].Split(' ').Except(Unwanted));
    }

    private static bool IsSetting(string line, string start) =>
        line.StartsWith(start, StringComparison.Ordinal) && line.Contains('=', StringComparison.Ordinal);
}
