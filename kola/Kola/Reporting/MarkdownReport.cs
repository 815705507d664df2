using System.Text;

namespace Kola.Reporting;

/// <summary><c>summary.md</c>, for a pull request or a release ticket.</summary>
public static class MarkdownReport
{
    public static string Render(Report report)
    {
        var text = new StringBuilder();
        text.Append($"### {(report.ExitCode == 0 ? "✅" : "❌")} {Escape(SummaryReport.Verdict(report))}\n");
        if (report.Run is { } run)
            text.Append($"\n`{Code(run.Image.Name)}` {Escape(run.Image.Version)} ({Escape(run.Image.Architecture)}) on {Escape(run.Platform)}, run `{Code(run.Run)}`, kola {Escape(run.Kola)}\n");
        if (report.Templates is { } templates)
            text.Append($"\n{Escape(templates.Line(report.Run?.Seed ?? 0))}\n");
        if (report.Problems.Count > 0)
            text.Append("\n**Problems of the run:**\n\n").AppendJoin("", report.Problems.Select(problem => $"- {Escape(problem)}\n"));
        TestReport[] notable = [.. report.Tests.Where(test => test.Outcome != Outcome.Passed).OrderBy(test => Rank(test.Outcome))];
        if (notable.Length > 0)
            text.Append("\n| Outcome | Test | Why |\n|---|---|---|\n");
        foreach (TestReport test in notable)
            text.Append($"| {test.Outcome.Word()} | `{Code(test.Id)}` | {Escape(PlainText.FirstLine(test.Message))} |\n");
        return text.ToString();
    }

    private static int Rank(Outcome outcome) =>
        Array.IndexOf([Outcome.Failed, Outcome.Broken, Outcome.NotRun, Outcome.Flaky, Outcome.Known, Outcome.Skipped], outcome);

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
