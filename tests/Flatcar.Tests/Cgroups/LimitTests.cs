using System.Globalization;
using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Cgroups;

/// <summary>Control groups: limits that bite, not limits that are written down.</summary>
[Category("cgroups")]
public sealed class LimitTests
{
    // The group of the process that asks, as a directory.
    private const string Own = "/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)";

    [MachineTest("cgroups.limits")]
    [Tolerates("out-of-memory", because: "a process is driven over its limit on purpose")]
    public async Task Limits_of_memory_cpu_and_processes_bite(Machine machine, Lab lab)
    {
        await lab.StepAsync("Unified", () => HierarchyIsUnifiedAsync(machine));
        await lab.StepAsync("MemoryMax", () => MemoryMaxKillsAsync(machine));
        await lab.StepAsync("MemoryWithinLimits", () => MemoryBelowTheLimitIsLeftAloneAsync(machine));
        await lab.StepAsync("CpuMax", () => CpuMaxThrottlesAsync(machine));
        await lab.StepAsync("PidsMax", () => PidsMaxRefusesAsync(machine));
        await lab.StepAsync("Freeze", () => FrozenProcessesStandStillAsync(machine));
    }

    private static async Task HierarchyIsUnifiedAsync(Machine machine)
    {
        Assert.That((await machine.MountsAsync("/sys/fs/cgroup")).Select(m => m.Type), Is.EqualTo(new[] { "cgroup2" }));
        CommandResult facts = await machine.RunAsync("grep -c ' cgroup rw' /proc/mounts; cat /sys/fs/cgroup/cgroup.controllers");
        Assert.That(facts.Lines[0], Is.EqualTo("0"), "mounts of version 1");
        string[] controllers = ["cpu", "cpuset", "io", "memory", "pids"];
        Assert.That(facts.Lines[1].Split(' '), Is.SupersetOf(controllers));
    }

    private static async Task MemoryMaxKillsAsync(Machine machine)
    {
        // tail keeps the last line, which has no end: it needs all of the 128 MiB.
        await machine.TryRunAsync("sudo systemd-run --quiet --unit=kola-greedy --wait --property=MemoryMax=24M --property=MemorySwapMax=0 --property=OOMPolicy=stop sh -c 'head -c 128M /dev/zero | tail >/dev/null'");
        Unit unit = await machine.UnitAsync("kola-greedy");
        Assert.That((unit.Active, unit.Result), Is.EqualTo(("failed", "oom-kill")));
        await machine.RunAsync("sudo systemctl reset-failed kola-greedy");
    }

    private static async Task MemoryBelowTheLimitIsLeftAloneAsync(Machine machine)
    {
        CommandResult events = await machine.RunAsync($"sudo systemd-run --quiet --wait --pipe --property=MemoryMax=96M sh -c 'head -c 16M /dev/zero | tail | wc -c; cat {Own}/memory.events'");
        Assert.That(events.Lines[0], Is.EqualTo($"{16 << 20}"));
        Assert.That(events.Lines, Does.Contain("oom_kill 0"));
    }

    private static async Task CpuMaxThrottlesAsync(Machine machine)
    {
        // A process that would take a whole CPU is to get a fifth. Its own clock is read, so a slow host does not matter.
        CommandResult spun = await machine.RunAsync($$"""
            sudo systemd-run --quiet --wait --pipe --property=CPUQuota=20% bash -c '
                read -r start _ </proc/uptime; timeout 4 bash -c "while :; do :; done"; read -r end _ </proc/uptime
                echo "elapsed_seconds $start $end"; cat {{Own}}/cpu.stat'
            """);
        Dictionary<string, string[]> told = spun.Lines.Select(line => line.Split(' ')).ToDictionary(words => words[0], words => words[1..]);
        double elapsed = Number(told["elapsed_seconds"][1]) - Number(told["elapsed_seconds"][0]);
        double used = Number(told["usage_usec"][0]) / 1e6;
        Assert.That(Number(told["nr_throttled"][0]), Is.GreaterThan(5), "periods in which it was made to wait");
        Assert.That(used / elapsed, Is.InRange(0.05, 0.35), $"share of a CPU: {used:0.00} s of {elapsed:0.00} s");
    }

    private static async Task PidsMaxRefusesAsync(Machine machine)
    {
        // xargs goes on with fewer when a fork is refused, so this ends well although 16 were asked for.
        CommandResult forked = await machine.RunAsync($"sudo systemd-run --quiet --wait --pipe --property=TasksMax=6 sh -c 'seq 16 | xargs -n 1 -P 16 sh -c \"echo started; sleep 0.5\"; cat {Own}/pids.events {Own}/pids.peak'");
        Assert.That(forked.Lines.Count(line => line == "started"), Is.EqualTo(16), "refused forks were tried again");
        string[] refused = forked.Lines.Single(line => line.StartsWith("max ", StringComparison.Ordinal)).Split(' ');
        Assert.That(Number(refused[1]), Is.Positive, "forks that were refused");
        Assert.That(Number(forked.Lines[^1]), Is.EqualTo(6), "the most there ever were");
    }

    private static async Task FrozenProcessesStandStillAsync(Machine machine)
    {
        await machine.RunAsync("sudo systemd-run --quiet --collect --unit=kola-clock sh -c 'while :; do date +%N >/run/kola-clock.new; mv /run/kola-clock.new /run/kola-clock; sleep 0.1; done'");
        await machine.WaitForAsync("the clock to tick", () => machine.TryRunAsync("test -s /run/kola-clock"), seen => seen.ExitCode == 0);
        // Standing still shows only in time that passes: there is nothing to wait for.
        CommandResult still = await machine.RunAsync("sudo systemctl freeze kola-clock && cat /run/kola-clock && sleep 0.5 && cat /run/kola-clock && sudo systemctl thaw kola-clock");
        Assert.That(still.Lines, Has.Count.EqualTo(2));
        Assert.That(still.Lines[1], Is.EqualTo(still.Lines[0]), "it went on while it was frozen");
        await machine.WaitForAsync("it to go on", () => machine.ReadFileAsync("/run/kola-clock"), now => now.Trim() != still.Lines[0]);
        await machine.RunAsync("sudo systemctl stop kola-clock");
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
