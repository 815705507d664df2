namespace Kola.Reporting;

/// <summary>One platform and architecture of which a gate has results.</summary>
public sealed record GatePlace
{
    /// <summary><c>qemu/amd64</c>, with a firmware that was chosen <c>qemu/amd64/uefi</c>.</summary>
    public required string Name { get; init; }

    public required string Platform { get; init; }

    public required string Architecture { get; init; }

    /// <summary>The one image all its runs were of.</summary>
    public required Image Image { get; init; }

    /// <summary>Its runs, in the order they began.</summary>
    public required IReadOnlyList<RunStarted> Runs { get; init; }

    /// <summary>Most attempts one of its tests was allowed in all runs that planned it.</summary>
    public int Tries { get; init; } = 1;

    /// <summary>Its tests, each with the attempts of all runs in the order of time.</summary>
    public required Report Joined { get; init; }
}
