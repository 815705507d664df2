using System.Globalization;

namespace Kola.Reporting;

/// <summary>Whether results are good enough, and why not.</summary>
public sealed record GateVerdict
{
    /// <summary>Whether the gate is open.</summary>
    public bool Open => Reasons.Count == 0;

    /// <summary>Every rule that is not kept, one line each; empty when the gate is open.</summary>
    public required IReadOnlyList<string> Reasons { get; init; }

    /// <summary>0 for an open gate; 1 when that is known about the image; 3 when the results prove nothing.</summary>
    public required int ExitCode { get; init; }

    /// <summary>The verdict on one run.</summary>
    public static GateVerdict Of(Report report, GateRule rule)
    {
        var reasons = new List<string>(report.Problems);
        bool wrong = false;
        Hold(Outcome.Failed, rule.Failed);
        Hold(Outcome.Flaky, rule.Flaky);
        Hold(Outcome.Known, rule.Known);
        foreach (TestReport test in report.Tests.Where(test => test.Enforced && test.Outcome != Outcome.Passed))
        {
            reasons.Add($"{test.Id} has to pass and is {test.Outcome.Word()}");
            wrong |= test.Outcome is Outcome.Failed or Outcome.Flaky or Outcome.Known;
        }

        bool known = wrong;
        Hold(Outcome.Broken, rule.Broken);
        Hold(Outcome.NotRun, rule.NotRun);
        return new GateVerdict { Reasons = reasons, ExitCode = reasons.Count == 0 ? 0 : known ? 1 : 3 };

        void Hold(Outcome outcome, int? most)
        {
            int count = report.Counts[outcome];
            if (count <= (most ?? int.MaxValue))
                return;
            wrong = true;
            reasons.Add(string.Create(CultureInfo.InvariantCulture, $"{PlainText.Count(count, "test")} {outcome.Word()}, and at most {most} may be"));
        }
    }
}
