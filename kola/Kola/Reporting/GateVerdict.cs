using System.Globalization;

namespace Kola.Reporting;

/// <summary>Whether results are good enough, and why not.</summary>
public sealed record GateVerdict
{
    private const int Named = 5;

    /// <summary>Whether the gate is open.</summary>
    public bool Open => Reasons.Count == 0;

    /// <summary>Every rule that is not kept, one line each; empty when the gate is open.</summary>
    public required IReadOnlyList<string> Reasons { get; init; }

    /// <summary>What does not close the gate and wants to be seen, one line each: a test that is known to fail and passed.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>How much the results prove, one line each; see <see cref="GateStatistics"/>.</summary>
    public IReadOnlyList<string> Statistics { get; init; } = [];

    /// <summary>0 for an open gate; 1 when that is known about the image; 3 when the results prove nothing.</summary>
    public required int ExitCode { get; init; }

    /// <summary>
    /// The verdict on one run. Which platforms there have to be is not asked of it, nor of a shard what only all shards can have.
    /// </summary>
    public static GateVerdict Of(Report report, GateRule rule)
    {
        List<string> reasons = [.. report.Problems];
        if (report.Policy is { } policy && report.Run is { Shard: null } run)
            reasons.AddRange(Lacking(report, rule, policy, run.At, ""));
        return Of([(report, "")], rule, reasons, [], report.Run is null ? 1 : report.Run.Retries + 1);
    }

    /// <summary>What a place has too little of: passed tests, and planned tests for patterns that have to pass.</summary>
    internal static IEnumerable<string> Lacking(Report report, GateRule rule, PolicyRead policy, DateTimeOffset at, string place)
    {
        int passed = report.Tests.Count(test => test.Outcome is Outcome.Passed or Outcome.Flaky);
        if (passed < rule.Passed)
            yield return string.Create(CultureInfo.InvariantCulture, $"{PlainText.Count(passed, "test")} passed{place}, and at least {rule.Passed} {(rule.Passed == 1 ? "has" : "have")} to");
        DateOnly today = DateOnly.FromDateTime(at.UtcDateTime);
        foreach (PolicyEntry entry in policy.Entries.Where(entry => entry.Action == PolicyAction.Enforce && !entry.IsExpired(today)))
        {
            foreach (string pattern in entry.Tests.Where(pattern => !report.Tests.Any(test => test.Planned && TestPattern.Matches(pattern, test.Id, test.Formerly))))
                yield return $"{pattern} has to pass and is not planned{place} ({policy.File}:{entry.Line})";
        }
    }

    /// <summary>The verdict on what was found in several places.</summary>
    /// <param name="places">Results, and how each place is named behind a test: <c> on qemu/amd64</c>, or nothing.</param>
    /// <param name="rule">When they are good enough, all together.</param>
    /// <param name="lacking">Why they prove nothing, whatever the tests say.</param>
    /// <param name="notes">What else wants to be seen.</param>
    /// <param name="tries">Most attempts a test was allowed.</param>
    internal static GateVerdict Of(IReadOnlyList<(Report Report, string Place)> places, GateRule rule, IEnumerable<string> lacking, IEnumerable<string> notes, int tries)
    {
        List<string> reasons = [.. lacking];
        (TestReport Test, string Place)[] tests = [.. places.SelectMany(place => place.Report.Tests.Select(test => (test, place.Place)))];
        bool wrong = Exceeds(Outcome.Failed, rule.Failed) | Exceeds(Outcome.Flaky, rule.Flaky) | Exceeds(Outcome.Known, rule.Known);
        foreach ((TestReport test, string place) in tests.Where(test => test.Test.Enforced && test.Test.Outcome != Outcome.Passed))
        {
            reasons.Add($"{test.Id} has to pass and is {test.Outcome.Word()}{place}");
            wrong |= test.Outcome is Outcome.Failed or Outcome.Flaky or Outcome.Known;
        }

        _ = Exceeds(Outcome.Broken, rule.Broken) | Exceeds(Outcome.NotRun, rule.NotRun);
        return new GateVerdict
        {
            Reasons = reasons,
            Notes = [.. notes, .. tests.Where(test => test.Test is { Known: not null, Outcome: Outcome.Passed }).Select(test => $"{test.Test.Id} is known to fail and passed{test.Place}: {test.Test.Known!.Owner ?? "someone"} can take the entry out ({PlainText.OneLine(test.Test.Known.Because)})")],
            Statistics = GateStatistics.Of([.. tests.Select(test => test.Test)], tries),
            ExitCode = reasons.Count == 0 ? 0 : wrong ? 1 : 3,
        };

        bool Exceeds(Outcome outcome, int? most)
        {
            string[] counted = [.. tests.Where(test => test.Test.Outcome == outcome).Select(test => test.Test.Id + test.Place)];
            if (counted.Length <= (most ?? int.MaxValue))
                return false;
            string more = counted.Length > Named ? string.Create(CultureInfo.InvariantCulture, $" and {counted.Length - Named} more") : "";
            reasons.Add(string.Create(CultureInfo.InvariantCulture, $"{PlainText.Count(counted.Length, "test")} {outcome.Word()}, and at most {most} may be: {string.Join(", ", counted.Take(Named))}{more}"));
            return true;
        }
    }
}
