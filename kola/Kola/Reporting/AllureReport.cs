using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Kola.Reporting;

/// <summary>
/// <c>allure-results/</c>, what Allure's report generators read. One result per attempt; those of one test share a <c>historyId</c>, so the last is
/// the test and those before it its retries. Allure's statuses hold our seven: passed; flaky is a passed one marked flaky; failed; known is a failed
/// one marked known and muted; broken; skipped; not-run is <c>unknown</c>, Allure's word for no result. The tag, the label <c>outcome</c> and the
/// categories name them. Problems of the run are a broken test <c>kola.run</c>.
/// </summary>
public static class AllureReport
{
    private const string KnownPrefix = "known until ";
    private const string FlakyPrefix = "flaky: ";

    /// <param name="report">What to write.</param>
    /// <param name="isThere">Whether a file, named relative to the run's directory, is there to be attached; null attaches all a machine may leave.</param>
    /// <returns>Every file of the directory; the same ones whenever the same run is rendered.</returns>
    public static IReadOnlyList<ReportFile> Render(Report report, Func<string, bool>? isThere = null)
    {
        string run = report.Run?.Run ?? "kola";
        var files = new List<ReportFile>();
        if (report.Problems.Count > 0)
            Add(StableId.Of(run), Problems(report, StableId.Of(run)));
        foreach (TestReport test in report.Tests)
        {
            if (test.Attempts.Count == 0)
                Add(StableId.Of(run, test.Id, "0"), Result(report, test, null, [], StableId.Of(run, test.Id, "0")));
            foreach (AttemptReport attempt in test.Attempts)
            {
                string id = StableId.Of(run, test.Id, attempt.Number.ToString(CultureInfo.InvariantCulture));
                Attachment[] attached = [.. Artifact.Of(attempt, isThere).Select(artifact => Attachment.Of(run, artifact))];
                Add(id, Result(report, test, attempt, attached, id));
                files.AddRange(attached.Select(one => new ReportFile(one.File, null, one.Path)));
            }
        }

        files.Add(new("environment.properties", Properties(report.Run), null));
        files.Add(new("executor.json", Json(new { Name = "kola", Type = "kola", BuildName = run, ReportName = SummaryReport.Verdict(report) }), null));
        files.Add(new("categories.json", Json(Categories()), null));
        return [.. files.DistinctBy(file => file.Name)];

        void Add(string id, object result) => files.Add(new($"{id}-result.json", Json(result), null));
    }

    private static object Result(Report report, TestReport test, AttemptReport? attempt, Attachment[] attached, string id)
    {
        // Allure shows the last attempt as the test: that one has the test's outcome, those before it have their own.
        bool last = attempt is null || attempt == test.Attempts[^1];
        Outcome outcome = last ? test.Outcome : attempt!.Outcome;
        string? message = last ? Said(test) : attempt!.Message;
        string name = PlainText.OneLine(test.Id);
        long? start = (attempt is null ? report.Run?.At : attempt.Started)?.ToUnixTimeMilliseconds();
        return new
        {
            Uuid = id,
            HistoryId = StableId.Of("kola", test.Id, report.Run?.Platform ?? "", report.Run?.Image.Architecture ?? ""),
            TestCaseId = StableId.Of("kola", test.Id),
            FullName = name,
            Name = name,
            TitlePath = TestFacts.Suite(name).Split('.'),
            Description = Description(test, attempt, last),
            Status = Status(outcome),
            StatusDetails = new
            {
                Message = Text(message),
                Trace = Text(last ? test.Trace : attempt!.Trace),
                Flaky = outcome == Outcome.Flaky,
                Known = outcome == Outcome.Known,
                Muted = outcome == Outcome.Known,
                Expected = Text(MessageLines.Wanted(message)),
                Actual = Text(MessageLines.Got(message)),
            },
            Stage = attempt is null ? "pending" : outcome == Outcome.NotRun ? "interrupted" : "finished",
            Start = start,
            Stop = start + TestFacts.Milliseconds(attempt?.ElapsedSeconds ?? 0),
            Labels = Labels(report, test, outcome),
            Parameters = Parameters(attempt),
            Links = test.Known?.Link is { } tracker ? (object[])[new { Name = test.Known.Because, Url = tracker, Type = "issue" }] : [],
            Steps = (attempt?.Steps ?? []).Select(StepOf),
            Attachments = attached.Select(one => new { one.Name, Source = one.File, one.Type }),
        };
    }

