namespace Kola;

/// <summary>What decided an outcome: which sign, seen where.</summary>
public sealed record Evidence
{
    /// <summary>
    /// Of a broken test the <see cref="Signal"/>'s word. Of a failed one <c>check:</c> and the check's id, <c>assertion</c>, <c>machine</c>, <c>deadline</c>
    /// or <c>code</c>. Of a skipped one <c>plan</c> or <c>test</c>; of one not run <c>unstarted</c> or <c>unended</c>; of a passed one <c>end</c>.
    /// </summary>
    public required string Sign { get; init; }

    /// <summary>Role of the machine it was seen on; null for none.</summary>
    public string? Machine { get; init; }

    /// <summary>File it stands in, relative to the run's directory; null for none.</summary>
    public string? File { get; init; }

    /// <summary>Line of that file, 1 for the first; null for none.</summary>
    public int? Line { get; init; }

    /// <summary>Line of <c>events.jsonl</c> that decided, 1 for the first. Only a report says it; null in an event.</summary>
    public int? Event { get; init; }
}
