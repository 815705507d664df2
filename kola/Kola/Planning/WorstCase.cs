using System.Globalization;
using Kola.Scheduling;

namespace Kola.Planning;

/// <summary>The most a run can cost, told before it starts: every test to its deadline, on as many machines as may run at once, with all its retries.</summary>
public sealed record WorstCase
{
    /// <summary>Most machines at once.</summary>
    public required int Machines { get; init; }

    /// <summary>Most hours of machines, all together.</summary>
    public required double MachineHours { get; init; }

    /// <summary>Of a plan.</summary>
    /// <param name="plan">What is to run.</param>
    /// <param name="most">What may be in use at once.</param>
    /// <param name="slowness">What deadlines are multiplied by.</param>
    /// <param name="repetitions">How often each test may run, at least 1: its retries and itself, or its repetitions.</param>
    /// <param name="parity">Share of the tests that run once more on other machines, 0 to 1.</param>
    /// <param name="limit">Longest time the run may take; null for any.</param>
    public static WorstCase Of(Plan plan, Capacity most, double slowness, int repetitions, double parity, TimeSpan? limit)
    {
        TestCase[] tests = [.. plan.ToRun];
        int machines = Math.Min(most.Machines, AtOnce(tests, most.MemoryMiB));
        double minutes = tests.Sum(t => (double)t.Machines.Count * t.Minutes) * slowness * (repetitions + parity);
        double hours = minutes / 60;
        // What has not ended by the limit is ended.
        return new WorstCase { Machines = machines, MachineHours = limit is { } time ? Math.Min(hours, machines * time.TotalHours) : hours };
    }

    // As many of the smallest as memory holds, and one at least: work that is too large for its host runs alone.
    private static int AtOnce(IEnumerable<TestCase> tests, int memoryMiB)
    {
        int left = memoryMiB;
        return Math.Max(1, tests.SelectMany(t => t.Machines).Select(m => m.MemoryMiB).Order().TakeWhile(mib => (left -= mib) >= 0).Count());
    }

    /// <summary>One line: <c>at worst 2 machines at once and 12.5 machine-hours</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"at worst {Machines} {(Machines == 1 ? "machine" : "machines at once")} and {MachineHours:0.0} machine-hours");
}
