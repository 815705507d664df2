namespace Kola.Reporting;

/// <summary>
/// What a run's events amount to. A pure fold: the same events give the same report, today and in a year. Every planned test is in it with exactly
/// one outcome; what is planned and has no result is not-run, and a run that has no end is never clean.
/// </summary>
public sealed record Report
{
    /// <summary>The run's facts; null when the log has no beginning.</summary>
    public RunStarted? Run { get; init; }

    /// <summary>In the order of the plan; then tests that ran without being planned.</summary>
    public required IReadOnlyList<TestReport> Tests { get; init; }

    /// <summary>Why the run as a whole proves nothing, one line each; empty when it does.</summary>
    public required IReadOnlyList<string> Problems { get; init; }

    /// <summary>Those of the problems for which the record cannot be trusted at all: it contradicts itself.</summary>
    internal IReadOnlyList<string> Contradictions { get; init; } = [];

    /// <summary>Whether every planned test is on record: a run can be killed while it writes its plan.</summary>
    internal bool PlanWhole { get; init; } = true;

    /// <summary>What is wrong with the last line of the record; null for nothing.</summary>
    internal string? Torn { get; init; }

    /// <summary>What could not be taken away. Says nothing about the image and does not change <see cref="ExitCode"/>.</summary>
    public IReadOnlyList<CleanupFailed> Leftovers { get; init; } = [];

    /// <summary>The policy the run was under; null for none.</summary>
    public PolicyRead? Policy { get; init; }

    /// <summary>Templates and parity; null when the run had to do with neither.</summary>
    public TemplatesReport? Templates { get; init; }

    /// <summary>True when the plan was worked off to its end.</summary>
    public bool Complete { get; init; }

    /// <summary>Why the run was stopped; null when it was not.</summary>
    public string? Stopped { get; init; }

    /// <summary>Time of the last event.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>From the first event to the last.</summary>
    public double ElapsedSeconds { get; init; }

    /// <summary>How many tests ended how; all seven outcomes are there.</summary>
    public IReadOnlyDictionary<Outcome, int> Counts =>
        Enum.GetValues<Outcome>().ToDictionary(outcome => outcome, outcome => Tests.Count(test => test.Outcome == outcome));

    /// <summary>
    /// 0 when the gate is open. Else 1 when a test failed, or another rule of the policy is not kept: that is known about the image, however else the
    /// run went. Else 3 when a test is broken or not run, or the run itself has a problem: it died, was stopped, planned nothing, skipped everything.
    /// Without a policy, flaky, known and skipped tests are no failures.
    /// </summary>
    public int ExitCode => Gate.ExitCode;

    /// <summary>Whether the run is good by its policy's rule, or by the strictest one when it had none.</summary>
    public GateVerdict Gate => GateVerdict.Of(this, Policy?.Gate ?? new GateRule());

    /// <summary>The report of a run in memory, at any moment of it.</summary>
    public static Report Of(IEnumerable<RunEvent> events) => Fold(events, torn: null);

    /// <summary>The report of a run that was read back.</summary>
    public static Report Of(RecordedRun recorded) => Fold(recorded.Events, recorded.Torn);

    private static Report Fold(IEnumerable<RunEvent> events, string? torn)
    {
        var fold = new RunFold();
        foreach (RunEvent happened in events)
            fold.Take(happened);
        return fold.Finish(torn);
    }
}
