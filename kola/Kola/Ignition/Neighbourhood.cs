using System.Globalization;
using Kola.Machines;

namespace Kola.Ignition;

/// <summary>The machines of one test and the segments they share: who has which card and which address.</summary>
internal sealed record Neighbourhood
{
    /// <summary>Names the segments within the run.</summary>
    internal required string Network { get; init; }

    /// <summary>Roles, in the order of the parameters. At most 250.</summary>
    internal required IReadOnlyList<string> Machines { get; init; }

    /// <summary>All segments, in the order in which their addresses are counted: those first that the test says nothing of.</summary>
    internal required IReadOnlyList<SegmentSpec> Segments { get; init; }

    /// <summary>Each machine's cards.</summary>
    internal required IReadOnlyDictionary<string, IReadOnlyList<MachineLink>> Links { get; init; }

    /// <summary>
    /// The machine that gives the others their addresses on the segment by DHCP, so that they are there before they have a config, in their initrd;
    /// null when none refers to another.
    /// </summary>
    internal string? AddressServer { get; init; }

    /// <summary>Of the machines of a test; null of machines without a segment.</summary>
    /// <param name="network">Names it within the run.</param>
    /// <param name="machines">All machines of the test.</param>
    /// <param name="segments">What the test says of segments.</param>
    internal static Neighbourhood? Of(string network, IReadOnlyList<MachineSpec> machines, IReadOnlyList<SegmentSpec> segments)
    {
        Dictionary<string, IReadOnlyList<MachineLink>> links = machines.ToDictionary(m => m.Name, m => m.LinksAmong(machines.Count));
        SegmentSpec[] plain = [.. links.Values.SelectMany(l => l).Select(l => l.Segment).Distinct().Where(name => segments.All(s => s.Name != name)).Select(name => new SegmentSpec { Name = name })];
        return segments.Count + plain.Length == 0 ? null : new Neighbourhood
        {
            Network = network,
            Machines = [.. machines.Select(m => m.Name)],
            Segments = [.. plain, .. segments],
            Links = links,
            AddressServer = StartOrder.AddressServer(machines),
        };
    }

    /// <summary>As <see cref="Of(string, IReadOnlyList{MachineSpec}, IReadOnlyList{SegmentSpec})"/>, of a whole test.</summary>
    internal static Neighbourhood? Of(string network, TestCase test) => Of(network, test.Machines, test.Segments);

    /// <summary>Number of cards of a machine beside the first, of a machine of a test.</summary>
    internal static int CardsOf(TestCase test, MachineSpec machine) => machine.LinksAmong(test.Machines.Count).Count;

    /// <summary>First address of a machine, on the first of its segments where the harness gives it one; empty when there is none.</summary>
    internal string AddressOf(string machine) => Links[machine].Select(link => AddressOn(machine, link.Segment)).FirstOrDefault(address => address.Length > 0) ?? "";

    /// <summary>Address of a machine on a segment, IPv4 where it has one; empty when the harness gives it none.</summary>
    internal string AddressOn(string machine, string segment)
    {
        SegmentSpec spec = Segment(segment);
        return spec.Addressing switch
        {
            _ when Links[machine].All(link => link.Segment != segment) => "",
            SegmentAddressing.Ipv4 or SegmentAddressing.Dual => Ipv4(spec, Number(machine) + 1),
            SegmentAddressing.Ipv6 => Ipv6(spec, Number(machine) + 1),
            _ => "",
        };
    }

    /// <summary>The same as data, for a test.</summary>
    internal AddressBook Book() => new()
    {
        Addresses = (from machine in Machines from link in Links[machine].DistinctBy(l => l.Segment) let address = AddressOn(machine, link.Segment) where address.Length > 0 select (machine, link.Segment, address)).ToDictionary(a => (a.machine, a.Segment), a => a.address),
        First = Machines.ToDictionary(m => m, AddressOf),
        Segments = Segments,
        Harness = Segments.ToDictionary(s => s.Name, s => HarnessOn(s.Name)),
    };

    /// <summary>Where a machine without a card for the harness reaches it; null where it has one, or nowhere.</summary>
    internal string? HarnessFor(MachineSpec machine) => !machine.Offline ? null
        : Links[machine.Name].Select(link => Segment(link.Segment)).FirstOrDefault(s => s.Servers.HasFlag(SegmentServers.Harness)) is { } served ? HarnessOn(served.Name) : null;

    // IPv4; where there is no IPv4, IPv6.
    private string HarnessOn(string segment) => Segment(segment) is { Addressing: SegmentAddressing.Ipv6 } six ? Ipv6(six, SegmentAddress.Harness) : Ipv4(Segment(segment), SegmentAddress.Harness);

    /// <summary>The cards of a machine. Locally administered, unicast; segments are apart, so addresses may repeat in another test.</summary>
    internal IReadOnlyList<InstanceLink> LinksOf(string machine) =>
        [.. Links[machine].Select((link, card) => new InstanceLink(Network, link.Segment, MacOf(machine, card), link.Vlan))];

    /// <summary>For a copy: the address each of its cards gets, and the state in which networkd has it when it is ready.</summary>
    internal IReadOnlyList<(string Mac, string State)> CardsOf(string machine) =>
        [.. Links[machine].Select((link, card) => (MacOf(machine, card), HasAddress(machine, card) ? "degraded" : "carrier"))];

