namespace Kola.Reporting;

/// <summary>What many repetitions of one test amount to: it passed when all of them did.</summary>
internal static class StressFold
{
    /// <param name="test">The test, its attempts given.</param>
    /// <param name="wanted">How often it was to run.</param>
    /// <param name="why">What became of the run, for repetitions without a result.</param>
    /// <param name="today">Day of the run.</param>
    internal static TestReport Judge(TestReport test, int wanted, string why, DateOnly today)
    {
        AttemptReport[] ended = [.. test.Attempts.Where(attempt => attempt.Outcome is Outcome.Passed or Outcome.Failed)];
        var rate = new Rate(ended.Count(attempt => attempt.Outcome == Outcome.Failed), ended.Length);
        test = test with { Stress = rate };
        AttemptReport worst = test.Attempts.MaxBy(attempt => TestFold.Gravity(attempt.Outcome))!;
        if (worst.Outcome == Outcome.Failed)
        {
            Outcome outcome = test.Known is { } known && today <= known.Until ? Outcome.Known : Outcome.Failed;
            return From(worst, outcome, $"{test.Id}: failed {rate}\nrepetition {worst.Number}: {worst.Message}");
        }

        if (worst.Outcome != Outcome.Passed)
            return From(worst, worst.Outcome, worst.Message);
        return test.Attempts.Count < wanted
            ? test with { Outcome = Outcome.NotRun, Message = $"{test.Id}: passed {test.Attempts.Count} of {wanted} repetitions, the others did not run: {why}", Evidence = new Evidence { Sign = "unstarted" } }
            : From(worst, Outcome.Passed, null);

        TestReport From(AttemptReport attempt, Outcome outcome, string? message) =>
            test with { Outcome = outcome, Message = message, Remedy = attempt.Remedy, Trace = attempt.Trace, Evidence = attempt.Evidence };
    }
}
