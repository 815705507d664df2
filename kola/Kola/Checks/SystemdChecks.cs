using static Kola.Checks.Rule;

namespace Kola.Checks;

/// <summary>What systemd says, in the initrd and after it.</summary>
internal static class SystemdChecks
{
    internal static IReadOnlyList<Check> All { get; } =
    [
        new()
        {
            Id = CheckId.EmergencyShell,
            Title = "The machine ended in an emergency shell",
            Fatal = true,
            Sample = """
                Press Enter for emergency shell or wait 5 minutes for reboot.
                         Starting Emergency Shell...
                [  OK  ] Started Emergency Shell.
                [  OK  ] Started emergency.service - Emergency Shell.
                Nov 22 18:15:00.123456 systemd[1]: Reached target emergency.target - Emergency Mode.
                You are in emergency mode. After logging in, type "journalctl -xb" to view
                Entering emergency mode. Exit the shell to continue.
                (or press Control-D to continue): Press Enter for maintenance
                Give root password for maintenance
                """,
            // Since 250 systemd names the unit before its description, which the peer's "Starting Emergency Shell" does not expect.
            Pattern = Line(@"Press Enter for (?:emergency shell|maintenance)|Give root password for maintenance|(?:Starting|Started) (?:emergency\.service - )?Emergency Shell|Reached target (?:emergency\.target - )?Emergency Mode|You are in (?:emergency|rescue) mode|Entering emergency mode"),
            Innocent = """
                [    0.000000] Command line: root=LABEL=ROOT systemd.unit=emergency.target
                Nov 22 18:15:00.123456 systemd[1]: Stopped target emergency.target - Emergency Mode.
                """,
        },
        new()
        {
            Id = CheckId.UnitFailedToStart,
            Title = "A systemd unit failed to start",
            Sample = """
                [FAILED] Failed to start docker.service - Docker Application Container Engine.
                [   12.345678] systemd[1]: Failed to start docker.service - Docker Application Container Engine.
                Nov 22 18:15:00.123456 systemd[1]: Failed to listen on docker.socket - Docker Socket.
                [FAILED] Failed to activate swap swapfile.swap - /swapfile.
                """,
            // The peer takes "Failed to start" from anyone; in a journal, containers and agents say it of their own affairs.
            Pattern = Line(Systemd + @"Failed to (?<what>(?:start|listen on|activate swap|set up automount) .*?)\.?$"),
            Exempt = Line(StaticNetworkAgent),
            Innocent = """
                Nov 22 18:15:00.123456 containerd[77]: level=warning msg="Failed to start event monitor"
                Nov 22 18:15:00.123456 systemd[1]: Failed to reset devices.list on /system.slice: Operation not permitted
                """,
        },
        new()
        {
            Id = CheckId.InitramfsNetwork,
            Title = "The metadata agent could not set up the initramfs' network",
            Sample = """
                [FAILED] Failed to start CoreOS Static Network Agent.
                [FAILED] Failed to start coreos-metadata.service - Flatcar Static Network Agent.
                """,
            Pattern = Line(StaticNetworkAgent),
        },
        new()
        {
            Id = CheckId.MountFailed,
            Title = "A filesystem could not be mounted",
            Sample = """
                [FAILED] Failed to mount oem.mount - /oem.
                Nov 22 18:15:00.123456 systemd[1]: Failed to mount var-lib-data.mount - /var/lib/data.
                """,
            Pattern = Line(Systemd + @"Failed to mount (?<what>.*?)\.?$"),
            Innocent = "Nov 22 18:15:00.123456 udisksd[77]: Failed to mount /dev/sr0",
        },
        new()
        {
            Id = CheckId.DependencyFailed,
            Title = "A systemd unit was not started because one it depends on failed",
            Sample = """
                [DEPEND] Dependency failed for local-fs.target - Local File Systems.
                Nov 22 18:15:00.123456 systemd[1]: Dependency failed for local-fs.target - Local File Systems.
                """,
            Pattern = Line(Systemd + @"Dependency failed for (?<what>.*?)\.?$"),
            Innocent = "Nov 22 18:15:00.123456 pip[77]: Dependency failed for wheel",
        },
        new()
        {
            Id = CheckId.UnitTimedOut,
            Title = "systemd gave up waiting",
            Sample = """
                [ TIME ] Timed out waiting for device dev-disk-by\x2dlabel-OEM.device - /dev/disk/by-label/OEM.
                Nov 22 18:15:00.123456 systemd[1]: Timed out waiting for device dev-disk-by\x2dlabel-OEM.device - /dev/disk/by-label/OEM.
                """,
            Pattern = Line(Systemd + @"Timed out (?<what>(?:waiting for|starting|mounting) .*?)\.?$"),
            Innocent = "Nov 22 18:15:00.123456 chronyd[77]: Timed out waiting for a source",
        },
        new()
        {
            Id = CheckId.DefaultTarget,
            Title = "systemd could not start its default target",
            Fatal = true,
            Sample = "[    2.345678] systemd[1]: Failed to isolate default target, freezing.",
            Pattern = Line(@"(?<what>Failed to isolate default target)"),
        },
        new()
        {
            Id = CheckId.SystemdFroze,
            Title = "systemd crashed and froze",
            Fatal = true,
            Sample = """
                [    2.345678] systemd[1]: Freezing execution.
                [    2.345678] systemd[1]: Freezing execution
                [!!!!!!] Failed to start up manager.
                """,
            Pattern = Line(@"systemd\[1\]: Freezing execution|\[!!!!!!\] .*"),
        },
        new()
        {
            Id = CheckId.OrderingCycle,
            Title = "Units depend on each other in a circle, and systemd left one out",
            Sample = """
                Nov 22 18:15:00.123456 systemd[1]: Ordering cycle found, skipping foo.service
                Nov 22 18:15:00.123456 systemd[1]: local-fs.target: Found ordering cycle on data.mount/start
                Nov 22 18:15:00.123456 systemd[1]: sockets.target: Found ordering cycle: a.service/start after b.service/start after a.service/start
                Nov 22 18:15:00.123456 systemd[1]: local-fs.target: Job data.mount/start deleted to break ordering cycle starting with local-fs.target/start
                [ SKIP ] Ordering cycle found, skipping Foo
                """,
            Pattern = Line(@"(?<what>Ordering cycle found, skipping .*|Job .* deleted to break ordering cycle.*|Found ordering cycle(?: on|:) .*)"),
        },
        new()
        {
            Id = CheckId.InitrdCleanup,
            Title = "initrd-cleanup.service was killed",
            Sample = "[    6.789012] systemd[1]: initrd-cleanup.service: Main process exited, code=killed, status=15/TERM",
            Pattern = Line(@"(?<what>initrd-cleanup\.service: Main process exited, code=killed, status=15/TERM)"),
        },
    ];

    private const string StaticNetworkAgent = @"Failed to start (?<what>.*(?:CoreOS|Flatcar) Static Network Agent.*?)\.?$";
}