    /// <summary>What the platform is asked for.</summary>
    /// <param name="directory">Existing directory of the attempt.</param>
    internal NetworkSpec Spec(string directory) => new()
    {
        Name = Network,
        Segments = Segments,
        Hosts = [.. from machine in Machines from link in Links[machine] let address = AddressOn(machine, link.Segment) where address.Length > 0 from name in Names(machine, link.Segment) select (name, address)],
        Directory = directory,
    };

    /// <summary>networkd's file for the cards of a machine that has no role yet: they are up and have no address.</summary>
    /// <param name="cards">How many.</param>
    internal static string UnconfiguredNetworkFile(int cards) => Idle(string.Join(' ', Enumerable.Range(0, cards).Select(InstanceLink.UnconfiguredMac)));

    // Kind=!*: what is made on top of a card, a VLAN or a MACVLAN, may have its address, and is the test's.
    /// <summary>networkd's files for a machine's cards, name to text. None is waited for at boot; none with an address of the harness's takes the default route.</summary>
    internal IEnumerable<(string Name, string Text)> NetworkFiles(string machine) => Links[machine].Select((link, card) =>
    {
        bool second = Links[machine].Take(card).Any(before => before.Segment == link.Segment);
        return ($"10-kola-{link.Segment}{(second ? $"-{card}" : "")}.network", NetworkFile(machine, card));
    });

    /// <summary>/etc/hosts with all machines by their roles, and by role and segment: <c>hub</c>, <c>hub.lan</c>.</summary>
    internal string HostsFile() => "127.0.0.1 localhost\n::1 localhost\n" + string.Concat(
        from machine in Machines
        from segment in Links[machine].Select(link => link.Segment).Distinct()
        let address = AddressOn(machine, segment)
        where address.Length > 0
        select $"{address} {string.Join(' ', Names(machine, segment))}\n");

    /// <summary>IPv4 address of a host of a segment.</summary>
    private string Ipv4(SegmentSpec segment, int host) => SegmentAddress.Ipv4(SegmentNumber(segment), host);

    private string Ipv6(SegmentSpec segment, int host) => SegmentAddress.Ipv6(SegmentNumber(segment), host);

    // The short name is that of its first address.
    private IEnumerable<string> Names(string machine, string segment) =>
        AddressOn(machine, segment) == AddressOf(machine) ? segment == SegmentSpec.Private ? [machine] : [machine, $"{machine}.{segment}"] : [$"{machine}.{segment}"];

    private string NetworkFile(string machine, int card)
    {
        SegmentSpec segment = Segment(Links[machine][card].Segment);
        string mac = MacOf(machine, card);
        if (segment.Addressing == SegmentAddressing.Automatic)
            return Automatic(mac);
        if (!HasAddress(machine, card))
            return Idle(mac);
        string link = segment.Mtu == 1500 ? "" : string.Create(CultureInfo.InvariantCulture, $"MTUBytes={segment.Mtu}\n");
        string addresses = (segment.Addressing == SegmentAddressing.Ipv6 ? "" : $"Address={Ipv4(segment, Number(machine) + 1)}/24\n") +
            (segment.Addressing == SegmentAddressing.Ipv4 ? "" : $"Address={Ipv6(segment, Number(machine) + 1)}/64\n");
        return $"""
            [Match]
            MACAddress={mac}
            Kind=!*

            [Link]
            RequiredForOnline=no
            {link}
            [Network]
            {addresses}DHCP=no
            IPv6AcceptRA=no
            LinkLocalAddressing=ipv6

            """ + (machine == AddressServer && card == 0 ? AddressServerSections() : "");
    }

    private bool HasAddress(string machine, int card) =>
        Segment(Links[machine][card].Segment).Addressing is SegmentAddressing.Ipv4 or SegmentAddressing.Ipv6 or SegmentAddressing.Dual && Links[machine].Take(card).All(before => before.Segment != Links[machine][card].Segment);

    private static string Idle(string macs) => $"""
        [Match]
        MACAddress={macs}
        Kind=!*

        [Link]
        RequiredForOnline=no

        [Network]
        DHCP=no
        IPv6AcceptRA=no
        LinkLocalAddressing=no

        """;

    private static string Automatic(string mac) => $"""
        [Match]
        MACAddress={mac}
        Kind=!*

        [Link]
        RequiredForOnline=no

        [Network]
        DHCP=yes
        IPv6AcceptRA=yes

        [DHCPv4]
        ClientIdentifier=mac
        UseDomains=yes

        """;

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

        """ + string.Concat(Machines.Where(m => m != AddressServer).Select(m => $"[DHCPServerStaticLease]\nMACAddress={MacOf(m, 0)}\nAddress={AddressOf(m)}\n\n"));

    private string MacOf(string machine, int card) => $"52:54:00:6b:{card:x2}:{Number(machine) + 1:x2}";

    private SegmentSpec Segment(string name) => Segments.FirstOrDefault(s => s.Name == name) ?? throw new ArgumentException($"no segment \"{name}\"", nameof(name));

    private int SegmentNumber(SegmentSpec segment) => Segments.ToList().IndexOf(segment);

    private int Number(string machine) => Machines.ToList().IndexOf(machine) is >= 0 and var at ? at : throw new ArgumentException($"no machine \"{machine}\"", nameof(machine));
}
