using Kola.Discovery;
using Kola.Planning;
using Kola.Scheduling;

namespace Kola.Tests.Planning;

/// <summary>What a run can cost at most, told before it starts.</summary>
public sealed class WorstCaseTests
{
    private static readonly MachineSpec s_machine = new() { Name = "machine" };

    // 10 minutes on one machine, and 30 on two.
    private static readonly Plan s_plan = Plan.For(
        Catalog.Of([Some.Case("one", 10, s_machine), Some.Case("two", 30, s_machine with { Name = "hub" }, s_machine with { Name = "spoke" })]),
        new Selection(),
        new Setting { Platform = "qemu", Features = Enum.GetValues<Feature>().ToHashSet(), Capacity = Capacity(8), Image = Some.Image(), Checks = new HashSet<string>() });

    [TestCase(8, 1, 1, 0, null, "at worst 3 machines at once and 1.2 machine-hours")]
    [TestCase(2, 1, 1, 0, null, "at worst 2 machines at once and 1.2 machine-hours")]
    [TestCase(1, 6, 1, 0, null, "at worst 1 machine and 7.0 machine-hours")]
    [TestCase(8, 1, 3, 0, null, "at worst 3 machines at once and 3.5 machine-hours")]
    [TestCase(8, 1, 1, 1, null, "at worst 3 machines at once and 2.3 machine-hours")]
    [TestCase(2, 6, 3, 0.5, 30, "at worst 2 machines at once and 1.0 machine-hours")]
    public void It_counts_deadlines_repetitions_and_the_limit(int machines, double slowness, int repetitions, double parity, int? limitMinutes, string told) =>
        Assert.That(WorstCase.Of(s_plan, Capacity(machines), slowness, repetitions, parity, limitMinutes is { } minutes ? TimeSpan.FromMinutes(minutes) : null).ToString(), Is.EqualTo(told));

    [Test]
    public void Memory_bounds_how_many_there_are_at_once() =>
        Assert.That(WorstCase.Of(s_plan, Capacity(8) with { MemoryMiB = 2 * s_machine.MemoryMiB + 1 }, 1, 1, 0, null).Machines, Is.EqualTo(2));

    private static Capacity Capacity(int machines) => new() { Machines = machines, MemoryMiB = 1 << 20, Cpus = 64 };
}
