namespace Kola;

/// <summary>Says of a segment of a test what is not so by default. The machines on it name it in <see cref="SpecAttribute.Segments"/>.</summary>
/// <param name="name">Its name: lowercase letters, digits and dashes, at most 12. <c>private</c> is the one machines share by default.</param>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class SegmentAttribute(string name) : Attribute
{
    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>How machines come by their addresses. Default <see cref="SegmentAddressing.Ipv4"/>: the harness gives them.</summary>
    public SegmentAddressing Addressing { get; init; }

    /// <summary>What the harness serves there. Default nothing.</summary>
    public SegmentServers Servers { get; init; }

    /// <summary>Name of the segment a router or proxy leads to. Default none.</summary>
    public string? Uplink { get; init; }

    /// <summary>Longest packet it carries, bytes of IP. Default 1500, 576 to 9216.</summary>
    public int Mtu { get; init; } = 1500;
}