    private static string Status(Outcome outcome) => outcome switch
    {
        Outcome.Passed or Outcome.Flaky => "passed",
        Outcome.Failed or Outcome.Known => "failed",
        Outcome.Broken => "broken",
        Outcome.Skipped => "skipped",
        _ => "unknown",
    };

    // Categories are told apart by the message's beginning.
    private static string? Said(TestReport test) => test.Outcome switch
    {
        Outcome.Known => string.Create(CultureInfo.InvariantCulture, $"{KnownPrefix}{test.Known?.Until:yyyy-MM-dd}: {test.Known?.Because}\n{test.Message}"),
        Outcome.Flaky => FlakyPrefix + test.Message,
        Outcome.Skipped when test.Remedy is not null => $"{test.Message}\n{test.Remedy}",
        _ => test.Message,
    };

    private static IEnumerable<object> Categories() =>
    [
        new { Name = "Failed: the image is wrong", MatchedStatuses = (string[])["failed"], MessageRegex = $"^(?!{KnownPrefix})[\\s\\S]*$" },
        new { Name = "Broken: the place is wrong", MatchedStatuses = (string[])["broken"], MessageRegex = @"[\s\S]*" },
        new { Name = "Not run: planned and without a result", MatchedStatuses = (string[])["unknown"], MessageRegex = @"[\s\S]*" },
        new { Name = "Flaky: passed on a retry", MatchedStatuses = (string[])["passed"], MessageRegex = $"^{FlakyPrefix}[\\s\\S]*$" },
        new { Name = "Known: failed, and a dated policy entry covers it", MatchedStatuses = (string[])["failed"], MessageRegex = $"^{KnownPrefix}[\\s\\S]*$" },
        new { Name = "Skipped", MatchedStatuses = (string[])["skipped"], MessageRegex = @"[\s\S]*" },
    ];

    private static string? Description(TestReport test, AttemptReport? attempt, bool last)
    {
        string own = last && attempt is not null && attempt.Outcome != test.Outcome && !(test.Outcome is Outcome.Flaky or Outcome.Known)
            ? $"\n\nThis attempt itself: {attempt.Outcome.Word()}{(attempt.Message is null ? "" : $": {PlainText.FirstLine(attempt.Message)}")}" : "";
        Evidence? evidence = last ? test.Evidence : attempt!.Evidence;
        string seen = evidence is null ? "" : $"\n\nDecided by {evidence.Sign}{(evidence.File is null ? "" : string.Create(CultureInfo.InvariantCulture, $", {evidence.File}:{evidence.Line}"))}";
        string stress = test.Stress is { } rate ? $"\n\nFailed {rate}" : "";
        return Text(test.Sentence + own + seen + stress);
    }

    private static IEnumerable<object> Labels(Report report, TestReport test, Outcome outcome)
    {
        string name = PlainText.OneLine(test.Id);
        (string Name, string? Value)[] labels =
        [
            ("parentSuite", report.Run?.Platform),
            ("suite", TestFacts.Suite(name)),
            ("package", TestFacts.Suite(name)),
            ("testClass", TestFacts.Suite(name)),
            ("testMethod", name),
            ("framework", "kola"),
            ("language", "csharp"),
            ("host", report.Run?.Platform),
            ("severity", test.Enforced ? "critical" : "normal"),
            ("outcome", outcome.Word()),
            ("tag", outcome.Word()),
            ("tag", test.Enforced ? "enforced" : null),
            ("owner", test.Known?.Owner),
        ];
        return labels.Where(label => !string.IsNullOrEmpty(label.Value)).Select(label => new { label.Name, Value = PlainText.OneLine(label.Value) });
    }

