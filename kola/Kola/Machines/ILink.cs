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
