using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Network;

/// <summary>How a machine comes by its addresses.</summary>
[Category("network")]
public sealed class LeaseTests
{
    private const string FirstPool = "198.18.0.1"; // .100 to .139
    private const string OtherPool = "198.18.0.2"; // .200 to .239
    private const string OutsideOnWan = "fd6b:6f6c:61:1::2";
    private const string Ipv6 = "fd6b:6f6c:61:";

    [MachineTest("network.dhcp4")]
    [Segment("lan", Addressing = SegmentAddressing.Automatic, Servers = SegmentServers.Dhcp4 | SegmentServers.Dns | SegmentServers.Time)]
    public async Task A_lease_brings_an_address_name_servers_a_domain_and_the_time(
        [Spec(Segments = ["lan"])] Machine machine, Lab lab)
    {
        string address = await machine.AddressAsync("eth1", FirstPool);
        Assert.That((await machine.PingAsync(lab.Network.ServerOn("lan"), 3)).Received, Is.Positive);
        string status = await machine.NetworkStatusAsync("eth1");
        Assert.That(status, Does.Contain($"{address} (DHCPv4 via {lab.Network.ServerOn("lan")})"));
        Assert.That(status, Does.Match(@"DNS: 198\.18\.0\.254\s+198\.18\.0\.253").And.Contain("NTP: 198.18.0.254").And.Contain("kola.test"));
        Assert.That((await machine.RunAsync("ip -4 route show default dev eth1; true")).Text, Is.Empty, "no router was offered");
    }

    // networkd hears no refusal while it renews, only when it asks everybody again, at seven eighths of the lease's two minutes.
    [MachineTest("network.dhcp4.changes", Needs = [Feature.LinkFaults, Feature.FullSpeed])]
    [Segment("lan", Addressing = SegmentAddressing.Automatic, Servers = SegmentServers.Dhcp4)]
    public async Task A_lease_is_given_up_when_the_server_refuses_it_and_outlives_a_server_that_is_gone(
        [Spec(Segments = ["lan"])] Machine machine, Lab lab)
    {
        await machine.AddressAsync("eth1", FirstPool);
        await lab.Network.ConductAsync("lan", new SegmentConduct { OtherAddresses = true });
        await machine.RunAsync("sudo networkctl renew eth1");
        await machine.AddressAsync("eth1", OtherPool);
        await machine.NoAddressAsync("eth1", FirstPool);
        await lab.Network.ConductAsync("lan", new SegmentConduct { Dhcp = ServerMood.Gone });
        await machine.RunAsync("sudo networkctl renew eth1");
        // The lease is of two minutes; while it is asked for in vain it gets older, and stays.
        await machine.WaitForAsync("the lease to be twenty seconds older", () => machine.RunAsync("ip -json -4 address show dev eth1 | jq '.[0].addr_info[0].valid_life_time'"), seen => seen.Lines.Count == 1 && int.Parse(seen.Text, System.Globalization.CultureInfo.InvariantCulture) < 100);
        Assert.That((await machine.CardAsync("eth1")).Addresses, Has.Some.StartsWith(OtherPool), "the lease is not over");
    }

    [MachineTest("network.dhcp6")]
    [Segment("lan", Addressing = SegmentAddressing.Automatic, Servers = SegmentServers.Dhcp6 | SegmentServers.Dns)]
    public async Task Addresses_and_name_servers_come_by_DHCP_of_IPv6(
        [Spec(Segments = ["lan"])] Machine machine)
    {
        string address = await machine.AddressAsync("eth1", Ipv6);
        string status = await machine.NetworkStatusAsync("eth1");
        Assert.That((await machine.CardAsync("eth1")).Addresses, Has.Member($"{address}/128"), "given, not made");
        Assert.That(status, Does.Contain("fd6b:6f6c:61::fe").And.Contain("fd6b:6f6c:61::fd"));
        Assert.That((await machine.PingAsync("fd6b:6f6c:61::fe", 3)).Received, Is.Positive);
    }

    [MachineTest("network.slaac")]
    [Segment("lan", Addressing = SegmentAddressing.Automatic, Servers = SegmentServers.Slaac | SegmentServers.Router, Uplink = "wan")]
    [Segment("wan", Addressing = SegmentAddressing.Dual)]
    public async Task A_machine_makes_itself_an_address_of_the_prefix_and_goes_out_by_the_router_that_advertises_it(
        [Spec(Segments = ["lan"])] Machine machine, [Spec(Segments = ["wan"])] Machine outside)
    {
        string address = await machine.AddressAsync("eth1", Ipv6);
        Assert.That(address, Does.EndWith("ff:fe6b:1"), "of its Ethernet address 52:54:00:6b:00:01");
        await machine.WaitForAsync("the router", () => machine.RunAsync("ip -6 route show default dev eth1"), seen => seen.Text.Contains("proto ra", StringComparison.Ordinal));
        Assert.That((await outside.CardAsync("eth1")).Addresses, Has.Member($"{OutsideOnWan}/64"));
        Assert.That((await machine.PingAsync(OutsideOnWan, 5, "-I eth1")).Received, Is.Positive);
    }

