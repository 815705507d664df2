using System.Diagnostics;
using EventLog = Kola.Reporting.EventLog;
using System.Globalization;
using Kola.Machines;
using Kola.Planning;
using Kola.Reporting;

namespace Kola.Cli.Bench;

/// <summary>Trivial tests from the session's first word to its report: once while their template is made, once on copies of it, once cold.</summary>
internal static class TestsPart
{
    internal const string Name = "tests";

    private const double MostProcessorOfHarness = 0.3;

    internal static async Task<IReadOnlyList<Figure>> MeasureAsync(BenchLab lab, int count, Interruptions interruptions)
    {
        int cold = Math.Max(2, count / 5);
        Ran making = await RunAsync(lab, "making", count, isCold: false, interruptions);
        Ran copies = await RunAsync(lab, "copies", count, isCold: false, interruptions);
        Ran booted = await RunAsync(lab, "cold", cold, isCold: true, interruptions);
        string jobs = string.Create(CultureInfo.InvariantCulture, $"at once {making.AtOnce}, {copies.AtOnce}, {booted.AtOnce} machines at most");
        string scaled = string.Create(CultureInfo.InvariantCulture, $"a cold test is one of {cold}");
        double perCold = booted.Wall.TotalSeconds / cold;
        return
        [
            .. FiguresOf(making, $"{count} trivial tests, their template made first", making.Note),
            .. FiguresOf(copies, $"{count} trivial tests, cloned", copies.Note),
            .. FiguresOf(booted, $"{cold} trivial tests, cold", jobs),
            Figure.Ratio(Name, "a test cloned / the same cold", [copies.Wall.TotalSeconds / count / perCold], target: 1 / 12.0, scaled),
            Figure.Ratio(Name, "the same, the template made first", [making.Wall.TotalSeconds / count / perCold], target: 1 / 12.0, scaled),
            Figure.Ratio(Name, "a test cloned / the same cold: CPU seconds", [copies.Processor / count / (booted.Processor / cold)]),
            Harness(making, "its code compiled and the template made among it"),
            Harness(copies, null),
        ];
    }

    private static IEnumerable<Figure> FiguresOf(Ran ran, string what, string? note) =>
    [
        new Figure { Part = Name, What = $"{what}: all", Unit = "s", Values = [ran.Wall.TotalSeconds], Processor = [ran.Processor], Note = note },
        new Figure { Part = Name, What = $"{what}: per test", Unit = "s", Values = [ran.Wall.TotalSeconds / ran.Count], Processor = [ran.Processor / ran.Count] },
        new Figure { Part = Name, What = $"{what}: from turn to verdict", Unit = "s", Values = ran.Tests },
    ];

    private static Figure Harness(Ran ran, string? note) => new()
    {
        Part = Name,
        What = $"CPU seconds of kola itself per trivial test{(ran.Name == "making" ? ", the first run" : "")}",
        Unit = "s",
        Values = [ran.Harness.TotalSeconds / ran.Count],
        Target = MostProcessorOfHarness,
        Note = note,
    };

    private static async Task<Ran> RunAsync(BenchLab lab, string name, int count, bool isCold, Interruptions interruptions)
    {
        TestCase[] tests = [.. Enumerable.Range(1, count).Select(i => new TestCase
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"bench.trivial.{i}"),
            Sentence = "A trivial command succeeds",
            Source = "kola bench",
            Machines = [new MachineSpec { Name = "machine" }],
        })];
        string output = Path.Combine(lab.Kept, "runs", name);
        var settings = new RunSettings { Output = output, Quiet = true, Cold = isCold };
        var run = new Run(lab.Target, new Plan { Tests = [.. tests.Select(t => new PlannedTest(t, null))] }, settings, interruptions);
        var code = new TestCode { Judge = fault => (Outcome.Failed, fault.Message) };
        TimeSpan harness = OwnProcessorTime();
        long start = lab.Time.GetTimestamp();
        int exitCode = await run.ExecuteAsync(["kola", "bench"], session => Task.WhenAll(tests.Select(t => session.RunAsync(t.Id, machines => machines.Machines[0].RunAsync("true"), code))));
        TimeSpan wall = lab.Time.GetElapsedTime(start);
        harness = OwnProcessorTime() - harness;
        interruptions.First.ThrowIfCancellationRequested();
        IReadOnlyList<RunEvent> events = EventLog.Read(Path.Combine(output, RunDirectory.Latest)).Events;
        if (exitCode != ExitCode.Clean)
            throw new PlatformException(Signal.Host, $"{events.OfType<TestEnded>().Count(t => t.Outcome != Outcome.Passed)} of {count} trivial tests did not pass: {events.OfType<TestEnded>().FirstOrDefault(t => t.Outcome != Outcome.Passed)?.Message}");
        return Ran.Of(name, count, wall, harness, events);
    }

    private static TimeSpan OwnProcessorTime()
    {
        using var own = Process.GetCurrentProcess();
        return own.TotalProcessorTime;
    }

    /// <summary>One run of trivial tests.</summary>
    private sealed record Ran(string Name, int Count, TimeSpan Wall, TimeSpan Harness, double Processor, IReadOnlyList<double> Tests, int AtOnce, string? Note)
    {
        internal static Ran Of(string name, int count, TimeSpan wall, TimeSpan harness, IReadOnlyList<RunEvent> events)
        {
            int booted = events.OfType<MachineStarted>().Count(m => m.Template is null), running = 0, most = 0;
            foreach (RunEvent happened in events)
            {
                running += happened switch { MachineStarted => 1, MachineEnded => -1, _ => 0 };
                most = Math.Max(most, running);
            }

            int expected = name == "making" ? 1 : 0;
            string? note = name != "cold" && booted > expected ? $"{booted} machines were booted cold: {events.OfType<TemplateDropped>().FirstOrDefault()?.Why ?? "why is not known"}" : null;
            double processor = events.OfType<MachineEnded>().Sum(m => m.ProcessorSeconds ?? 0) + events.OfType<TemplateMade>().Sum(t => t.ProcessorSeconds ?? 0);
            return new Ran(name, count, wall, harness, processor, [.. events.OfType<TestEnded>().Select(t => t.ElapsedSeconds)], most, note);
        }
    }
}
