namespace Kola.Machines;

/// <summary>The segments of a test as a platform is asked for them.</summary>
public sealed record NetworkSpec
{
    /// <summary>Unique within the run; machines are joined to it by their <see cref="InstanceLink"/>.</summary>
    public required string Name { get; init; }

    /// <summary>Its segments, in the order in which their addresses are counted.</summary>
    public required IReadOnlyList<SegmentSpec> Segments { get; init; }

    /// <summary>Names the servers know, each with all its addresses.</summary>
    public IReadOnlyList<(string Name, string Address)> Hosts { get; init; } = [];

    /// <summary>TCP ports of this host's loopback at which the harness's own servers are, for <see cref="SegmentServers.Harness"/>.</summary>
    public IReadOnlyList<int> HarnessPorts { get; init; } = [];

    /// <summary>Existing directory for what the servers write down.</summary>
    public required string Directory { get; init; }

    /// <summary>Whether any segment needs more than cables.</summary>
    public bool HasServers => Segments.Any(s => s.Servers != SegmentServers.None);
}
