using System.Globalization;
using System.Text;

namespace Kola.Reporting;

/// <summary>
/// <c>summary.md</c>, for a pull request, a release ticket or a job's summary: the verdict, the counts, why the gate is closed, each failure with its
/// message, then what else is not plainly passed. Messages of the first 50 failures are shown, up to 30 lines of each.
/// </summary>
public static class MarkdownReport
{
    private const int MostFailures = 50;
    private const int MostLines = 30;
    private const int LongestLine = 200;

    public static string Render(Report report)
    {
        var text = new StringBuilder();
        text.Append(Verdict(report));
        if (report.Run is { } run)
            text.Append($"\n`{Code(run.Image.Name)}` {Escape(run.Image.Version)} ({Escape(run.Image.Architecture)}) on {Escape(run.Platform)}, run `{Code(run.Run)}`, kola {Escape(run.Kola)}\n");
        if (report.Tests.Count > 0)
            AddCounts(text, report);
        if (report.Templates is { } templates)
            text.Append($"\n{Escape(templates.Line(report.Run?.Seed ?? 0))}\n");
        AddList(text, "Problems of the run", report.Problems);
        AddList(text, "The gate is closed", report.Gate.Reasons.Except(report.Problems));
        AddFailures(text, report);
        AddTable(text, report);
        AddList(text, "Left behind", report.Leftovers.Select(left => $"{left.What}: {left.Message}"));
        AddList(text, "Known to fail and passed", report.Tests.Where(test => test.Known is not null && test.Outcome == Outcome.Passed).Select(test => $"{test.Id}: {test.Known!.Because}"));
        return text.ToString();
    }

    /// <summary>The first line alone, with a line end.</summary>
    internal static string Verdict(Report report) => $"### {(report.ExitCode == 0 ? "✅" : "❌")} {Escape(SummaryReport.Verdict(report))}\n";

    private static void AddCounts(StringBuilder text, Report report)
    {
        IReadOnlyDictionary<Outcome, int> counts = report.Counts;
        text.Append($"\n|{string.Concat(counts.Keys.Select(outcome => $" {outcome.Word()} |"))}\n|{string.Concat(counts.Select(_ => "---:|"))}\n");
        text.Append(CultureInfo.InvariantCulture, $"|{string.Concat(counts.Values.Select(count => string.Create(CultureInfo.InvariantCulture, $" {count} |")))}\n");
        TestReport[] enforced = [.. report.Tests.Where(test => test.Enforced)];
        if (enforced.Length > 0)
            text.Append(CultureInfo.InvariantCulture, $"\n{enforced.Count(test => test.Outcome == Outcome.Passed)} of {PlainText.Count(enforced.Length, "test")} that the policy enforces passed.\n");
    }

    private static void AddList(StringBuilder text, string title, IEnumerable<string> lines)
    {
        string[] all = [.. lines];
        if (all.Length > 0)
            text.Append($"\n**{title}:**\n\n").AppendJoin("", all.Select(line => $"- {Escape(Short(line))}\n"));
    }

    private static void AddFailures(StringBuilder text, Report report)
    {
        TestReport[] failures = [.. report.Tests.Where(test => test.Outcome is Outcome.Failed or Outcome.Broken or Outcome.NotRun).OrderBy(test => Rank(test.Outcome))];
        foreach (TestReport test in failures.Take(MostFailures))
        {
            text.Append($"\n#### {test.Outcome.Word()}: `{Code(test.Id)}`{(test.Enforced ? " (enforced)" : "")}\n");
            AddBlock(text, test.Message);
            if (test.Evidence is { } evidence)
                text.Append($"\nDecided by `{Code(evidence.Sign)}`{(evidence.File is null ? "" : string.Create(CultureInfo.InvariantCulture, $", seen in `{Code(evidence.File)}:{evidence.Line}`"))}{Attempts(test)}\n");
        }

        if (failures.Length > MostFailures)
            text.Append(CultureInfo.InvariantCulture, $"\n{failures.Length - MostFailures} more are in the table only.\n");
    }

    // A fence is longer than any the text could close it with.
    private static void AddBlock(StringBuilder text, string? message)
    {
        string[] lines = PlainText.Clean(message).TrimEnd().Split('\n');
        string block = string.Join('\n', lines.Take(MostLines).Select(Short)) + (lines.Length > MostLines ? "\n…" : "");
        int longest = 2, row = 0;
        foreach (char c in block)
            longest = Math.Max(longest, row = c == '`' ? row + 1 : 0);
        string fence = new('`', longest + 1);
        text.Append($"\n{fence}text\n{block}\n{fence}\n");
    }

    private static void AddTable(StringBuilder text, Report report)
    {
        TestReport[] notable = [.. report.Tests.Where(test => test.Outcome != Outcome.Passed).OrderBy(test => Rank(test.Outcome))];
        if (notable.Length > 0)
            text.Append("\n| Outcome | Test | Why |\n|---|---|---|\n");
        foreach (TestReport test in notable)
            text.Append($"| {test.Outcome.Word()} | `{Code(test.Id)}` | {Why(test)} |\n");
    }

    private static string Why(TestReport test)
    {
        string first = Escape(Short(PlainText.FirstLine(test.Message)));
        return test switch
        {
            { Outcome: Outcome.Known, Known: { } known } => string.Create(CultureInfo.InvariantCulture, $"{first}<br>until {known.Until:yyyy-MM-dd}: {Escape(known.Because)}{(known.Owner is null ? "" : $", {Escape(known.Owner)}")}{(known.Link is null ? "" : $", {Escape(known.Link)}")}"),
            { Outcome: Outcome.Skipped, Remedy: { } remedy } => $"{first}<br>{Escape(Short(remedy))}",
            { Outcome: Outcome.Flaky } => $"{first}<br>{Escape(Attempts(test).TrimStart(',', ' '))}",
            { Stress: { } rate } => $"{first}<br>failed {Escape(rate.ToString())}",
            _ => first,
        };
    }

    private static string Attempts(TestReport test) => test.Attempts.Count < 2 ? "" : $", attempts: {string.Join(", ", test.Attempts.Select(attempt => attempt.Outcome.Word()))}";

    private static int Rank(Outcome outcome) =>
        Array.IndexOf([Outcome.Failed, Outcome.Broken, Outcome.NotRun, Outcome.Flaky, Outcome.Known, Outcome.Skipped], outcome);

    private static string Short(string line) => line.Length <= LongestLine ? line : $"{PlainText.Clean(line[..LongestLine])}…";

    private static string Code(string? text) => PlainText.OneLine(text).Replace('`', '\'').Replace("|", "\\|", StringComparison.Ordinal);

    // A message must not become markup, a mention or a cell of its own.
    private static string Escape(string? text)
    {
        var escaped = new StringBuilder();
        foreach (char c in PlainText.OneLine(text))
            escaped.Append(c switch { '<' => "&lt;", '>' => "&gt;", '&' => "&amp;", '@' => "&#64;", '\\' or '`' or '*' or '_' or '[' or ']' or '|' or '#' or '~' => $"\\{c}", _ => c.ToString() });
        return escaped.ToString();
    }
}
