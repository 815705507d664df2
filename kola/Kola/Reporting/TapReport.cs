using System.Globalization;
using System.Text;

namespace Kola.Reporting;

/// <summary>
/// <c>test.tap</c>, TAP version 14. Passed and flaky are <c>ok</c>, skipped is <c>ok</c> with SKIP, known is <c>not ok</c> with TODO, which is TAP's
/// word for an expected failure; failed, broken and not-run are <c>not ok</c>. The YAML block of every test says which of the seven it is. Named
/// parts of a test are its subtest. Problems of the run are a test <c>kola.run</c> that is not ok: readers take an empty plan for success.
/// <code>
/// TAP version 14
/// 1..2
/// # Subtest: cl.basic
///     ok 1 - cl.basic/ReadOnly
///     1..1
/// ok 1 - cl.basic
///   ---
///   outcome: "passed"
///   duration_ms: 42123
///   ...
/// ok 2 - cl.tpm.root # SKIP no TPM 2.0 can be attached
/// </code>
/// </summary>
public static class TapReport
{
    public static string Render(Report report)
    {
        var tap = new StringBuilder("TAP version 14\n");
        bool problems = report.Problems.Count > 0;
        tap.Append(CultureInfo.InvariantCulture, $"1..{report.Tests.Count + (problems ? 1 : 0)}\n");
        int number = 0;
        if (problems)
        {
            tap.Append(CultureInfo.InvariantCulture, $"not ok {++number} - {TestFacts.RunCase}\n");
            Block(tap, "  ", [("outcome", "\"problem\""), ("message", YamlText.Quote(string.Join('\n', report.Problems)))]);
        }

        foreach (TestReport test in report.Tests)
            Write(tap, ++number, test);
        return tap.ToString();
    }

    private static void Write(StringBuilder tap, int number, TestReport test)
    {
        AttemptReport? shown = TestFacts.Shown(test);
        string name = Name(test.Id);
        if (shown?.Steps.Count > 0)
            Subtest(tap, name, shown.Steps);
        string directive = test.Outcome switch
        {
            Outcome.Skipped => $" # SKIP {PlainText.OneLine(test.Message)}",
            Outcome.Known => string.Create(CultureInfo.InvariantCulture, $" # TODO known until {test.Known?.Until:yyyy-MM-dd}: {PlainText.OneLine(test.Known?.Because)}"),
            _ => "",
        };
        tap.Append(CultureInfo.InvariantCulture, $"{Word(test.Outcome)} {number} - {name}{directive}\n");
        Block(tap, "  ", Facts(test));
    }

    private static void Subtest(StringBuilder tap, string name, IReadOnlyList<StepEnded> steps)
    {
        tap.Append(CultureInfo.InvariantCulture, $"# Subtest: {name}\n");
        for (int i = 0; i < steps.Count; i++)
        {
            StepEnded step = steps[i];
            string directive = step.Outcome == Outcome.Skipped ? $" # SKIP {PlainText.OneLine(step.Message)}" : "";
            tap.Append(CultureInfo.InvariantCulture, $"    {Word(step.Outcome)} {i + 1} - {Name(step.Step)}{directive}\n");
            Block(tap, "      ", [("outcome", YamlText.Quote(step.Outcome.Word())), ("message", Quoted(step.Message)), ("duration_ms", Milliseconds(step.ElapsedSeconds))]);
        }

        tap.Append(CultureInfo.InvariantCulture, $"    1..{steps.Count}\n");
    }

    private static IEnumerable<(string, string?)> Facts(TestReport test)
    {
        yield return ("outcome", YamlText.Quote(test.Outcome.Word()));
        yield return ("message", Quoted(test.Message));
        yield return ("remedy", Quoted(test.Remedy));
        yield return ("wanted", Quoted(MessageLines.Wanted(test.Message)));
        yield return ("got", Quoted(MessageLines.Got(test.Message)));
        if (test.Evidence is { } evidence)
        {
            yield return ("evidence", "");
            yield return ("  sign", YamlText.Quote(evidence.Sign));
            yield return ("  machine", Quoted(evidence.Machine));
            yield return ("  file", Quoted(evidence.File));
            yield return ("  line", Number(evidence.Line));
            yield return ("  event", Number(evidence.Event));
        }

        if (test.Known is { } known)
        {
            yield return ("known", "");
            yield return ("  because", YamlText.Quote(known.Because));
            yield return ("  until", YamlText.Quote(known.Until.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)));
            yield return ("  owner", Quoted(known.Owner));
            yield return ("  tracker", Quoted(known.Link));
        }

        yield return ("enforced", test.Enforced ? "true" : null);
        yield return ("stress", Quoted(test.Stress?.ToString()));
        yield return ("duration_ms", Milliseconds(test.ElapsedSeconds));
        if (test.Attempts.Count > 1)
            yield return ("attempts", "");
        foreach (AttemptReport attempt in test.Attempts.Count > 1 ? test.Attempts : [])
        {
            yield return ("  - number", Number(attempt.Number));
            yield return ("    outcome", YamlText.Quote(attempt.Outcome.Word()));
            yield return ("    message", Quoted(attempt.Message));
            yield return ("    duration_ms", Milliseconds(attempt.ElapsedSeconds));
        }
    }

    private static void Block(StringBuilder tap, string indent, IEnumerable<(string Name, string? Value)> facts)
    {
        tap.Append(indent).Append("---\n");
        foreach ((string name, string? value) in facts.Where(fact => fact.Value is not null))
            tap.Append(indent).Append(name).Append(value == "" ? ":" : ": ").Append(value).Append('\n');
        tap.Append(indent).Append("...\n");
    }

    private static string Word(Outcome outcome) => outcome is Outcome.Passed or Outcome.Flaky or Outcome.Skipped ? "ok" : "not ok";

    // "#" begins a directive; a name must not be able to skip itself. "\" begins an escape, which old readers do not know.
    private static string Name(string id) => PlainText.OneLine(id).Replace('#', '_').Replace('\\', '_');

    private static string? Quoted(string? text) => text is null ? null : YamlText.Quote(text);

    private static string? Number(int? number) => number?.ToString(CultureInfo.InvariantCulture);

    private static string Milliseconds(double seconds) => TestFacts.Milliseconds(seconds).ToString(CultureInfo.InvariantCulture);
}
