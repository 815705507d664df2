using System.Globalization;
using System.Text.Json;

namespace Kola.Reporting;

/// <summary>
/// <c>results.json</c>: the whole report for programs. Its shape is <c>docs/results.schema.json</c>; within <c>kola.results/1</c> members are only
/// ever added.
/// </summary>
public static class JsonReport
{
    /// <summary>Names the shape of the file.</summary>
    public const string Schema = "kola.results/1";

    private const int Slowest = 5;

    /// <summary>Ends with a line end; members without a value are left out.</summary>
    public static string Render(Report report)
    {
        var results = new
        {
            Schema,
            report.ExitCode,
            Gate = new { report.Gate.Open, report.Gate.Reasons, report.Gate.ExitCode },
            Run = RunOf(report),
            Policy = report.Policy is { } policy ? new { policy.File, policy.Digest, policy.Gate, policy.Entries } : null,
            report.Problems,
            Counts = report.Counts.ToDictionary(count => count.Key.Word(), count => count.Value),
            Tests = report.Tests.Select(TestOf),
            Templates = report.Templates is { } templates ? TemplatesOf(templates) : null,
            Leftovers = report.Leftovers.Select(left => new { left.Test, left.What, left.Message }),
        };
        return JsonSerializer.Serialize(results, EventFormat.Indented) + "\n";
    }

    private static object RunOf(Report report) => new
    {
        Name = report.Run?.Run,
        report.Run?.Kola,
        report.Run?.CommandLine,
        report.Run?.Platform,
        report.Run?.Facts,
        report.Run?.Image,
        report.Run?.Slowness,
        report.Run?.Seed,
        report.Run?.Retries,
        report.Run?.Stress,
        report.Run?.Shard,
        report.Run?.Selection,
        Started = Time(report.Run?.At),
        Ended = Time(report.Ended),
        ElapsedSeconds = Seconds(report.ElapsedSeconds),
        report.Complete,
        report.Stopped,
    };

    private static object TestOf(TestReport test) => new
    {
        test.Id,
        test.Sentence,
        test.Planned,
        test.Outcome,
        test.Message,
        test.Remedy,
        test.Trace,
        test.Known,
        test.Enforced,
        test.Evidence,
        Stress = test.Stress is { } rate ? new { Failed = rate.Hits, Of = rate.Trials, rate.Share, rate.Low, rate.High } : null,
        ElapsedSeconds = Seconds(test.ElapsedSeconds),
        Attempts = test.Attempts.Select(AttemptOf),
    };

    private static object AttemptOf(AttemptReport attempt) => new
    {
        attempt.Number,
        attempt.Outcome,
        attempt.Message,
        attempt.Remedy,
        attempt.Trace,
        attempt.Evidence,
        Started = Time(attempt.Started),
        ElapsedSeconds = Seconds(attempt.ElapsedSeconds),
        WaitedSeconds = Seconds(attempt.WaitedSeconds),
        attempt.WaitedFor,
        DeadlineSeconds = Seconds(attempt.DeadlineSeconds),
        Machines = attempt.Machines.Select(MachineOf),
        Steps = attempt.Steps.Select(StepOf),
        Findings = attempt.Findings.Select(FindingOf),
        // The events have each of them; a reader of results wants to know where the time went.
        Commands = new
        {
            attempt.Commands.Count,
            ElapsedSeconds = Seconds(attempt.Commands.Sum(ran => ran.ElapsedSeconds)),
            Slowest = attempt.Commands.OrderByDescending(ran => ran.ElapsedSeconds).Take(Slowest)
                .Select(ran => new { ran.Machine, ran.Command, ran.ExitCode, ElapsedSeconds = Seconds(ran.ElapsedSeconds) }),
        },
        Waits = new
        {
            attempt.Waits.Count,
            ElapsedSeconds = Seconds(attempt.Waits.Sum(wait => wait.ElapsedSeconds)),
            Slowest = attempt.Waits.OrderByDescending(wait => wait.ElapsedSeconds).Take(Slowest)
                .Select(wait => new { wait.Machine, wait.For, wait.Held, wait.LastSeen, ElapsedSeconds = Seconds(wait.ElapsedSeconds) }),
        },
        Kept = attempt.Kept.Select(kept => new { kept.Machine, kept.What, kept.File, kept.By }),
    };

    private static object MachineOf(MachineReport machine) => new
    {
        machine.Name,
        machine.Address,
        machine.Directory,
        machine.Version,
        BootSeconds = machine.BootSeconds.Select(Seconds),
        Started = Time(machine.Started),
        Ready = machine.Ready.Select(ready => Time(ready)),
        Gone = Time(machine.Gone),
        machine.Ended,
        machine.PlatformFault,
        machine.Template,
        ProcessorSeconds = Seconds(machine.ProcessorSeconds),
        machine.MemoryMiB,
    };

    private static object TemplatesOf(TemplatesReport templates) => new
    {
        Made = templates.Made.Select(made => new { Key = made.Template, made.Directory, ElapsedSeconds = Seconds(made.ElapsedSeconds), ProcessorSeconds = Seconds(made.ProcessorSeconds) }),
        templates.Reused,
        Dropped = templates.Dropped.Select(dropped => new { Key = dropped.Template, dropped.Why }),
        templates.Tests,
        Parity = templates.Parity.Select(parity => new { parity.Test, parity.Templates, parity.Cloned, parity.Cold, parity.Disagrees, parity.Message }),
    };

    private static object StepOf(StepEnded step) => new { Name = step.Step, step.Outcome, step.Message, ElapsedSeconds = Seconds(step.ElapsedSeconds) };

    private static object FindingOf(FindingMade finding) => new
    {
        finding.Machine,
        finding.Check,
        finding.Title,
        finding.Source,
        finding.File,
        finding.Line,
        finding.Text,
        finding.Tolerated,
    };

    private static string? Time(DateTimeOffset? at) => at?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static double? Seconds(double? seconds) => seconds is { } known ? Seconds(known) : null;

    // Milliseconds are what a reader can use.
    private static double Seconds(double seconds) => double.IsFinite(seconds) ? Math.Round(Math.Max(0, seconds), 3) : 0;
}
