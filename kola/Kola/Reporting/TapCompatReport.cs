using System.Globalization;
using System.Text;

namespace Kola.Reporting;

/// <summary>
/// TAP as flatcar/mantle's kola prints it, for the scripts that read that: a plan, then one line a test without numbers, no steps. Those scripts know
/// <c>ok</c> and everything else: passed, flaky and known are <c>ok</c>, since none of them may close their gate; skipped is <c>ok</c> with
/// SKIP and no reason; failed, broken, not-run and a run with problems are <c>not ok</c>. Every test that is not plainly passed or skipped has
/// the block, and its text begins with the outcome.
/// <code>
/// 1..3
/// ok - cl.basic
/// ok - cl.tpm.root # SKIP
/// not ok - cl.network.wireguard
///   ---
///   Error: "failed: hub: unit wg-quick@wg0.service was \"failed\"…"
///   ...
/// </code>
/// </summary>
public static class TapCompatReport
{
    public static string Render(Report report)
    {
        var tap = new StringBuilder();
        bool problems = report.Problems.Count > 0;
        tap.Append(CultureInfo.InvariantCulture, $"1..{report.Tests.Count + (problems ? 1 : 0)}\n");
        if (problems)
            Write(tap, "not ok", TestFacts.RunCase, $"problem: {string.Join('\n', report.Problems)}");
        foreach (TestReport test in report.Tests)
        {
            string name = PlainText.OneLine(test.Id).Replace("#", "", StringComparison.Ordinal);
            switch (test.Outcome)
            {
                case Outcome.Passed:
                    tap.Append(CultureInfo.InvariantCulture, $"ok - {name}\n");
                    break;
                case Outcome.Skipped:
                    tap.Append(CultureInfo.InvariantCulture, $"ok - {name} # SKIP\n");
                    break;
                case Outcome.Known:
                    Write(tap, "ok", name, string.Create(CultureInfo.InvariantCulture, $"known until {test.Known?.Until:yyyy-MM-dd}, {test.Known?.Because}: {test.Message}"));
                    break;
                default:
                    Write(tap, test.Outcome == Outcome.Flaky ? "ok" : "not ok", name, $"{test.Outcome.Word()}: {test.Message}");
                    break;
            }
        }

        return tap.ToString();
    }

    private static void Write(StringBuilder tap, string word, string name, string error) =>
        tap.Append(CultureInfo.InvariantCulture, $"{word} - {name}\n  ---\n  Error: {YamlText.Quote(error)}\n  ...\n");
}
