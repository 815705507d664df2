using Kola.Policies;

namespace Kola.Reporting;

/// <summary>Joins the results one test has in several runs of one place.</summary>
/// <param name="policy">What decides about it, for its place; null for none.</param>
/// <param name="today">Day of the gate.</param>
internal sealed class GateJoin(Policy? policy, DateOnly today)
{
    /// <param name="found">At least one, in the order of time.</param>
    internal TestReport Join(IReadOnlyList<(Report Run, TestReport Test)> found)
    {
        TestReport last = found[^1].Test;
        PolicyEntry? entry = policy?.Of(last.Id, last.Formerly, today);
        TestReport test = new()
        {
            Id = last.Id,
            Sentence = last.Sentence,
            Formerly = last.Formerly,
            Planned = found.All(one => one.Test.Planned),
            Outcome = Outcome.NotRun,
            Known = entry is { Action: PolicyAction.Known } ? PolicyWords.Known(entry) : null,
            Enforced = entry is { Action: PolicyAction.Enforce },
            Stress = found.Select(one => one.Test.Stress).Aggregate((Rate?)null, Sum),
            Attempts = [.. found.SelectMany(AttemptsOf).Select((attempt, i) => attempt with { Number = i + 1 })],
        };
        test = test.Attempts.Count == 0 ? WithoutAttempts(test, found) : Judge(test);
        if (entry is { Action: PolicyAction.Skip } && test.Outcome is not (Outcome.Passed or Outcome.Flaky))
            return test with { Outcome = Outcome.Skipped, Message = PolicyWords.SkipReason(entry), Remedy = PolicyWords.SkipRemedy(entry, policy!.File), SkippedByPolicy = true };
        return test.Planned || test.Outcome is Outcome.Failed or Outcome.Broken ? test : test with { Outcome = Outcome.Broken, Message = $"{test.Id}: ended as {test.Outcome.Word()} and was never planned" };
    }

    // An attempt that found nothing out does not take back what another one did, whichever came first.
    private TestReport Judge(TestReport test)
    {
        AttemptReport[] ordered = [.. test.Attempts.OrderBy(attempt => attempt.Outcome is Outcome.Passed or Outcome.Failed ? int.MaxValue : TestFold.Gravity(attempt.Outcome))];
        return TestFold.Judge(test with { Attempts = ordered }, today) with { Attempts = test.Attempts };
    }

    // Repetitions of a stress run are no retries: all of them together are one attempt, as good as the worst of them.
    private static IReadOnlyList<AttemptReport> AttemptsOf((Report Run, TestReport Test) found)
    {
        if (found.Test is not { Stress: not null, Attempts: [_, ..] })
            return found.Test.Attempts;
        AttemptReport worst = found.Test.Attempts.MaxBy(attempt => TestFold.Gravity(attempt.Outcome))!;
        Outcome outcome = found.Test.Outcome == Outcome.Known ? Outcome.Failed : found.Test.Outcome;
        return [worst with { Outcome = outcome, Message = found.Test.Message, Evidence = found.Test.Evidence }];
    }

    private static Rate? Sum(Rate? one, Rate? other) => one is { } a && other is { } b ? new Rate(a.Hits + b.Hits, a.Trials + b.Trials) : one ?? other;

    private static TestReport WithoutAttempts(TestReport test, IReadOnlyList<(Report Run, TestReport Test)> found)
    {
        if (found.FirstOrDefault(one => one.Test.Outcome != Outcome.Skipped) is { Run: not null } lacking)
            return test with { Message = lacking.Test.Message, Evidence = lacking.Test.Evidence };
        if (found.FirstOrDefault(one => !one.Test.SkippedByPolicy) is { Run: not null } skipped)
            return test with { Outcome = Outcome.Skipped, Message = skipped.Test.Message, Remedy = skipped.Test.Remedy, Evidence = skipped.Test.Evidence };
        return test with
        {
            Message = $"{test.Id}: skipped by a policy of the run, which the gate's does not\n  wanted:  a result\n  got:     {found[^1].Test.Message}",
            Evidence = found[^1].Test.Evidence,
            SkippedByPolicy = true,
        };
    }
}
