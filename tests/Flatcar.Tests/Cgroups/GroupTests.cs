using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Cgroups;

/// <summary>The tree itself: who may make groups, what ends with them, what can be seen from within.</summary>
[Category("cgroups")]
public sealed class GroupTests
{
    [MachineTest("cgroups.kill")]
    public async Task A_group_is_killed_at_once_however_fast_it_forks(Machine machine)
    {
        await machine.StartUnitAsync("kola-forks", "for i in 1 2 3 4 5; do (while :; do sleep 0.05; done) & done; touch /run/kola-forks; wait");
        await machine.FileExistsAsync("/run/kola-forks");
        await machine.SudoAsync("echo 1 >/sys/fs/cgroup$(systemctl show --property=ControlGroup --value kola-forks)/cgroup.kill");
        Unit ended = await machine.UnitEndedAsync("kola-forks");
        Assert.That((ended.Active, ended.Result), Is.EqualTo(("failed", "signal")));
        await machine.RunAsync("! test -e /sys/fs/cgroup/system.slice/kola-forks.service && sudo systemctl reset-failed");
    }

    [MachineTest("cgroups.delegation")]
    [Tolerates("out-of-memory", because: "a process is driven over its limit on purpose")]
    public async Task A_delegated_group_is_its_users_and_nothing_above_it(Machine machine)
    {
        CommandResult inside = await machine.RunInUnitAsync($$"""
            cd {{ControlGroups.Own}} && mkdir main inner && echo $BASHPID >main/cgroup.procs && echo +memory +pids >cgroup.subtree_control && echo 12582912 >inner/memory.max &&
            (echo $BASHPID >inner/cgroup.procs && head -c 64M /dev/zero | tail >/dev/null; cat inner/memory.events | grep '^high') ; cat inner/memory.peak
            echo max >memory.max || echo no further; echo 1 >../memory.max || echo not above; mkdir ../kola-beside || echo not beside
            """, "Delegate=memory pids", "User=core", "MemoryMax=512M");
        string[] peak = [.. inside.Lines.Where(line => long.TryParse(line, out _))];
        Assert.That(peak, Has.Length.EqualTo(1), "no inner group could be made, or it has no memory of its own");
        Assert.That(long.Parse(peak[0]), Is.LessThanOrEqualTo(12 << 20), "the most the inner group had");
        Assert.That(inside.Lines.TakeLast(3), Is.EqualTo(new[] { "no further", "not above", "not beside" }));
    }

    [MachineTest("cgroups.user-manager")]
    [Tolerates("out-of-memory", because: "a user's process is driven over its limit on purpose")]
    public async Task A_users_own_units_have_limits_that_bite(Machine machine)
    {
        CommandResult controllers = await machine.RunAsync("cat /sys/fs/cgroup/user.slice/user-$(id -u).slice/user@$(id -u).service/cgroup.controllers");
        Assert.That(controllers.Text.Split(' '), Is.SupersetOf(new[] { "cpu", "memory", "pids" }), "what systemd hands on to users");
        await machine.TryRunAsync("systemd-run --user --quiet --wait --unit=kola-mine --property=MemoryMax=24M --property=MemorySwapMax=0 --property=OOMPolicy=stop sh -c 'head -c 128M /dev/zero | tail >/dev/null'");
        Assert.That((await machine.RunAsync("systemctl --user show --property=Result --value kola-mine")).Text, Is.EqualTo("oom-kill"));
        CommandResult forked = await machine.RunAsync($"systemd-run --user --quiet --wait --pipe --property=TasksMax=4 sh -c 'seq 8 | xargs -n 1 -P 8 sh -c \"sleep 0.3\"; cat {ControlGroups.Own}/pids.peak'");
        Assert.That(forked.Text, Is.EqualTo("4"), "the most processes there ever were");
    }

    [MachineTest("cgroups.scope")]
    [Tolerates("out-of-memory", because: "the limit is lowered below what is in use on purpose")]
    public async Task A_scope_holds_what_was_started_outside_and_its_limit_can_be_changed(Machine machine)
    {
        CommandResult spun = await machine.RunAsync("sudo systemd-run --quiet --scope --unit=kola-scope --property=TasksMax=64 sh -c 'cat /proc/self/cgroup'");
        Assert.That(spun.Text, Does.EndWith("/kola-scope.scope"));
        await machine.RunAsync("sudo sh -c 'systemd-run --quiet --scope --unit=kola-holds sh -c \"mount -t tmpfs none /mnt && head -c 32M /dev/zero >/mnt/file && touch /run/kola-holds && exec sleep infinity\" >/dev/null 2>&1 &'");
        await machine.FileExistsAsync("/run/kola-holds");
        await machine.RunAsync("sudo systemctl set-property --runtime kola-holds.scope MemoryMax=8M MemorySwapMax=0");
        Assert.That((await machine.UnitEndedAsync("kola-holds.scope")).Result, Is.EqualTo("oom-kill"), "the new limit does not bite");
        await machine.RunAsync("sudo umount /mnt; sudo systemctl reset-failed");
    }

