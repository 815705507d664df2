namespace Flatcar.Reference.UpdateEngine;

/// <summary>Where the client's files are.</summary>
/// <param name="Root">Directory everything is in; empty for the machine itself.</param>
internal sealed record Places(string Root = "")
{
    public const string ProductionServer = "https://public.update.flatcar-linux.net/v1/update/";

    public string Prefs => Root + "/var/lib/update_engine/prefs";

    /// <summary>There while an installed update waits for its reboot.</summary>
    public string RebootMarker => Root + "/run/update_engine_autoupdate_completed";

    public string Key => Root + "/usr/share/update_engine/update-payload-key.pub.pem";

    /// <summary>A developer's machine: no timers, no backoff.</summary>
    public bool DeveloperMode => File.Exists(Root + "/root/.dev_mode");

    public IReadOnlyList<string> Configs =>
        [Root + "/etc/flatcar/update.conf", Root + "/usr/share/flatcar/update.conf", Root + "/usr/share/flatcar/release"];

    public IReadOnlyList<string> OemReleases => [Root + "/etc/oem-release", Root + "/usr/share/oem/oem-release"];

    public string MachineId => Root + "/etc/machine-id";

    public string BootId => Root + "/proc/sys/kernel/random/boot_id";

    /// <summary>The kernel file of the slot on partition 3 or 4; in the old directory where there is one.</summary>
    public string Kernel(char partition)
    {
        var name = partition == '3' ? "vmlinuz-a" : "vmlinuz-b";
        var old = $"{Root}/boot/coreos/{name}";
        return File.Exists(old) ? old : $"{Root}/boot/flatcar/{name}";
    }
}
