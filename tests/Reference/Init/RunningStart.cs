namespace Flatcar.Reference.Init;

/// <summary>
/// What systemd would do by a process each, done before it starts. It finds these mounts, files and links and goes on.
/// </summary>
internal static class RunningStart
{
    private const string MachineId = "/sysroot/etc/machine-id";
    private const string Presets = "/sysroot/etc/systemd/system-preset";

    public static void Prepare(IReadOnlyList<string> environment)
    {
        MountAt("/sysroot/tmp", "tmpfs", Native.NoSuid | Native.NoDev, "mode=1777,size=50%,nr_inodes=1m");
        MountAt("/dev/mqueue", "mqueue", Native.NoSuid | Native.NoDev | Native.NoExec, null);
        MountAt("/dev/hugepages", "hugetlbfs", Native.NoSuid | Native.NoDev, null);
        Directory.CreateDirectory("/run/lock");
        // With this flag journald writes to /var/log/journal from its first line on: nothing is left to be flushed.
        Directory.CreateDirectory("/run/systemd/journal");
        File.WriteAllText("/run/systemd/journal/flushed", "");
        if (IsFirstBoot() && ApplyPresets(environment))
            BecomeKnown();
    }

    /// <summary>As systemd sees it: there is no machine id yet.</summary>
    private static bool IsFirstBoot() =>
        !File.Exists(MachineId) || File.ReadAllText(MachineId).Trim() is "" or "uninitialized";

    /// <summary>
    /// Enables what the presets name. The image ships what it starts as links, and its own preset is "disable *", so asking for
    /// the named units gives the same as systemd's preset-all over every unit. False: systemd has to do that after all.
    /// </summary>
    private static bool ApplyPresets(IReadOnlyList<string> environment)
    {
        if (!Directory.Exists(Presets))
            return true;
        var units = new List<string>();
        foreach (var line in Directory.GetFiles(Presets, "*.preset").SelectMany(File.ReadAllLines))
        {
            // enable hello.service
            // enable echo@.service foo bar
            var words = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words is not ["enable" or "disable", var unit, .. var instances])
                continue;
            if (unit.Contains('*') || unit.Contains('?') || unit.Contains('['))
                return false;
            units.AddRange(instances.Length == 0 ? [unit] : instances.Select(i => unit.Replace("@.", $"@{i}.", StringComparison.Ordinal)));
        }
        return units.Count == 0
            || ChildProcess.Run(["/usr/bin/systemctl", "--root=/sysroot", "preset", .. units], environment, "/run/init.log") == 0;
    }

    /// <summary>
    /// Gives the machine its id, so that PID 1 does not take this for a first boot and leaves the presets alone. Units with
    /// ConditionFirstBoot= are to start all the same: the condition asks for this path, and PID 1 cannot unlink it as a directory.
    /// </summary>
    private static void BecomeKnown()
    {
        var id = File.ReadAllText("/proc/sys/kernel/random/uuid").Trim().Replace("-", "", StringComparison.Ordinal);
        File.WriteAllText(MachineId, id + "\n");
        File.SetUnixFileMode(MachineId, (UnixFileMode)0b100_100_100);
        Directory.CreateDirectory("/run/systemd/first-boot");
    }

    private static void MountAt(string target, string type, uint flags, string? data)
    {
        Directory.CreateDirectory(target);
        Native.Mount(type, target, type, flags, data);
    }
}
