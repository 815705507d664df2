namespace Kola.Reporting;

/// <summary>What the page needs at once: the verdict, the failures and a line for each test.</summary>
internal sealed record PageData
{
    public required string Title { get; init; }

    public RunStarted? Run { get; init; }

    public required bool Open { get; init; }

    public required int ExitCode { get; init; }

    public required string Line { get; init; }

    public required IReadOnlyList<string> Reasons { get; init; }

    public required IReadOnlyList<string> Problems { get; init; }

    public required IReadOnlyDictionary<string, int> Counts { get; init; }

    public string? PolicyFile { get; init; }

    public string? PolicyDigest { get; init; }

    public IReadOnlyList<string> Leftovers { get; init; } = [];

    public double Seconds { get; init; }

    public bool Complete { get; init; }

    public required IReadOnlyList<PageRow> Tests { get; init; }

    public TemplatesReport? Templates { get; init; }

    public RunDiff? Diff { get; init; }

    public string? DiffLine { get; init; }

    internal static PageData Of(Report report, PageLogs logs, RunDiff? against) => new()
    {
        Title = report.Run?.Run ?? "a run without a beginning",
        Run = report.Run,
        Open = report.Gate.Open,
        ExitCode = report.ExitCode,
        Line = SummaryReport.Verdict(report),
        Reasons = [.. report.Gate.Reasons.Except(report.Problems).Select(PlainText.OneLine)],
        Problems = [.. report.Problems.Select(PlainText.OneLine)],
        Counts = report.Counts.ToDictionary(count => count.Key.Word(), count => count.Value),
        PolicyFile = report.Policy?.File,
        PolicyDigest = report.Policy?.Digest,
        Leftovers = [.. report.Leftovers.Select(left => PlainText.OneLine($"{(left.Test is null ? "" : left.Test + ": ")}{left.What}: {left.Message}"))],
        Seconds = report.ElapsedSeconds,
        Complete = report.Complete,
        Tests = [.. report.Tests.Select(test => PageRow.Of(test, logs))],
        Templates = report.Templates,
        Diff = against,
        DiffLine = against is null ? null : RunDiffText.Verdict(against),
    };
}

/// <summary>A test in the table, and what is said of it where it did not pass.</summary>
internal sealed record PageRow
{
    public required string Id { get; init; }

    public required string Sentence { get; init; }

    public required string Outcome { get; init; }

    public required double Seconds { get; init; }

    public required int Attempts { get; init; }

    public required int Machines { get; init; }

    public required double Waited { get; init; }

    public IReadOnlyList<string> Tags { get; init; } = [];

    public PageMessage? Message { get; init; }

    public PageLink? See { get; init; }

    public Evidence? Evidence { get; init; }

    public string? Remedy { get; init; }

    public KnownFailure? Known { get; init; }

    public bool Enforced { get; init; }

    public string? Stress { get; init; }

    internal static PageRow Of(TestReport test, PageLogs logs)
    {
        PageMessage? message = test.Message is null ? null : PageMessage.Of(test.Message);
        return new PageRow
        {
            Id = test.Id,
            Sentence = PlainText.OneLine(test.Sentence),
            Outcome = test.Outcome.Word(),
            Seconds = Math.Round(test.ElapsedSeconds, 3),
            Attempts = test.Attempts.Count,
            Machines = test.Attempts.Count == 0 ? 0 : test.Attempts[^1].Machines.Count,
            Waited = Math.Round(test.Attempts.Sum(attempt => attempt.WaitedSeconds), 1),
            Tags = test.Tags,
            Message = message,
            See = message?.Fields.Where(field => field.Name == "see").Select(field => logs.Find(field.Text)).FirstOrDefault(link => link is not null)
                ?? (test.Evidence?.File is { } file && logs.Find(file) is { } found ? found with { Line = test.Evidence.Line } : null),
            Evidence = message is null ? null : test.Evidence,
            Remedy = test.Remedy is null ? null : PlainText.OneLine(test.Remedy),
            Known = test.Known,
            Enforced = test.Enforced,
            Stress = test.Stress?.ToString(),
        };
    }
}
