using System.Globalization;
using Kola.Discovery;
using Kola.Planning;
using Kola.Scheduling;

namespace Kola.Cli.Bench;

/// <summary>
/// What planning costs when there is much of it: a made-up catalog is planned, its run on many made-up hosts is forecast, and the real
/// schedule gives every test its turn. Boots nothing, and is the same work on every host.
/// </summary>
internal static class PlanBenchmark
{
    private const int Shapes = 50;

    /// <summary>Makes a plan and its forecast, several times.</summary>
    /// <param name="tests">How many tests, at least 1.</param>
    /// <param name="hosts">On how many hosts of 4 cores and 16 GiB, at least 1.</param>
    /// <param name="repetitions">At least 1. The first is slower: code is compiled in it.</param>
    internal static IReadOnlyList<PlanCost> Measure(int tests, int hosts, int repetitions)
    {
        TestCase[] found = [.. Enumerable.Range(0, tests).Select(Synthetic)];
        CostHistory history = HistoryOf(found);
        return [.. Enumerable.Range(0, repetitions).Select(_ => Once(found, hosts, history))];
    }

    private static PlanCost Once(TestCase[] found, int hosts, CostHistory history)
    {
        var host = new Capacity { Machines = 100, MemoryMiB = 16 * 1024, Cpus = 4 };
        var setting = new Setting { Platform = "synthetic", Features = Enum.GetValues<Feature>().Except([Feature.Tpm]).ToHashSet(), Capacity = host, Image = Image(), Checks = new HashSet<string>() };
        var expected = new Expectation { History = history, Flavour = "synthetic" };
        TimeProvider time = TimeProvider.System;
        long bytes = GC.GetTotalAllocatedBytes(precise: true), start = time.GetTimestamp();
        Plan plan = Plan.For(Catalog.Of(found), new Selection(), setting);
        double planned = time.GetElapsedTime(start).TotalSeconds;
        start = time.GetTimestamp();
        Forecast forecast = Forecast.Of(plan, [.. Enumerable.Repeat(host, hosts)], expected, seed: 1, TemplatePlan.ByShape);
        double forecasted = time.GetElapsedTime(start).TotalSeconds;
        bytes = GC.GetTotalAllocatedBytes(precise: true) - bytes;
        start = time.GetTimestamp();
        Scheduled(plan, hosts, expected);
        return new PlanCost(planned, forecasted, time.GetElapsedTime(start).TotalSeconds, bytes, forecast);
    }

    // As one host with the capacity of all; every turn is given back at once.
    private static void Scheduled(Plan plan, int hosts, Expectation expected)
    {
        var schedule = new Schedule(new Capacity { Machines = 100 * hosts, MemoryMiB = 16 * 1024 * hosts, Cpus = 4 * hosts }, 1, expected);
        Task[] turns = [.. plan.ToRun.Select(TakeAsync)];
        schedule.Open();
        Task.WaitAll(turns);

        async Task TakeAsync(TestCase test)
        {
            using Turn turn = await schedule.TakeTurnAsync(test, CancellationToken.None);
        }
    }

    // Of every kind: long and short, one to three machines, copies and cold ones, and some that are skipped.
    private static TestCase Synthetic(int i) => new()
    {
        Id = string.Create(CultureInfo.InvariantCulture, $"synthetic.part{i % 37}.test{i}"),
        Sentence = "Something holds",
        Source = string.Create(CultureInfo.InvariantCulture, $"Synthetic.Test{i}"),
        Minutes = 1 + i % 29,
        Fresh = i % 11 == 0,
        Machines = [.. Enumerable.Range(0, i % 10 < 8 ? 1 : i % 10 - 6).Select(m => Machine(i, m))],
    };

    private static MachineSpec Machine(int i, int m) => new()
    {
        Name = string.Create(CultureInfo.InvariantCulture, $"m{m}"),
        Config = string.Create(CultureInfo.InvariantCulture, $$$"""{"ignition":{"version":"3.3.0"},"storage":{"files":[{"path":"/etc/shape-{{{i % Shapes}}}","contents":{"source":"data:,x"}}]}}"""),
        ConfigFile = "synthetic.ign",
        MemoryMiB = 512 << i % 3,
        Tpm = i % 97 == 0,
    };

    // Four of five are known.
    private static CostHistory HistoryOf(TestCase[] tests)
    {
        DateTimeOffset at = DateTimeOffset.UnixEpoch;
        IEnumerable<RunEvent> OfOne(TestCase test, int i) =>
        [
            new TestStarted { At = at, Test = test.Id, Attempt = 1, DeadlineSeconds = 600 },
            new MachineEnded { At = at, Test = test.Id, Machine = "m0", PlatformFault = false, Detail = "disposed", ProcessorSeconds = 5 + i * 7919L % 400 / 10.0, MemoryMiB = 300 + i % 500 },
            new TestEnded { At = at, Test = test.Id, Attempt = 1, Outcome = Outcome.Passed, ElapsedSeconds = 5 + i * 104729L % 2000 / 10.0 },
        ];
        var run = new RunStarted { At = at, Run = "synthetic", Kola = "", CommandLine = [], Platform = "synthetic", Facts = new Dictionary<string, string>(), Image = Image(), Slowness = 1 };
        return CostHistory.Empty.With(tests.Where((_, i) => i % 5 != 0).SelectMany(OfOne).Prepend(run));
    }

    private static Image Image() => new() { File = "/synthetic.img", Format = "raw", Digest = "sha256:" + new string('0', 64), Name = "synthetic", Version = "1.0.0" };
}

/// <summary>What planning cost once.</summary>
/// <param name="PlanSeconds">Wall seconds until the plan was made.</param>
/// <param name="ForecastSeconds">Wall seconds from then until its forecast was made.</param>
/// <param name="ScheduleSeconds">Wall seconds for a schedule to give every test its turn.</param>
/// <param name="Bytes">Allocated for plan and forecast.</param>
/// <param name="Forecast">What came out.</param>
internal sealed record PlanCost(double PlanSeconds, double ForecastSeconds, double ScheduleSeconds, long Bytes, Forecast Forecast)
{
    /// <summary>Wall seconds for plan and forecast together.</summary>
    internal double Seconds => PlanSeconds + ForecastSeconds;
}
