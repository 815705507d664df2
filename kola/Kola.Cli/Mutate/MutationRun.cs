using Kola.Planning;
using Kola.Reporting;
using Kola.Scheduling;

namespace Kola.Cli.Mutate;

/// <summary>
/// Runs tests on machines that are as they should be, then once for each fault on machines that have it, until one notices. What is known so far is
/// written after each fault.
/// </summary>
internal sealed class MutationRun(Target target, NUnitSuite suite, RunSettings settings, Interruptions interruptions)
{
    private const string BaselineName = "baseline";

    private readonly TimeProvider _time = TimeProvider.System;

    /// <summary>The command line, for the record of each run.</summary>
    internal required IReadOnlyList<string> CommandLine { get; init; }

    /// <summary>An earlier run to go by instead of one of its own; null for none.</summary>
    internal Report? Baseline { get; init; }

    /// <summary>Told each result as it comes.</summary>
    internal Action<FaultResult> Tell { get; init; } = _ => { };

    /// <param name="plan">The tests, without those that cannot be run on machines with a fault.</param>
    /// <param name="leftOut">Those.</param>
    /// <param name="faults">What is injected, one at a time.</param>
    internal async Task<(Mutation Mutation, string Directory)> ExecuteAsync(Plan plan, IReadOnlyList<(string Test, string Why)> leftOut, IReadOnlyList<Fault> faults)
    {
        long start = _time.GetTimestamp();
        string name = RunDirectory.NameOf(target.Platform.Name, _time.GetUtcNow(), Environment.ProcessId) + "-mutate";
        string root = Path.Combine(settings.Output ?? Run.DefaultRoot, name);
        Directory.CreateDirectory(root);
        Report baseline = Baseline ?? await RunAsync(plan, settings with { Output = root, Name = BaselineName });
        Dictionary<string, TestReport> before = baseline.Tests.ToDictionary(test => test.Id);
        PlannedTest[] good = [.. plan.Tests.Where(test => before.GetValueOrDefault(test.Case.Id) is { Outcome: Outcome.Passed })];
        var mutation = new Mutation
        {
            Run = name,
            Kola = VersionCommand.Text,
            Platform = target.Platform.Name,
            Image = target.Image,
            Baseline = Baseline is null ? BaselineName : baseline.Run!.Run,
            Tests = [.. good.Select(test => test.Case.Id)],
            LeftOut = [.. leftOut, .. plan.Tests.Except(good).Select(test => (test.Case.Id, WhyNot(before.GetValueOrDefault(test.Case.Id))))],
            BaselineProblem = ProblemOf(baseline, plan),
            Untried = [.. faults.Select(fault => fault.Id)],
        };
        foreach (Fault fault in good.Length == 0 ? [] : faults)
        {
            TimeSpan? left = settings.Limit - _time.GetElapsedTime(start);
            if (interruptions.First.IsCancellationRequested || left <= TimeSpan.Zero)
                break;
            FaultResult result = FaultJudgement.Of(fault, await RunAsync(plan with { Tests = good }, FaultSettings(fault, good, root) with { Limit = left }));
            // What a person or the clock cut short is not tried: it says nothing of the fault.
            if (result.Outcome == FaultOutcome.Undecided && (interruptions.First.IsCancellationRequested || settings.Limit < _time.GetElapsedTime(start)))
                break;
            mutation = mutation with { Faults = [.. mutation.Faults, result], Untried = [.. mutation.Untried.Skip(1)], ElapsedSeconds = _time.GetElapsedTime(start).TotalSeconds };
            Tell(result);
            MutationText.Write(mutation, root);
        }

        string? stopped = mutation.Untried.Count == 0 ? null : interruptions.First.IsCancellationRequested ? "interrupted" : good.Length == 0 ? "no test passes without a fault" : "timeout";
        mutation = mutation with { Stopped = stopped, ElapsedSeconds = _time.GetElapsedTime(start).TotalSeconds };
        MutationText.Write(mutation, root);
        return (mutation, root);
    }

    private RunSettings FaultSettings(Fault fault, IReadOnlyList<PlannedTest> tests, string root)
    {
        Expectation expected = PlanCommand.ExpectationOf(target, settings.History?.Read() ?? CostHistory.Empty);
        return settings with { Output = root, Name = fault.Id, Quiet = true, Fault = fault, FailFast = true, Order = MutationOrder.Of(fault, tests.Select(test => test.Case), expected) };
    }

    private Task<Report> RunAsync(Plan plan, RunSettings of) => new Run(target, plan, of, interruptions).ReportAsync(
        CommandLine,
        // As of any run: NUnit's runner blocks.
        session => Task.Factory.StartNew(() => suite.Run(plan, session), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));

    private static string WhyNot(TestReport? test) => test switch
    {
        null => "it is not in the baseline",
        { Outcome: Outcome.Skipped, Message: { } reason } => $"it was skipped without a fault: {PlainText.FirstLine(reason)}",
        { Message: { } message } => $"it is {test.Outcome.Word()} without a fault: {PlainText.FirstLine(message)}",
        _ => $"it is {test.Outcome.Word()} without a fault",
    };

    // A test that fails without a fault is left out; one of which nothing is known might have noticed.
    private static string? ProblemOf(Report baseline, Plan plan)
    {
        HashSet<string> planned = [.. plan.Tests.Select(test => test.Case.Id)];
        TestReport? unknown = baseline.Tests.FirstOrDefault(test => planned.Contains(test.Id) && test.Outcome is (Outcome.Broken or Outcome.NotRun));
        return unknown is null ? null : $"{unknown.Id} is {unknown.Outcome.Word()}: {PlainText.FirstLine(unknown.Message)}";
    }
}
