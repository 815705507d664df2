using System.Globalization;
using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Cgroups;

/// <summary>Processors of groups: who gets how much of them, and which.</summary>
[Category("cgroups")]
public sealed class ProcessorTests
{
    private const string Spin = "while :; do :; done";

    [MachineTest("cgroups.cpu.weight")]
    public async Task Weights_share_a_processor_that_two_want(Machine machine)
    {
        await machine.StartUnitAsync("kola-light", Spin, "Slice=kola_race.slice", "CPUWeight=50");
        await machine.StartUnitAsync("kola-heavy", Spin, "Slice=kola_race.slice", "CPUWeight=400");
        // Two seconds of the lighter one's own time are 16 of the other's; a fraction of that is enough to tell 1 : 8 from 1 : 1.
        async Task<IReadOnlyList<long>> UsedAsync() => [.. (await machine.GroupFilesAsync("cpu.stat", "kola-light", "kola-heavy")).Select(text => ControlGroups.Counters(text)["usage_usec"])];
        IReadOnlyList<long> before = await UsedAsync();
        IReadOnlyList<long> after = await machine.WaitForAsync("the heavy one to have had two seconds", UsedAsync, used => used[1] - before[1] > 2_000_000, TimeSpan.FromMinutes(1));
        double light = after[0] - before[0], heavy = after[1] - before[1];
        await machine.RunAsync("sudo systemctl stop kola-light kola-heavy");
        Assert.That(heavy / Math.Max(light, 1), Is.GreaterThan(4), $"{heavy / 1e6:0.0} s beside {light / 1e6:0.0} s");
    }

    [MachineTest("cgroups.cpuset")]
    public async Task A_unit_stays_on_the_processors_it_is_given([Spec(Cpus = 2)] Machine machine)
    {
        CommandResult seen = await machine.RunInUnitAsync("nproc; taskset --cpu-list --pid $BASHPID | grep -o '[^ ]*$'; taskset --cpu-list 0 true 2>/dev/null && echo moved || echo bound", "AllowedCPUs=1");
        Assert.That(seen.Lines, Is.EqualTo(new[] { "1", "1", "bound" }), "it sees one, it is bound to number 1, and cannot leave");
        CommandResult free = await machine.RunInUnitAsync("nproc; taskset --cpu-list 0 true && echo moved");
        Assert.That(free.Lines, Is.EqualTo(new[] { "2", "moved" }));
    }

    [MachineTest("cgroups.pressure")]
    public async Task Waiting_for_a_processor_or_for_memory_shows_as_pressure(Machine machine)
    {
        await machine.StartUnitAsync("kola-push", $"({Spin}) & {Spin}");
        await machine.WaitForAsync("two that share a processor to wait for it", () => PressureAsync(machine, "kola-push", "cpu"), total => total > 500_000, TimeSpan.FromSeconds(30));
        Assert.That(await PressureAsync(machine, "kola-push", "memory"), Is.LessThan(100_000), "they want no memory");
        await machine.RunAsync("sudo systemctl stop kola-push");
        // What was read is thrown away and read again, since only a part of it fits. It counts as his who reads it first.
        await machine.SudoAsync("head -c 24M /dev/zero >/var/tmp/kola-pressure && sync && echo 3 >/proc/sys/vm/drop_caches");
        await machine.StartUnitAsync("kola-thrash", "while :; do cat /var/tmp/kola-pressure >/dev/null; done", "MemoryHigh=8M");
        await machine.WaitForAsync("a group that has too little memory to wait for it", () => PressureAsync(machine, "kola-thrash", "memory"), total => total > 200_000, TimeSpan.FromSeconds(60));
        await machine.RunAsync("sudo systemctl stop kola-thrash");
    }

    // some avg10=0.00 avg60=0.00 avg300=0.00 total=171071
    private static async Task<long> PressureAsync(Machine machine, string unit, string of) =>
        long.Parse((await machine.GroupFileAsync(unit, $"{of}.pressure")).Split('\n')[0].Split("total=")[1], CultureInfo.InvariantCulture);
}
