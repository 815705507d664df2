namespace Kola;

/// <summary>When the results of a run, or of several, are good enough. What is not said here is as strict as it gets, but for flaky tests.</summary>
public sealed record GateRule
{
    /// <summary>Most failed tests. Default 0.</summary>
    public int Failed { get; init; }

    /// <summary>Most broken tests. Default 0.</summary>
    public int Broken { get; init; }

    /// <summary>Most tests that were planned and have no result. Default 0.</summary>
    public int NotRun { get; init; }

    /// <summary>Most tests that passed on a retry only; null for any number, which is the default.</summary>
    public int? Flaky { get; init; }

    /// <summary>Most tests that fail and are known to; null for any number, which is the default.</summary>
    public int? Known { get; init; }

    /// <summary>Fewest tests that have to pass, at a retry at the latest, on each platform and architecture. Default 1: nothing tested is nothing shown.</summary>
    public int Passed { get; init; } = 1;

    /// <summary>Platforms of which there has to be a result where results of several are judged together. Default none.</summary>
    public IReadOnlyList<string> Platforms { get; init; } = [];
}
