namespace Kola.Reporting;

/// <summary>How a test ended.</summary>
public sealed record TestReport
{
    public required string Id { get; init; }

    /// <summary>What holds when it passes; empty when it was not planned.</summary>
    public string Sentence { get; init; } = "";

    /// <summary>Categories, as <c>--tag</c> takes them.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>False when it has events and no place in the plan. It is never passed then.</summary>
    public bool Planned { get; init; } = true;

    public required Outcome Outcome { get; init; }

    /// <summary>
    /// Why, its first line standing alone; null when passed. Of a flaky or known test what failed, of a skipped one the reason.
    /// </summary>
    public string? Message { get; init; }

    /// <summary>What to do about a skip; null else.</summary>
    public string? Remedy { get; init; }

    /// <summary>Stack trace that goes with the message; null for none.</summary>
    public string? Trace { get; init; }

    /// <summary>The policy entry of the plan, whether it was needed or not; null for none.</summary>
    public KnownFailure? Known { get; init; }

    /// <summary>What decided the outcome.</summary>
    public Evidence? Evidence { get; init; }

    /// <summary>Whether its skip in the plan was a policy entry's doing.</summary>
    public bool SkippedByPolicy { get; init; }

    /// <summary>An id it had before; null for none.</summary>
    public string? Formerly { get; init; }

    /// <summary>Whether a policy entry says that it has to pass.</summary>
    public bool Enforced { get; init; }

    /// <summary>How many of its repetitions did not pass; null in a run that is no stress run.</summary>
    public Rate? Stress { get; init; }

    /// <summary>In order; empty when it never got its turn.</summary>
    public IReadOnlyList<AttemptReport> Attempts { get; init; } = [];

    /// <summary>All attempts together.</summary>
    public double ElapsedSeconds => Attempts.Sum(attempt => attempt.ElapsedSeconds);

    /// <summary>Directories of its machines' artifacts, relative to the run's.</summary>
    public IEnumerable<string> Directories => Attempts.SelectMany(attempt => attempt.Machines).Select(machine => machine.Directory).Distinct();
}
