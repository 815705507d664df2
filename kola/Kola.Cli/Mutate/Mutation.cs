namespace Kola.Cli.Mutate;

/// <summary>What a mutation run came to: how much of what was made wrong on purpose the suites noticed.</summary>
internal sealed record Mutation
{
    /// <summary>Name of the mutation run: <c>qemu-20261128-101500-4711-mutate</c>.</summary>
    internal required string Run { get; init; }

    /// <summary>Version of kola.</summary>
    internal required string Kola { get; init; }

    /// <summary>Where the machines ran.</summary>
    internal required string Platform { get; init; }

    /// <summary>What they were made of.</summary>
    internal required Image Image { get; init; }

    /// <summary>The run that shows the tests to pass on machines without a fault.</summary>
    internal required string Baseline { get; init; }

    /// <summary>Ids of the tests that had to notice.</summary>
    internal required IReadOnlyList<string> Tests { get; init; }

    /// <summary>Tests that were selected and had not, each with the reason.</summary>
    internal required IReadOnlyList<(string Test, string Why)> LeftOut { get; init; }

    /// <summary>Why the baseline itself proves little; null when it does.</summary>
    internal string? BaselineProblem { get; init; }

    /// <summary>Faults in the order in which they were injected.</summary>
    internal IReadOnlyList<FaultResult> Faults { get; init; } = [];

    /// <summary>Ids of the faults that were not tried any more.</summary>
    internal IReadOnlyList<string> Untried { get; init; } = [];

    /// <summary>Why the mutation run was stopped; null when it was not.</summary>
    internal string? Stopped { get; init; }

    /// <summary>From its start to its end.</summary>
    internal double ElapsedSeconds { get; init; }

    internal int Caught => Faults.Count(fault => fault.Outcome == FaultOutcome.Caught);

    internal int NotCaught => Faults.Count(fault => fault.Outcome == FaultOutcome.NotCaught);

    internal int Undecided => Faults.Count(fault => fault.Outcome == FaultOutcome.Undecided);

    /// <summary>Percent of the decided faults that were caught; null when none is decided.</summary>
    internal double? Share => Caught + NotCaught == 0 ? null : 100.0 * Caught / (Caught + NotCaught);

    /// <summary>1 when the share is below what was asked for, else 3 when something is not known, else 0.</summary>
    /// <param name="atLeast">Percent; null when nothing was asked for.</param>
    internal int ExitCodeFor(double? atLeast) =>
        Share is { } share && share < atLeast ? ExitCode.Failed
        : Share is null || Undecided > 0 || Untried.Count > 0 || Stopped is not null || BaselineProblem is not null ? ExitCode.Broken
        : ExitCode.Clean;
}

/// <summary>What came of one fault.</summary>
internal sealed record FaultResult
{
    /// <summary>The fault.</summary>
    internal required Fault Fault { get; init; }

    /// <summary>Whether anybody noticed.</summary>
    internal required FaultOutcome Outcome { get; init; }

    /// <summary>The test that failed first; null when none did.</summary>
    internal string? By { get; init; }

    /// <summary>What that test said, or why nothing is known; null when all passed.</summary>
    internal string? Message { get; init; }

    /// <summary>From the start of its run to the end of the test that failed, or to its own.</summary>
    internal required double Seconds { get; init; }

    /// <summary>How many tests came to an end on machines with it.</summary>
    internal required int Ran { get; init; }
}

/// <summary>What may come of a fault.</summary>
internal enum FaultOutcome
{
    /// <summary>A test failed.</summary>
    Caught,

    /// <summary>All tests were run, and none failed.</summary>
    NotCaught,

    /// <summary>None failed, and some were broken or not run: nothing is known.</summary>
    Undecided,
}
