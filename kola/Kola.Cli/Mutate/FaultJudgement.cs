using Kola.Reporting;

namespace Kola.Cli.Mutate;

/// <summary>Reads off a run's report what came of the fault its machines had.</summary>
internal static class FaultJudgement
{
    internal static FaultResult Of(Fault fault, Report report)
    {
        // Two may fail at once before the run is stopped: who was first has caught it.
        (TestReport? by, double seconds) = report.Tests
            .Where(test => test.Outcome == Outcome.Failed)
            .Select(test => (test, EndOf(test, report)))
            .OrderBy(pair => pair.Item2)
            .FirstOrDefault();
        var result = new FaultResult
        {
            Fault = fault,
            Outcome = FaultOutcome.NotCaught,
            Seconds = report.ElapsedSeconds,
            Ran = report.Tests.Count(test => test.Outcome is not (Outcome.NotRun or Outcome.Broken)),
        };
        if (by is not null)
            return result with { Outcome = FaultOutcome.Caught, By = by.Id, Message = by.Message, Seconds = seconds };
        // Broken is the place's affair, and never a test that has noticed.
        TestReport? unknown = report.Tests.Where(test => test.Outcome is Outcome.Broken or Outcome.NotRun).MinBy(test => test.Outcome == Outcome.NotRun);
        if (unknown is null && report.Complete)
            return result;
        string why = unknown is { Outcome: Outcome.Broken } ? $"{unknown.Id} is broken: {unknown.Message}" : report.Stopped is { } stopped ? $"the run was stopped: {stopped}" : unknown?.Message ?? "the run did not come to its end";
        return result with { Outcome = FaultOutcome.Undecided, Message = why };
    }

    private static double EndOf(TestReport test, Report report) =>
        test.Attempts is [.., { Started: { } started } last] && report.Run is { } run ? (started - run.At).TotalSeconds + last.ElapsedSeconds : report.ElapsedSeconds;
}
