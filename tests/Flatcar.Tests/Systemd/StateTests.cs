using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Systemd;

/// <summary>systemd itself: that it came up whole, can be replaced while it runs, and can begin again without the kernel.</summary>
[Category("systemd")]
public sealed class StateTests
{
    [MachineTest("systemd.state")]
    public async Task The_system_is_running_without_a_failed_unit_or_a_cycle(Machine machine)
    {
        Assert.That((await machine.TryRunAsync("systemctl is-system-running")).Text, Is.EqualTo("running"));
        Assert.That((await machine.RunAsync("systemctl list-units --state=failed,error,bad-setting --plain --no-legend")).Text, Is.Empty, "units that failed, or are written wrongly");
        Assert.That((await machine.RunAsync("systemctl list-jobs --no-legend")).Text, Is.Empty, "jobs that are waiting for something");
        Assert.That(await machine.JournalAsync("--boot _PID=1 --grep='ordering cycle|Unknown (key|section|lvalue)|is not executable|Dependency failed'"), Is.Empty, "what systemd complained of");
    }

    [MachineTest("systemd.services")]
    public async Task Services_everybody_leans_on_answer(Machine machine)
    {
        CommandResult answers = await machine.RunAsync("""
            resolvectl query localhost >/dev/null && echo resolved; sudo udevadm control --ping && echo udevd; loginctl --no-legend list-users | grep -q core && echo logind
            systemctl is-active systemd-networkd && networkctl --no-legend --no-pager list | grep -q 'routable *configured' && echo networkd; busctl call org.freedesktop.timedate1 /org/freedesktop/timedate1 org.freedesktop.DBus.Peer Ping && echo timedated
            """);
        Assert.That(answers.Lines, Is.EqualTo(new[] { "resolved", "udevd", "logind", "active", "networkd", "timedated" }));
    }

    [MachineTest("systemd.reexec")]
    public async Task Systemd_is_replaced_while_services_go_on(Machine machine)
    {
        await machine.StartUnitAsync("kola-stays", "exec sleep infinity", "MemoryMax=64M");
        int before = (await machine.UnitAsync("kola-stays")).MainPid, login = (await machine.UnitAsync("systemd-logind.service")).MainPid;
        await machine.RunAsync("sudo systemctl daemon-reexec");
        Assert.That((await machine.RunAsync("tr '\\0' ' ' </proc/1/cmdline")).Text, Does.Contain("--deserialize"), "process 1 is the old one");
        Assert.That(((await machine.UnitAsync("kola-stays")).MainPid, (await machine.UnitAsync("systemd-logind.service")).MainPid), Is.EqualTo((before, login)));
        // What is known of a unit came along: it can still be stopped, and its end is seen.
        await machine.RunAsync($"sudo kill {before}");
        Assert.That((await machine.UnitEndedAsync("kola-stays")).Result, Is.EqualTo("success"));
    }

    [MachineTest("systemd.soft-reboot", Since = "3975.0.0")]
    public async Task A_soft_reboot_begins_user_space_again_and_keeps_the_kernel(Machine machine)
    {
        CommandResult before = await machine.RunAsync("cat /proc/sys/kernel/random/boot_id; systemctl show --property=SoftRebootsCount --value; systemctl show --property=InvocationID --value systemd-journald.service; sudo touch /run/kola-kept /tmp/kola-file");
        // What /run holds stays, as the kernel does; every service is a new one.
        await machine.SoftRebootAsync();
        CommandResult after = await machine.RunAsync("cat /proc/sys/kernel/random/boot_id; systemctl show --property=SoftRebootsCount --value; systemctl show --property=InvocationID --value systemd-journald.service; test -e /run/kola-kept && echo kept");
        Assert.That((before.Lines[1], after.Lines[1]), Is.EqualTo(("0", "1")));
        Assert.That(after.Lines[0], Is.EqualTo(before.Lines[0]), "the boot id: it was the kernel too");
        Assert.That(after.Lines[2], Is.Not.EqualTo(before.Lines[2]), "journald was not started anew");
        Assert.That(after.Lines[^1], Is.EqualTo("kept"));
    }

