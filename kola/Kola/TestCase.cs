namespace Kola;

/// <summary>One test as data: what it is called and what it needs. Holds nothing that can run, so planning cannot run anything.</summary>
public sealed record TestCase
{
    /// <summary>Permanent id: lowercase, dotted, the peer's where the test does the same job (<c>cl.basic</c>).</summary>
    public required string Id { get; init; }

    /// <summary>What holds when it passes: the method's name as a sentence.</summary>
    public required string Sentence { get; init; }

    /// <summary>Where it is written: <c>Namespace.Type.Method</c>.</summary>
    public required string Source { get; init; }

    /// <summary>Its machines, in the order of the parameters. At least one.</summary>
    public required IReadOnlyList<MachineSpec> Machines { get; init; }

    /// <summary>The segments it says something of; others that its machines are on are as by default.</summary>
    public IReadOnlyList<SegmentSpec> Segments { get; init; } = [];

    /// <summary>
    /// Name of the preparation that all its machines have behind them together when the test sees them, a cluster that is up; null for none. Where machines can be
    /// copied, all of them are copies of machines that were frozen at one moment.
    /// </summary>
    public string? Prepared { get; init; }

    /// <summary>An id it had before, so that old history is joined; null for none.</summary>
    public string? Formerly { get; init; }

    /// <summary>Machine time it may take from the first boot to the end, in unscaled minutes. Default 10.</summary>
    public int Minutes { get; init; } = 10;

    /// <summary>Its machines are booted for it alone, never copied from a template: it looks at a first boot. Default no.</summary>
    public bool Fresh { get; init; }

    /// <summary>Features without which it is skipped.</summary>
    public IReadOnlyList<Feature> Needs { get; init; } = [];

    /// <summary>Platforms it is bound to; empty for all.</summary>
    public IReadOnlyList<string> Platforms { get; init; } = [];

    /// <summary>Architectures it is bound to; empty for all.</summary>
    public IReadOnlyList<string> Architectures { get; init; } = [];

    /// <summary>First version it holds for (<c>3185.0.0</c>); null for all.</summary>
    public string? Since { get; init; }

    /// <summary>First version it no longer holds for; null for none.</summary>
    public string? Until { get; init; }

    /// <summary>Categories, for selection with <c>--tag</c>.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Checks whose findings do not fail it, each with a reason.</summary>
    public IReadOnlyList<Toleration> Tolerates { get; init; } = [];
}

/// <summary>A check a test expects to fire.</summary>
/// <param name="Check">Id of the check.</param>
/// <param name="Because">Why that is right for this test; never empty.</param>
public sealed record Toleration(string Check, string Because);
