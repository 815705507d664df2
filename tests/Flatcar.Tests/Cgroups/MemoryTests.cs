using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Cgroups;

/// <summary>Memory of groups: what is held back, what is protected, who has to go.</summary>
[Category("cgroups")]
public sealed class MemoryTests
{
    private const string KilledOnPurpose = "a process is driven over its limit on purpose";

    // 128 MiB in one line without an end, which tail has to keep.
    private const string Greedy = "head -c 128M /dev/zero | tail >/dev/null";

    [MachineTest("cgroups.memory.high")]
    public async Task Over_its_high_mark_a_group_is_held_back_and_not_killed(Machine machine)
    {
        // Pages of files can be taken back, so the 64 MiB pass through the 16 that may be in use.
        CommandResult written = await machine.RunInUnitAsync(
            $"dd if=/dev/zero of=/var/tmp/kola-high bs=1M count=64 status=none; cat {ControlGroups.Own}/memory.peak {ControlGroups.Own}/memory.events", "MemoryHigh=16M");
        Assert.That(long.Parse(written.Lines[0]), Is.LessThan(32 << 20), "the most it had");
        IReadOnlyDictionary<string, long> events = ControlGroups.Counters(written.Text);
        Assert.That(events["high"], Is.Positive, "times it was held back");
        Assert.That(events["oom_kill"], Is.Zero);
    }

    [MachineTest("cgroups.memory.low")]
    public async Task What_is_protected_stays_when_neighbours_want_memory(Machine machine)
    {
        await machine.SudoAsync("""
            for file in kept lost; do head -c 16M /dev/zero >/var/tmp/kola-$file; done; sync; echo 3 >/proc/sys/vm/drop_caches
            systemctl set-property --runtime kola_share.slice MemoryMax=48M MemoryLow=24M MemorySwapMax=0
            """);
        foreach ((string name, string low) in new[] { ("kept", "20M"), ("lost", "0") })
        {
            await machine.StartUnitAsync($"kola-{name}", $"cat /var/tmp/kola-{name} >/dev/null; touch /run/kola-{name}; exec sleep infinity", "Slice=kola_share.slice", $"MemoryLow={low}");
            await machine.FileExistsAsync($"/run/kola-{name}");
        }

        // 32 MiB of files and 24 of its own are more than the 48 the slice may have.
        await machine.RunInUnitAsync("head -c 24M /dev/zero | tail >/dev/null", "Slice=kola_share.slice");
        long kept = (await machine.GroupCountersAsync("kola-kept", "memory.stat"))["file"], lost = (await machine.GroupCountersAsync("kola-lost", "memory.stat"))["file"];
        Assert.That(kept, Is.GreaterThan(15 << 20), "bytes of the protected group's file that are still in memory");
        Assert.That(lost, Is.LessThan(12 << 20), "bytes of the other's: it had to give");
    }

    [MachineTest("cgroups.memory.oom-group")]
    [Tolerates("out-of-memory", because: KilledOnPurpose)]
    public async Task One_too_many_takes_all_of_its_group_along_where_that_is_asked_for(Machine machine)
    {
        const string script = $"sleep 4321 & {Greedy}; touch /run/kola-after; wait";
        await machine.StartUnitAsync("kola-all", script, "MemoryMax=24M", "MemorySwapMax=0", "OOMPolicy=kill");
        Assert.That((await machine.UnitEndedAsync("kola-all")).Result, Is.EqualTo("oom-kill"));
        Assert.That((await machine.TryRunAsync("pgrep --full --exact 'sleep 4321'; test -e /run/kola-after && echo went on")).Text, Is.Empty, "what is left of the group");

        await machine.StartUnitAsync("kola-one", script, "MemoryMax=24M", "MemorySwapMax=0", "OOMPolicy=continue");
        await machine.FileExistsAsync("/run/kola-after");
        Assert.That((await machine.UnitAsync("kola-one")).Active, Is.EqualTo("active"), "only the greedy process was to go");
        await machine.RunAsync("pgrep --full --exact 'sleep 4321' && sudo systemctl stop kola-one && sudo systemctl reset-failed");
    }

    [MachineTest("cgroups.memory.oomd")]
    public async Task Oomd_ends_a_unit_that_only_swaps(Machine machine)
    {
        if ((await machine.TryRunAsync("systemctl cat systemd-oomd.service")).ExitCode != 0)
            Lab.Skip("the image has no systemd-oomd", "Run it on an image that has it.");
        // Reclaim shows as pressure only where pages have somewhere to go.
        await machine.WriteFileAsync("/run/systemd/oomd.conf.d/kola.conf", "[OOM]\nDefaultMemoryPressureDurationSec=1s\n");
        await machine.SudoAsync("fallocate -l 256M /var/tmp/kola-swap && chmod 0600 /var/tmp/kola-swap && mkswap -q /var/tmp/kola-swap && swapon /var/tmp/kola-swap && systemctl restart systemd-oomd");
        await machine.StartUnitAsync("kola-bystander", "exec sleep infinity", "ManagedOOMMemoryPressure=kill", "ManagedOOMMemoryPressureLimit=5%");
        await machine.StartUnitAsync("kola-swaps", "while :; do head -c 200M /dev/zero | tail >/dev/null; done", "MemoryHigh=12M", "ManagedOOMMemoryPressure=kill", "ManagedOOMMemoryPressureLimit=5%");
        await machine.UnitEndedAsync("kola-swaps", TimeSpan.FromMinutes(1));
        Assert.That(await machine.JournalAsync("--boot --unit=systemd-oomd.service --grep='^Killed .*kola-swaps'"), Is.Not.Empty, "it ended, and not by oomd");
        Assert.That((await machine.UnitAsync("kola-bystander")).Active, Is.EqualTo("active"));
    }

    [MachineTest("cgroups.memory.slice")]
    [Tolerates("out-of-memory", because: KilledOnPurpose)]
    public async Task A_slice_limits_its_units_together(Machine machine)
    {
        await machine.RunAsync("sudo systemctl set-property --runtime kola_both.slice MemoryMax=40M MemorySwapMax=0");
        // Each wants 24 MiB, the first in files that only memory holds: one fits, two do not.
        await machine.StartUnitAsync("kola-first", "mount -t tmpfs none /mnt && head -c 24M /dev/zero >/mnt/file && touch /run/kola-has; exec sleep infinity", "Slice=kola_both.slice", "PrivateMounts=yes");
        await machine.FileExistsAsync("/run/kola-has");
        await machine.StartUnitAsync("kola-second", "head -c 24M /dev/zero | tail >/dev/null", "Slice=kola_both.slice", "OOMPolicy=stop");
        Assert.That((await machine.UnitEndedAsync("kola-second")).Result, Is.EqualTo("oom-kill"));
        Assert.That((await machine.UnitAsync("kola-first")).Active, Is.EqualTo("active"), "the one that was there first");
        Assert.That((await machine.GroupCountersAsync("kola_both.slice", "memory.events"))["oom_kill"], Is.Positive);
        await machine.RunAsync("sudo systemctl stop kola-first && sudo systemctl reset-failed");
    }
}
