using System.Globalization;
using System.Text;

namespace Kola.Reporting;

/// <summary>
/// What GitHub Actions shows beside a job: workflow commands, one a line, the gravest first, for it shows the first ten of a kind. Failed, broken,
/// not-run, problems of the run and a gate that is closed for another reason are errors; flaky and known are warnings; what was left behind and
/// known tests that passed are notices. The job's summary is <see cref="MarkdownReport"/>.
/// <code>
/// ::error title=failed%3A cl.network.wireguard::hub: unit wg-quick@wg0.service was "failed"%0A  wanted:  active
/// </code>
/// </summary>
public static class GitHubReport
{
    /// <summary>Most bytes GitHub takes for the summaries of a step.</summary>
    public const int LongestSummary = 1024 * 1024;

    private const int LongestMessage = 4000;

    /// <summary>Lines to print; nothing a machine said can make one of its own.</summary>
    public static IEnumerable<string> Annotations(Report report)
    {
        foreach (string problem in report.Problems)
            yield return Command("error", "problem of the run", problem);
        foreach (Outcome outcome in (Outcome[])[Outcome.Failed, Outcome.Broken, Outcome.NotRun, Outcome.Flaky, Outcome.Known])
        {
            foreach (TestReport test in report.Tests.Where(test => test.Outcome == outcome))
                yield return Command(outcome is Outcome.Flaky or Outcome.Known ? "warning" : "error", $"{outcome.Word()}: {test.Id}", Said(test));
        }

        foreach (string reason in report.Gate.Reasons.Except(report.Problems))
            yield return Command("error", "the gate is closed", reason);
        foreach (CleanupFailed left in report.Leftovers)
            yield return Command("notice", "left behind", $"{left.What}: {left.Message}");
        foreach (TestReport test in report.Tests.Where(test => test.Known is not null && test.Outcome == Outcome.Passed))
            yield return Command("notice", $"known to fail and passed: {test.Id}", test.Known!.Because);
    }

    /// <summary>What is to be added to a step's summary: the Markdown, or where that does not fit, its first line.</summary>
    /// <param name="report">What to write.</param>
    /// <param name="there">Bytes the summary has already.</param>
    public static string Summary(Report report, long there)
    {
        string whole = MarkdownReport.Render(report) + "\n";
        return there + Encoding.UTF8.GetByteCount(whole) <= LongestSummary ? whole : MarkdownReport.Verdict(report) + "\n";
    }

    private static string Said(TestReport test)
    {
        string policy = test is { Outcome: Outcome.Known, Known: { } known }
            ? string.Create(CultureInfo.InvariantCulture, $"known until {known.Until:yyyy-MM-dd}: {known.Because}{(known.Link is null ? "" : $" ({known.Link})")}\n") : "";
        string where = test.Evidence is { File: { } file } evidence ? string.Create(CultureInfo.InvariantCulture, $"\n{evidence.Sign}: {file}:{evidence.Line}") : "";
        return $"{policy}{test.Message}{where}";
    }

    private static string Command(string name, string title, string message)
    {
        string text = PlainText.Clean(message);
        if (text.Length > LongestMessage)
            text = $"{PlainText.Clean(text[..LongestMessage])}\n…";
        return $"::{name} title={Escape(PlainText.OneLine(title), property: true)}::{Escape(text, property: false)}";
    }

    private static string Escape(string text, bool property)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            escaped.Append(c switch
            {
                '%' => "%25",
                '\r' => "%0D",
                '\n' => "%0A",
                ':' when property => "%3A",
                ',' when property => "%2C",
                _ => c.ToString(),
            });
        }

        return escaped.ToString();
    }
}
