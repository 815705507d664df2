using System.Globalization;
using Kola.Machines;

namespace Kola.Ignition;

/// <summary>The machines of one test on the segment they share: who has which address.</summary>
/// <param name="Segment">Name of the segment, unique in the run.</param>
/// <param name="Machines">Roles, in the order of the parameters. At most 250.</param>
internal sealed record Neighbourhood(string Segment, IReadOnlyList<string> Machines)
{
    /// <summary>
    /// The machine that gives the others their addresses on the segment by DHCP, so that they are there before they have a config, in their initrd;
    /// null when none refers to another.
    /// </summary>
    internal string? AddressServer { get; init; }

    // 198.18.0.0/15 is set aside for tests of devices (RFC 2544): it meets neither a user's network nor QEMU's 10.0.2.0/24.
    private const string Prefix = "198.18.0.";

    /// <summary>Of the machines of a test; null of one that is alone.</summary>
    /// <param name="segment">Name of the segment.</param>
    /// <param name="machines">All machines of the test.</param>
    internal static Neighbourhood? Of(string segment, IReadOnlyList<MachineSpec> machines) =>
        machines.Count > 1 ? new Neighbourhood(segment, [.. machines.Select(m => m.Name)]) { AddressServer = StartOrder.AddressServer(machines) } : null;

    /// <summary>IPv4 address of a machine.</summary>
    internal string AddressOf(string machine) => Prefix + (Number(machine) + 1).ToString(CultureInfo.InvariantCulture);

    /// <summary>The card a machine has on the segment. Locally administered, unicast; segments are apart, so addresses may repeat.</summary>
    internal PrivateLink LinkOf(string machine) => new(Segment, $"52:54:00:6b:00:{Number(machine) + 1:x2}");

    /// <summary>The card of a machine that has no role yet.</summary>
    internal const string UnconfiguredMac = PrivateLink.UnconfiguredMac;

    /// <summary>networkd's file for the card of a machine that has no role yet: it is up and has no address.</summary>
    internal const string UnconfiguredNetworkFile = $"""
        [Match]
        MACAddress={UnconfiguredMac}

        [Link]
        RequiredForOnline=no

        [Network]
        DHCP=no
        IPv6AcceptRA=no
        LinkLocalAddressing=no

        """;

    /// <summary>networkd's file for that card. It is not waited for at boot, and never takes the default route.</summary>
    internal string NetworkFile(string machine) => $"""
        [Match]
        MACAddress={LinkOf(machine).Mac}

        [Link]
        RequiredForOnline=no

        [Network]
        Address={AddressOf(machine)}/24
        DHCP=no
        IPv6AcceptRA=no
        LinkLocalAddressing=ipv6

        """ + (machine == AddressServer ? AddressServerSections() : "");

    /// <summary>/etc/hosts with all machines by their roles.</summary>
    internal string HostsFile() =>
        "127.0.0.1 localhost\n::1 localhost\n" + string.Concat(Machines.Select(m => $"{AddressOf(m)} {m}\n"));

    // Each is given the address it will have, and nothing else: the way into the world is the other card. Since version 256 networkd gives none
    // before it may write its leases down, which not every image lets it do.
    private string AddressServerSections() => """
        DHCPServer=yes

        [DHCPServer]
        PoolOffset=251
        PoolSize=3
        EmitDNS=no
        EmitNTP=no
        EmitRouter=no
        EmitTimezone=no
        PersistLeases=no

        """ + string.Concat(Machines.Where(m => m != AddressServer).Select(m => $"[DHCPServerStaticLease]\nMACAddress={LinkOf(m).Mac}\nAddress={AddressOf(m)}\n\n"));

    private int Number(string machine) => Machines.ToList().IndexOf(machine) is >= 0 and var at ? at : throw new ArgumentException($"no machine \"{machine}\"", nameof(machine));
}