    [MachineTest("systemd.user-session")]
    public async Task A_users_first_login_starts_the_own_manager_and_the_last_logout_ends_it(Machine machine)
    {
        await machine.RunAsync("sudo useradd --create-home --uid 1234 kola-guest");
        await machine.StartUnitAsync("kola-session", "touch $XDG_RUNTIME_DIR/mine && touch /tmp/kola-logged-in; exec sleep infinity", "User=kola-guest", "PAMName=login");
        await machine.FileExistsAsync("/tmp/kola-logged-in");
        await machine.WaitForUnitAsync("user@1234.service");
        Assert.That((await machine.RunAsync("loginctl list-sessions --no-legend | grep -c kola-guest; stat --format=%U:%a /run/user/1234")).Lines, Is.SupersetOf(new[] { "kola-guest:700" }));
        await machine.RunAsync("sudo loginctl terminate-user kola-guest");
        await machine.UnitEndedAsync("kola-session");
        // Ten seconds after the last session, by default.
        await machine.WaitForAsync("what was the user's to be gone", () => machine.TryRunAsync("pgrep --uid 1234; ls -d /run/user/1234 2>/dev/null"), seen => seen.Text.Length == 0, TimeSpan.FromMinutes(1));
    }

    [MachineTest("systemd.coredump")]
    [Tolerates("core-dump", because: "a process is made to crash")]
    [Tolerates("segfault", because: "a process is made to crash")]
    public async Task A_crash_leaves_a_core_that_can_be_looked_at(Machine machine)
    {
        await machine.StartUnitAsync("kola-crash", "touch /run/kola-crash; exec sleep 4323");
        await machine.WaitForAsync("it to sleep", () => machine.TryRunAsync("pgrep --full --exact 'sleep 4323'"), seen => seen.ExitCode == 0);
        await machine.RunAsync("sudo systemctl kill --signal=SEGV kola-crash");
        Assert.That((await machine.UnitEndedAsync("kola-crash")).Result, Is.EqualTo("core-dump"));
        CommandResult core = await machine.WaitForAsync("the core to be stored", () => machine.TryRunAsync("sudo coredumpctl --no-pager --no-legend list sleep"), seen => seen.Text.Contains(" present ", StringComparison.Ordinal), TimeSpan.FromMinutes(1));
        Assert.That(core.Text, Does.Contain("SIGSEGV"));
        CommandResult dump = await machine.RunAsync("sudo coredumpctl dump sleep --output=/var/tmp/kola-core 2>/dev/null >/dev/null; sudo head -c 4 /var/tmp/kola-core | tail -c 3; sudo grep -qaF 4323 /var/tmp/kola-core && echo holds its arguments; stat --format=%a:%U /var/lib/systemd/coredump/core.*");
        Assert.That(dump.Text, Does.StartWith("ELF").And.Contain("holds its arguments"));
        Assert.That(dump.Lines[^1], Is.EqualTo("640:root"), "a core holds secrets: nobody else may read it");
        await machine.RunAsync("sudo systemctl reset-failed");
    }

    [MachineTest("systemd.portable")]
    public async Task A_portable_service_is_attached_runs_and_leaves(Machine machine)
    {
        if ((await machine.TryRunAsync("command -v portablectl")).ExitCode != 0)
            Lab.Skip("the image has no portablectl", "Run it on an image that has it.");
        await machine.SudoAsync("""
            set -e; root=/var/tmp/kola-portable; mkdir -p $root/usr/lib/systemd/system $root/usr/bin $root/etc $root/proc $root/sys $root/dev $root/run $root/tmp $root/var/tmp
            cp /usr/bin/sleep $root/usr/bin/; for library in $(ldd /usr/bin/sleep | grep -o '/[^ ]*'); do mkdir -p $root$(dirname $library); cp -L $library $root$library; done
            echo ID=kola >$root/usr/lib/os-release; touch $root/etc/resolv.conf $root/etc/machine-id
            printf '[Service]\nExecStart=/usr/bin/sleep infinity\n' >$root/usr/lib/systemd/system/kola-portable.service
            portablectl attach --runtime --now $root kola-portable >/dev/null 2>&1
            """);
        CommandResult seen = await machine.RunAsync("systemctl is-active kola-portable; sudo readlink /proc/$(systemctl show --property=MainPID --value kola-portable)/root; sudo ls /proc/$(systemctl show --property=MainPID --value kola-portable)/root/usr/bin");
        Assert.That(seen.Lines[0], Is.EqualTo("active"));
        Assert.That(seen.Lines[^1], Is.EqualTo("sleep"), "it sees its own root");
        await machine.RunAsync("sudo portablectl detach --runtime --now /var/tmp/kola-portable >/dev/null 2>&1; ! systemctl cat kola-portable.service");
    }
}