    [MachineTest("cgroups.namespace")]
    public async Task Within_a_namespace_the_own_group_is_the_root(Machine machine)
    {
        CommandResult inside = await machine.SudoAsync("unshare --cgroup --mount sh -c 'cat /proc/self/cgroup; mount -t cgroup2 none /mnt && ls -d /mnt/system.slice /mnt/user.slice /mnt/cgroup.procs 2>/dev/null; cat /proc/1/cgroup'");
        Assert.That(inside.Lines, Has.Count.EqualTo(3));
        Assert.That(inside.Lines[0], Is.EqualTo("0::/"));
        Assert.That(inside.Lines[1], Is.EqualTo("/mnt/cgroup.procs"), "of the host's groups nothing can be seen");
        Assert.That(inside.Lines[2], Does.StartWith("0::/.."), "process 1 is outside");
    }

    [MachineTest("cgroups.v1", Since = "4186.0.0")]
    public async Task Controllers_cannot_be_had_in_the_old_way(Machine machine)
    {
        CommandResult tried = await machine.SudoAsync("mkdir -p /run/kola-v1; for controller in cpu memory pids io blkio cpuset; do mount -t cgroup -o $controller none /run/kola-v1 2>/dev/null && echo $controller && umount /run/kola-v1; done; true");
        Assert.That(tried.Lines, Is.Empty, "controllers that a mount of version 1 takes away from systemd");
        Assert.That((await machine.RunAsync("cat /sys/fs/cgroup/cgroup.controllers")).Text.Split(' '), Is.SupersetOf(new[] { "cpu", "cpuset", "io", "memory", "pids" }));
    }

    [MachineTest("cgroups.cleanup")]
    public async Task Of_a_service_that_ends_nothing_is_left(Machine machine)
    {
        // A child that left the session and hears nothing.
        await machine.StartUnitAsync("kola-parent", "setsid sh -c 'trap \"\" TERM HUP; touch /run/kola-child; while :; do sleep 4322; done' & exec sleep infinity", "TimeoutStopSec=1s");
        await machine.FileExistsAsync("/run/kola-child");
        await machine.RunAsync("sudo systemctl kill --kill-whom=main kola-parent");
        await machine.UnitEndedAsync("kola-parent");
        Assert.That((await machine.TryRunAsync("pgrep --full --exact 'sleep 4322'; ls -d /sys/fs/cgroup/system.slice/kola-parent.service 2>/dev/null")).Text, Is.Empty);
        await machine.RunAsync("sudo systemctl reset-failed");
    }

    [MachineTest("cgroups.accounting")]
    public async Task What_a_unit_used_is_on_its_account(Machine machine)
    {
        await machine.StartUnitAsync("kola-account", "dd if=/dev/zero of=/var/tmp/kola-account bs=1M count=8 oflag=direct status=none; ping -c 3 -i 0.2 127.0.0.1 >/dev/null; touch /run/kola-account; exec sleep infinity", "IOAccounting=yes", "IPAccounting=yes");
        await machine.FileExistsAsync("/run/kola-account");
        CommandResult account = await machine.RunAsync("systemctl show --value --property=IOWriteBytes kola-account; systemctl show --value --property=IPIngressPackets kola-account; systemctl show --value --property=CPUUsageNSec kola-account; systemctl show --value --property=TasksCurrent kola-account");
        Assert.That(account.Lines.Select(long.Parse).ToArray(), Has.Length.EqualTo(4).And.All.Positive);
        Assert.That(long.Parse(account.Lines[0]), Is.InRange(8 << 20, 12 << 20), "bytes written");
        Assert.That(long.Parse(account.Lines[1]), Is.InRange(3, 6), "packets: the requests or the answers, or both");
        await machine.RunAsync("sudo systemctl stop kola-account");
    }

    [MachineTest("cgroups.devices")]
    public async Task Devices_that_are_not_allowed_cannot_be_opened(Machine machine)
    {
        const string script = "head -c 1 /dev/zero | wc -c; head -c 512 $(rootdev -s -d /) 2>/dev/null | wc -c";
        Assert.That((await machine.RunInUnitAsync(script, "DevicePolicy=closed")).Lines, Is.EqualTo(new[] { "1", "0" }));
        Assert.That((await machine.RunInUnitAsync(script, "DevicePolicy=closed", "DeviceAllow=block-* r")).Lines, Is.EqualTo(new[] { "1", "512" }));
    }

    [MachineTest("cgroups.network")]
    public async Task Addresses_that_are_denied_cannot_be_reached(Machine machine)
    {
        CommandResult pings = await machine.RunInUnitAsync("for last in 1 2; do ping -c 1 -W 2 127.0.0.$last >/dev/null 2>&1 && echo reached || echo denied; done", "IPAddressDeny=any", "IPAddressAllow=127.0.0.2");
        Assert.That(pings.Lines, Is.EqualTo(new[] { "denied", "reached" }));
    }
}
