namespace Kola.Scheduling;

/// <summary>A piece of work that takes a turn: a test, or the making of a template that tests are to be copies of.</summary>
public sealed record WorkItem
{
    /// <summary>Id of the test, or key of the template.</summary>
    public required string Id { get; init; }

    /// <summary>What it takes while it has its turn. More than there is counts as all there is: it then runs alone.</summary>
    public required Capacity Need { get; init; }

    /// <summary>Expected wall seconds from its turn to its end; not negative.</summary>
    public required double Seconds { get; init; }

    /// <summary>Ids of what must be completed before it can begin. Until then it takes nothing, and holds nobody back.</summary>
    public IReadOnlyList<string> After { get; init; } = [];
}
