namespace Flatcar.Tests.Faults;

/// <summary>What may be wrong with systemd and what it starts.</summary>
public static class SystemdFaults
{
    private const string Install = "[Install]\nWantedBy=multi-user.target";

    [Fault("systemd.unit-failed", "a unit has failed", Near = ["cl.basic", "systemd.*"])]
    public static Task A_unit_fails(Machine machine) =>
        machine.AddUnitAsync("fault.service", "[Service]\nType=oneshot\nExecStart=/bin/false", "systemctl is-failed --quiet fault.service");

    [Fault("systemd.boot-degraded", "a unit of multi-user.target fails at boot", Reboots = true, Near = ["cl.basic", "systemd.*"])]
    public static Task A_unit_fails_at_boot(Machine machine) => machine.BreakAsync(
        $"printf '%s\\n' {Machine.Quote("[Service]\nType=oneshot\nExecStart=/bin/false\n" + Install)} >/etc/systemd/system/fault.service; systemctl enable fault.service",
        "systemctl is-enabled --quiet fault.service");

    [Fault("systemd.restart-loop", "a service dies and is started again, all the time", Near = ["systemd.*", "core.*", "boot.*"])]
    public static Task A_service_is_restarted_all_the_time(Machine machine) => machine.AddUnitAsync(
        "fault.service", "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sleep 0.2\nRestart=always\nRestartSec=500ms\n" + Install,
        "test $(systemctl show --property=NRestarts --value fault.service) -ge 2");

    [Fault("systemd.logind-stopped", "systemd-logind is masked", Near = ["systemd.*", "core.*", "cl.basic"])]
    public static Task Logind_is_gone(Machine machine) => machine.StopForGoodAsync("systemd-logind.service");

    [Fault("systemd.user-sessions", "no user gets a service manager of his own", Near = ["systemd.*", "core.*"])]
    public static Task Users_have_no_manager(Machine machine) => machine.BreakAsync(
        "systemctl mask user@.service; systemctl stop user@500.service",
        "! systemctl is-active --quiet user@500.service && ! systemctl start user@500.service 2>/dev/null");

    [Fault("systemd.tmpfiles-clean", "old temporary files are never removed", Near = ["systemd.*", "core.*"])]
    public static Task Temporary_files_stay(Machine machine) => machine.StopForGoodAsync("systemd-tmpfiles-clean.timer");

    [Fault("systemd.tmpfiles-ignored", "no rules for temporary files are read from /etc", Near = ["systemd.*", "core.*"])]
    public static Task Rules_for_files_are_not_read(Machine machine) => machine.BreakAsync(
        "mount --bind /bin/true $(command -v systemd-tmpfiles)",
        "echo 'd /run/fault-made' >/run/fault.conf; systemd-tmpfiles --create /run/fault.conf; test ! -e /run/fault-made");

    [Fault("systemd.journal-none", "the journal stores nothing", Near = ["systemd.journal.*", "systemd.*", "core.*"])]
    public static Task The_journal_stores_nothing(Machine machine) => machine.BreakAsync(
        "mkdir -p /etc/systemd/journald.conf.d; printf '[Journal]\\nStorage=none\\n' >/etc/systemd/journald.conf.d/99-fault.conf; systemctl restart systemd-journald.service",
        "logger --tag fault gone; sleep 1; ! journalctl --quiet --identifier=fault --no-pager | grep -q gone");

    [Fault("systemd.journal-unpersistent", "the journal is lost with the boot", Near = ["systemd.journal.*", "systemd.*", "core.*"])]
    public static Task The_journal_is_kept_in_memory(Machine machine) => machine.BreakAsync(
        "mkdir -p /etc/systemd/journald.conf.d; printf '[Journal]\\nStorage=volatile\\n' >/etc/systemd/journald.conf.d/99-fault.conf; rm -rf /var/log/journal; systemctl restart systemd-journald.service",
        "logger --tag fault there; journalctl --quiet --identifier=fault --no-pager | grep -q there && test ! -e /var/log/journal");

    [Fault("systemd.journald-stopped", "journald is masked", Near = ["systemd.journal.*", "systemd.*"])]
    public static Task Journald_is_gone(Machine machine) =>
        machine.StopForGoodAsync("systemd-journald.service", "systemd-journald.socket", "systemd-journald-dev-log.socket", "systemd-journald-audit.socket");

    [Fault("systemd.timezone", "the machine lives in Tokyo", Near = ["core.*", "systemd.*", "cl.basic"])]
    public static Task The_time_zone_is_another(Machine machine) =>
        machine.BreakAsync("ln -sf /usr/share/zoneinfo/Asia/Tokyo /etc/localtime", "test $(date +%Z) = JST");

    [Fault("systemd.locale", "the locale is one there is not", Near = ["core.*", "systemd.*"])]
    public static Task The_locale_is_none(Machine machine) =>
        machine.BreakAsync("echo LANG=xx_XX.UTF-8 >/etc/locale.conf; systemctl set-environment LANG=xx_XX.UTF-8", "systemd-run --quiet --wait --pipe sh -c 'test $LANG = xx_XX.UTF-8'");

    [Fault("systemd.machine-id-shared", "the machine id is the one images are shipped with", Near = ["cl.basic", "core.*"])]
    public static Task The_machine_id_is_blank(Machine machine) =>
        machine.BreakAsync("echo 42000000000000000000000000000042 >/etc/machine-id", "systemd-id128 machine-id | grep -q ^4200");

    [Fault("systemd.core-dumps", "nobody takes the memory of what crashes", Near = ["systemd.*", "core.*", "cgroups.*"])]
    public static Task Core_dumps_are_lost(Machine machine) => machine.SetKernelAsync("kernel.core_pattern", "/dev/null");

    [Fault("systemd.sysusers", "no system users are made", Near = ["systemd.sysusers.*", "systemd.*"])]
    public static Task System_users_are_not_made(Machine machine) => machine.BreakAsync(
        "mount --bind /bin/true $(command -v systemd-sysusers)", "echo 'u faultuser -' >/run/fault.conf; systemd-sysusers /run/fault.conf; ! getent passwd faultuser");

    [Fault("systemd.udev-stopped", "devices that come are not set up", Near = ["storage.*", "systemd.*", "core.*"])]
    public static Task Udev_is_gone(Machine machine) =>
        machine.StopForGoodAsync("systemd-udevd.service", "systemd-udevd-control.socket", "systemd-udevd-kernel.socket");

    [Fault("systemd.transient-units", "systemd takes a minute to start what it is asked to run", Near = ["systemd.*", "cgroups.*"])]
    public static Task Services_start_late(Machine machine) => machine.BreakAsync(
        "mkdir -p /etc/systemd/system/service.d; printf '[Service]\\nExecStartPre=/bin/sleep 60\\n' >/etc/systemd/system/service.d/99-fault.conf; systemctl daemon-reload",
        "systemctl show --property=ExecStartPre systemd-hostnamed.service | grep -q 'sleep 60'");
}