    [MachineTest("network.ipv6-only")]
    [Segment("lan", Addressing = SegmentAddressing.Ipv6)]
    public async Task Two_machines_that_share_nothing_but_IPv6_talk_by_name(
        [Spec(Segments = ["lan"])] Machine left, [Spec(Segments = ["lan"])] Machine right)
    {
        Assert.That(right.Address, Is.EqualTo("fd6b:6f6c:61::2"));
        await right.StartUnitAsync("kola-echo", "exec socat TCP6-LISTEN:7,fork,reuseaddr EXEC:cat");
        await left.WaitForAsync("the echo", () => left.TryRunAsync("echo hello | timeout 20 socat - TCP6:right:7"), seen => seen.Text == "hello");
        Assert.That((await left.RunAsync("ip -4 -brief address show dev eth1")).Text, Does.Not.Contain("198.18"));
    }

    [MachineTest("network.vlan.ports")]
    public async Task Machines_at_ports_of_one_VLAN_hear_each_other_and_no_other_and_a_trunk_hears_all(
        [Spec(Segments = ["trunk@10"])] Machine ten,
        [Spec(Segments = ["trunk@20"])] Machine twenty,
        [Spec(Segments = ["trunk"])] Machine trunk)
    {
        await trunk.ConfigureNetworkAsync(
            ("05-vlan10.netdev", "[NetDev]\nName=vlan10\nKind=vlan\n[VLAN]\nId=10"),
            ("05-vlan20.netdev", "[NetDev]\nName=vlan20\nKind=vlan\n[VLAN]\nId=20"),
            ("06-vlan10.network", "[Match]\nName=vlan10\n[Network]\nAddress=198.18.10.3/24"),
            ("06-vlan20.network", "[Match]\nName=vlan20\n[Network]\nAddress=198.18.20.3/24"),
            ("05-trunk.network", "[Match]\nName=eth1\n[Network]\nVLAN=vlan10\nVLAN=vlan20\nDHCP=no\nLinkLocalAddressing=no"));
        await ten.RunAsync("sudo ip address add 198.18.10.1/24 dev eth1");
        await twenty.RunAsync("sudo ip address add 198.18.20.2/24 dev eth1; sudo ip address add 198.18.10.2/24 dev eth1");
        await trunk.AddressAsync("vlan20", "198.18.20.3");
        Assert.That((await ten.PingAsync("198.18.10.3", 3)).Received, Is.Positive, "the trunk, in VLAN 10");
        Assert.That((await twenty.PingAsync("198.18.20.3", 3)).Received, Is.Positive, "the trunk, in VLAN 20");
        Assert.That((await ten.PingAsync("198.18.10.2", 3)).Received, Is.Zero, "the other VLAN");
    }

    [MachineTest("network.jumbo")]
    [Segment("wide", Mtu = 9000)]
    public async Task Large_packets_pass_whole_where_the_segment_carries_them_and_not_where_it_does_not(
        [Spec(Segments = ["wide", "narrow"])] Machine left, [Spec(Segments = ["wide", "narrow"])] Machine right)
    {
        const string whole = "-M do -s 8972";
        Assert.That((await left.CardAsync("eth1")).Mtu, Is.EqualTo(9000));
        Assert.That((await left.PingAsync(right.AddressOn("wide"), 3, whole)).Received, Is.EqualTo(3));
        await Task.WhenAll(new[] { left, right }.Select(m => m.RunAsync("sudo ip link set eth2 mtu 9000")));
        Assert.That((await left.PingAsync(right.AddressOn("narrow"), 3, whole)).Received, Is.Zero, "the switch loses them without a word");
        Assert.That((await left.PingAsync(right.AddressOn("narrow"), 3, "-M do -s 1472")).Received, Is.EqualTo(3));
    }

    [MachineTest("network.hotplug", Needs = [Feature.CardHotplug])]
    [Segment("lan", Servers = SegmentServers.Dhcp4)]
    public async Task A_card_that_is_put_in_is_configured_at_once_and_its_routes_go_with_it(
        [Spec(Segments = ["lan"])] Machine machine, Lab lab)
    {
        string mac = await lab.Network.InsertCardAsync(machine, "lan");
        CommandResult name = await machine.WaitForAsync("the card to be there", () => machine.TryRunAsync($"grep -l {mac} /sys/class/net/*/address | cut -d / -f 5"), seen => seen.Text.Length > 0);
        string address = await machine.AddressAsync(name.Text, FirstPool);
        Assert.That((await machine.PingAsync(lab.Network.ServerOn("lan"), 3, $"-I {name.Text}")).Received, Is.Positive);
        await lab.Network.RemoveCardAsync(machine);
        await machine.WaitForAsync("the card to be gone", () => machine.TryRunAsync($"test -e /sys/class/net/{name.Text}"), seen => seen.ExitCode != 0);
        Assert.That((await machine.RunAsync("ip -4 address show; ip -4 route show")).Text, Does.Not.Contain(address));
    }
}
