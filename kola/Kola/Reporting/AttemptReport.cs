namespace Kola.Reporting;

/// <summary>One attempt of a test.</summary>
public sealed record AttemptReport
{
    /// <summary>1 for the first.</summary>
    public required int Number { get; init; }

    /// <summary>Passed, failed, broken, skipped or not-run; not-run also when it started and has no end.</summary>
    public required Outcome Outcome { get; init; }

    /// <summary>Its first line stands alone; null when passed.</summary>
    public string? Message { get; init; }

    /// <summary>What to do about a skip; null else.</summary>
    public string? Remedy { get; init; }

    /// <summary>Stack trace; null for none.</summary>
    public string? Trace { get; init; }

    /// <summary>When it got its turn; null when that is not recorded.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>From its turn to its end; 0 when it has no end.</summary>
    public double ElapsedSeconds { get; init; }

    /// <summary>What decided.</summary>
    public Evidence? Evidence { get; init; }

    /// <summary>Seconds it waited for its turn.</summary>
    public double WaitedSeconds { get; init; }

    /// <summary>What it waited for last; null when it did not wait.</summary>
    public string? WaitedFor { get; init; }

    /// <summary>Seconds it might have taken; 0 when that is not recorded.</summary>
    public double DeadlineSeconds { get; init; }

    /// <summary>Named parts, in the order they ended.</summary>
    public IReadOnlyList<StepEnded> Steps { get; init; } = [];

    /// <summary>Its machines, in the order they were started.</summary>
    public IReadOnlyList<MachineReport> Machines { get; init; } = [];

    /// <summary>Every command, in the order they ended.</summary>
    public IReadOnlyList<CommandRan> Commands { get; init; } = [];

    /// <summary>Every wait, in the order they ended.</summary>
    public IReadOnlyList<WaitEnded> Waits { get; init; } = [];

    /// <summary>What it did to its network, in order.</summary>
    public IReadOnlyList<NetworkChanged> NetworkChanges { get; init; } = [];

    /// <summary>Power cuts of its machines, in order.</summary>
    public IReadOnlyList<PowerWasCut> PowerCuts { get; init; } = [];

    /// <summary>What was kept of its machines for whoever looks into a failure.</summary>
    public IReadOnlyList<EvidenceKept> Kept { get; init; } = [];

    /// <summary>Findings on its machines, tolerated ones too.</summary>
    public IReadOnlyList<FindingMade> Findings { get; init; } = [];
}
