namespace Kola;

/// <summary>An Ethernet segment of a test: what the machines on it share, and what is there beside them.</summary>
public sealed record SegmentSpec
{
    /// <summary>The segment that machines of a test share where nobody says anything of segments.</summary>
    public const string Private = "private";

    /// <summary>Unique in its test: lowercase letters, digits and dashes, at most 12.</summary>
    public required string Name { get; init; }

    /// <summary>How machines come by their addresses. Default <see cref="SegmentAddressing.Ipv4"/>.</summary>
    public SegmentAddressing Addressing { get; init; }

    /// <summary>What the harness serves there. Default nothing.</summary>
    public SegmentServers Servers { get; init; }

    /// <summary>Name of the segment a router or proxy leads to; null where there is neither.</summary>
    public string? Uplink { get; init; }

    /// <summary>Longest packet it carries, bytes of IP. Default 1500, 576 to 9216. Longer ones are lost without a word, as in a switch.</summary>
    public int Mtu { get; init; } = 1500;
}

/// <summary>How the machines on a segment come by their addresses there.</summary>
public enum SegmentAddressing
{
    /// <summary>The harness gives each an IPv4 address.</summary>
    Ipv4,

    /// <summary>The harness gives each an IPv6 address, and there is no IPv4.</summary>
    Ipv6,

    /// <summary>The harness gives each one of both kinds.</summary>
    Dual,

    /// <summary>They ask: DHCP, router advertisements.</summary>
    Automatic,

    /// <summary>The card is up and has none: the test sees to it.</summary>
    None,
}

/// <summary>What the harness serves on a segment. It is host 254 there (<see cref="Machines.SegmentAddress"/>), and the second name server is host 253.</summary>
[Flags]
public enum SegmentServers
{
    None = 0,

    /// <summary>Gives IPv4 addresses away.</summary>
    Dhcp4 = 1,

    /// <summary>Advertises an IPv6 prefix, of which machines make their addresses themselves.</summary>
    Slaac = 2,

    /// <summary>Gives IPv6 addresses away, and advertises that.</summary>
    Dhcp6 = 4,

    /// <summary>Two name servers, which know the machines of the test and what the test tells them.</summary>
    Dns = 8,

    /// <summary>The time, by NTP.</summary>
    Time = 16,

    /// <summary>A router with NAT to <see cref="SegmentSpec.Uplink"/>.</summary>
    Router = 32,

    /// <summary>An HTTP proxy to <see cref="SegmentSpec.Uplink"/> at port 3128; no other way leads there.</summary>
    Proxy = 64,

    /// <summary>
    /// The harness's own servers, of files and of updates, at its address there and their ports. Machines with a card the harness comes in by need it not.
    /// </summary>
    Harness = 128,
}

/// <summary>A card of a machine, beside the one the harness comes in by.</summary>
/// <param name="Segment">What it is plugged into.</param>
/// <param name="Vlan">The VLAN its port is in, 1 to 4094: the machine's frames are tagged there, and it gets those of that VLAN, without the tag. Null for a port that passes all as it is.</param>
public sealed record MachineLink(string Segment, int? Vlan = null);
