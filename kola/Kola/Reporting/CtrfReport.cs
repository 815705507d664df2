using System.Text.Json;

namespace Kola.Reporting;

/// <summary>
/// <c>ctrf-report.json</c>, the Common Test Report Format (ctrf.io). Its statuses hold our seven so that no reader takes one for a pass that is none:
/// passed and flaky are <c>passed</c>, the latter with <c>flaky: true</c>; failed, broken and not-run are <c>failed</c>; known is
/// <c>other</c>; skipped is <c>skipped</c>. <c>rawStatus</c> is our word. Problems of the run are a failed test <c>kola.run</c>.
/// </summary>
public static class CtrfReport
{
    /// <param name="report">What to write.</param>
    /// <param name="isThere">Whether a file, named relative to the run's directory, is there to be attached; null attaches all a machine may leave.</param>
    public static string Render(Report report, Func<string, bool>? isThere = null)
    {
        string run = report.Run?.Run ?? "kola";
        long start = report.Run?.At.ToUnixTimeMilliseconds() ?? 0;
        long stop = report.Ended?.ToUnixTimeMilliseconds() ?? start;
        IReadOnlyDictionary<Outcome, int> counts = report.Counts;
        bool problems = report.Problems.Count > 0;
        var ctrf = new
        {
            ReportFormat = "CTRF",
            SpecVersion = "0.0.0",
            ReportId = StableId.Of(run),
            RunId = run,
            Timestamp = report.Ended?.UtcDateTime,
            GeneratedBy = "kola",
            Results = new
            {
                Tool = new { Name = "kola", Version = report.Run?.Kola },
                Summary = new
                {
                    Tests = report.Tests.Count + (problems ? 1 : 0),
                    Passed = counts[Outcome.Passed] + counts[Outcome.Flaky],
                    Failed = counts[Outcome.Failed] + counts[Outcome.Broken] + counts[Outcome.NotRun] + (problems ? 1 : 0),
                    Skipped = counts[Outcome.Skipped],
                    Pending = 0,
                    Other = counts[Outcome.Known],
                    Flaky = counts[Outcome.Flaky],
                    Start = start,
                    Stop = stop,
                    Duration = TestFacts.Milliseconds(report.ElapsedSeconds),
                    Extra = new { Outcomes = counts.ToDictionary(count => count.Key.Word(), count => count.Value) },
                },
                Tests = (object[])[.. problems ? [Problems(report)] : Array.Empty<object>(), .. report.Tests.Select(test => TestOf(run, test, isThere))],
                Environment = report.Run is { } told ? EnvironmentOf(told, report) : null,
            },
        };
        return JsonSerializer.Serialize(ctrf, EventFormat.Indented) + "\n";
    }

    private static string Status(Outcome outcome) => outcome switch
    {
        Outcome.Passed or Outcome.Flaky => "passed",
        Outcome.Skipped => "skipped",
        Outcome.Known => "other",
        _ => "failed",
    };

    private static object EnvironmentOf(RunStarted run, Report report) => new
    {
        ReportName = run.Run,
        AppName = run.Image.Name,
        AppVersion = run.Image.Version,
        TestEnvironment = run.Platform,
        ShardId = run.Shard,
        Healthy = report.Gate.Open,
        Extra = new { run.Image.Digest, run.Image.Architecture, run.Image.Channel, run.Facts, run.CommandLine },
    };

    private static object Problems(Report report) => new
    {
        TestId = TestFacts.RunCase,
        Name = TestFacts.RunCase,
        Status = "failed",
        RawStatus = "problem",
        Duration = 0,
        Message = PlainText.Clean(string.Join('\n', report.Problems)),
    };

    private static object TestOf(string run, TestReport test, Func<string, bool>? isThere)
    {
        AttemptReport? last = test.Attempts.Count > 0 ? test.Attempts[^1] : null;
        string name = test.Id.Length > 0 ? PlainText.OneLine(test.Id) is { Length: > 0 } clean ? clean : "?" : "?";
        return new
        {
            TestId = name,
            ExecutionId = StableId.Of(run, test.Id),
            Name = name,
            Status = Status(test.Outcome),
            RawStatus = test.Outcome.Word(),
            Duration = TestFacts.Milliseconds(test.ElapsedSeconds),
            Start = test.Attempts.Min(attempt => attempt.Started)?.ToUnixTimeMilliseconds(),
            Stop = last?.Started is { } at ? at.ToUnixTimeMilliseconds() + TestFacts.Milliseconds(last.ElapsedSeconds) : (long?)null,
            Suite = TestFacts.Suite(name).Split('.'),
            Message = Text(test.Outcome == Outcome.Skipped && test.Remedy is not null ? $"{test.Message}\n{test.Remedy}" : test.Message),
            Trace = Text(test.Trace),
            Tags = test.Enforced ? (string[])["enforced"] : null,
            Labels = TestFacts.Of(test).Where(fact => fact.Name is not "outcome" and not "sentence")
                .GroupBy(fact => fact.Name, fact => PlainText.OneLine(fact.Value)).ToDictionary(fact => fact.Key, fact => string.Join("; ", fact)),
            Type = "integration",
            Retries = Math.Max(0, test.Attempts.Count - 1),
            RetryAttempts = test.Attempts.Count > 1 ? test.Attempts.SkipLast(1).Select(attempt => AttemptOf(run, test, attempt, isThere)) : null,
            Flaky = test.Outcome == Outcome.Flaky,
            Attachments = last is null ? null : Attachments(last, isThere),
            Steps = TestFacts.Shown(test)?.Steps.Select(step => new { Name = PlainText.OneLine(step.Step), Status = Status(step.Outcome), Extra = new { Outcome = step.Outcome.Word(), Message = Text(step.Message) } }),
            Extra = new { test.Sentence, test.Evidence, test.Known, test.Stress },
        };
    }

    private static object AttemptOf(string run, TestReport test, AttemptReport attempt, Func<string, bool>? isThere) => new
    {
        Attempt = attempt.Number,
        AttemptId = StableId.Of(run, test.Id, Number(attempt)),
        Status = Status(attempt.Outcome),
        Duration = TestFacts.Milliseconds(attempt.ElapsedSeconds),
        Message = Text(attempt.Message),
        Trace = Text(attempt.Trace),
        Start = attempt.Started?.ToUnixTimeMilliseconds(),
        Attachments = Attachments(attempt, isThere),
        Extra = new { Outcome = attempt.Outcome.Word(), attempt.Evidence },
    };

    private static IEnumerable<object> Attachments(AttemptReport attempt, Func<string, bool>? isThere) =>
        Artifact.Of(attempt, isThere).Select(artifact => new { artifact.Name, ContentType = artifact.Type, artifact.Path });

    private static string? Text(string? text) => text is null ? null : PlainText.Clean(text);

    private static string Number(AttemptReport attempt) => attempt.Number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