    private static IEnumerable<object> Parameters(AttemptReport? attempt) => attempt is null ? [] :
    [
        new { Name = "attempt", Value = attempt.Number.ToString(CultureInfo.InvariantCulture), Excluded = true },
        .. attempt.Machines.Select(machine => new
        {
            machine.Name,
            Value = $"{(machine.Template is { } template ? $"copy of template {Aside.Short(template)}" : "booted")}{string.Concat(machine.BootSeconds.Select(seconds => $", {PlainText.Duration(seconds)}"))}",
            Excluded = true,
        }),
    ];

    private static object StepOf(StepEnded step) => new
    {
        Name = PlainText.OneLine(step.Step),
        Status = Status(step.Outcome),
        StatusDetails = new { Message = Text(step.Message) },
        Stage = "finished",
        Start = step.At.ToUnixTimeMilliseconds() - TestFacts.Milliseconds(step.ElapsedSeconds),
        Stop = step.At.ToUnixTimeMilliseconds(),
    };

    private static object Problems(Report report, string id) => new
    {
        Uuid = id,
        HistoryId = StableId.Of("kola", TestFacts.RunCase, report.Run?.Platform ?? ""),
        TestCaseId = StableId.Of("kola", TestFacts.RunCase),
        FullName = TestFacts.RunCase,
        Name = TestFacts.RunCase,
        Status = "broken",
        StatusDetails = new { Message = Text(string.Join('\n', report.Problems)) },
        Stage = "finished",
        Start = report.Run?.At.ToUnixTimeMilliseconds(),
        Stop = report.Ended?.ToUnixTimeMilliseconds(),
        Labels = (object[])[new { Name = "suite", Value = "kola" }, new { Name = "framework", Value = "kola" }, new { Name = "outcome", Value = "problem" }],
    };

    // Java's format: what is not ASCII, and what means something there, is escaped.
    private static string Properties(RunStarted? run)
    {
        if (run is null)
            return "";
        (string Name, string? Value)[] facts =
        [
            ("run", run.Run), ("kola", run.Kola), ("platform", run.Platform), ("image", run.Image.Name), ("image.version", run.Image.Version), ("image.channel", run.Image.Channel),
            ("image.architecture", run.Image.Architecture), ("image.digest", run.Image.Digest), .. run.Facts.OrderBy(fact => fact.Key, StringComparer.Ordinal).Select(fact => (fact.Key, (string?)fact.Value)),
        ];
        return string.Concat(facts.Where(fact => !string.IsNullOrEmpty(fact.Value)).Select(fact => $"{Escaped(fact.Name)}={Escaped(fact.Value!)}\n"));
    }

    private static string Escaped(string text)
    {
        var escaped = new StringBuilder();
        foreach (char c in PlainText.OneLine(text))
        {
            escaped.Append(c switch
            {
                '\\' or '=' or ':' or '#' or '!' => $"\\{c}",
                > '~' => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}"),
                _ => c.ToString(),
            });
        }

        return escaped.ToString();
    }

    private static string Json(object value) => JsonSerializer.Serialize(value, EventFormat.Indented) + "\n";

    private static string? Text(string? text) => text is null ? null : PlainText.Clean(text);

    private sealed record Attachment(string Name, string File, string Path, string Type)
    {
        internal static Attachment Of(string run, Artifact artifact) =>
            new(artifact.Name, $"{StableId.Of(run, artifact.Path)}-attachment{(artifact.Type == "application/json" ? ".json" : ".txt")}", artifact.Path, artifact.Type);
    }
}
