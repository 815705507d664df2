namespace Kola.Machines;

/// <summary>A cable between a machine's card and a segment.</summary>
public interface ILink
{
    /// <summary>Name of the segment, as the test knows it.</summary>
    string Segment { get; }

    /// <summary>Pulls the cable out, or plugs it in again: the machine sees that it has no carrier.</summary>
    Task PlugAsync(bool plugged, CancellationToken cancel);

    /// <summary>What happens to frames from now on.</summary>
    void Shape(LinkCondition toMachine, LinkCondition fromMachine);

    /// <summary>Whose frames do not arrive here, of all on the segment; none for a link that hears everybody.</summary>
    void Ignore(IReadOnlyCollection<ILink> senders);

    /// <summary>Writes the last frames that the machine sent and got, a capture as Wireshark reads it. At most 4 MiB.</summary>
    /// <returns>False when there was none.</returns>
    Task<bool> SaveCaptureAsync(string file, CancellationToken cancel);
}

/// <summary>The segments of one test, with what the harness serves there. Disposing it leaves nothing of them.</summary>
public interface INetwork : IAsyncDisposable
{
    /// <summary>Has the servers of a segment behave otherwise from now on. Returns when they do.</summary>
    /// <exception cref="PlatformException">They could not be told.</exception>
    Task ConductAsync(string segment, SegmentConduct conduct, CancellationToken cancel);
}

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
