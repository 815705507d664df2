using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Kola.Reporting;

/// <summary>
/// <c>test.tap</c>, in the shape kola has always written: a plan, then one line a test without numbers, steps not among them. A test that did
/// not pass has a YAML block. Known is TAP's TODO. Problems of the run are a test <c>kola.run</c> that is not ok: readers take an empty plan
/// for success.
/// <code>
/// 1..3
/// ok - cl.basic
/// ok - cl.tpm.root # SKIP no TPM 2.0 can be attached
/// not ok - cl.network.wireguard
///   ---
///   outcome: failed
///   Error: "hub: unit wg-quick@wg0.service was \"failed\"…"
///   ...
/// </code>
/// </summary>
public static class TapReport
{
    public static string Render(Report report)
    {
        var tap = new StringBuilder();
        bool problems = report.Problems.Count > 0;
        tap.Append(CultureInfo.InvariantCulture, $"1..{report.Tests.Count + (problems ? 1 : 0)}\n");
        if (problems)
            Write(tap, "not ok", JUnitReport.RunCase, "problem", string.Join('\n', report.Problems));
        foreach (TestReport test in report.Tests)
        {
            string name = Name(test.Id);
            string outcome = test.Outcome.Word();
            switch (test.Outcome)
            {
                case Outcome.Passed:
                    tap.Append(CultureInfo.InvariantCulture, $"ok - {name}\n");
                    break;
                case Outcome.Skipped:
                    tap.Append(CultureInfo.InvariantCulture, $"ok - {name} # SKIP {PlainText.OneLine(test.Message)}\n");
                    break;
                case Outcome.Known:
                    Write(tap, "not ok", $"{name} # TODO known until {test.Known?.Until:yyyy-MM-dd}: {PlainText.OneLine(test.Known?.Because)}", outcome, test.Message);
                    break;
                default:
                    Write(tap, test.Outcome == Outcome.Flaky ? "ok" : "not ok", name, outcome, test.Message);
                    break;
            }
        }

        return tap.ToString();
    }

    // A JSON string is a YAML string too, and is one line whatever is in it.
    private static void Write(StringBuilder tap, string word, string description, string outcome, string? message) =>
        tap.Append(CultureInfo.InvariantCulture, $"{word} - {description}\n  ---\n  outcome: {outcome}\n  Error: {JsonSerializer.Serialize(PlainText.Clean(message), EventFormat.Line)}\n  ...\n");

    // "#" begins a directive; a name must not be able to skip itself.
    private static string Name(string id) => PlainText.OneLine(id).Replace('#', '_');
}
