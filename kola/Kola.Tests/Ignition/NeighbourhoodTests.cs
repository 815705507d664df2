using Kola.Ignition;
using Kola.Machines;

namespace Kola.Tests.Ignition;

/// <summary>Who has which card and which address on which segment.</summary>
public sealed class NeighbourhoodTests
{
    private static readonly MachineSpec s_router = Some.Machine("router") with { Links = [new MachineLink("lan"), new MachineLink("six"), new MachineLink("lan")] };
    private static readonly MachineSpec s_host = Some.Machine("host") with { Links = [new MachineLink("lan", 10), new MachineLink("free")], Offline = true };
    private static readonly SegmentSpec[] s_segments =
    [
        new() { Name = "six", Addressing = SegmentAddressing.Ipv6, Mtu = 9000 },
        new() { Name = "free", Addressing = SegmentAddressing.Automatic, Servers = SegmentServers.Harness | SegmentServers.Dhcp4 },
    ];

    private readonly Neighbourhood _neighbours = Neighbourhood.Of("some.test", [s_router, s_host], s_segments)!;

    [Test]
    public void Machines_that_say_nothing_share_one_segment_and_a_lone_one_has_none()
    {
        Neighbourhood two = Neighbourhood.Of("t", [Some.Machine("a"), Some.Machine("b")], [])!;
        Assert.That(two.LinksOf("b"), Is.EqualTo(new[] { new InstanceLink("t", "private", "52:54:00:6b:00:02") }));
        Assert.That(two.AddressOf("b"), Is.EqualTo("198.18.0.2"));
        Assert.That(two.HostsFile(), Does.EndWith("198.18.0.1 a\n198.18.0.2 b\n"));
        Assert.That(Neighbourhood.Of("t", [Some.Machine()], []), Is.Null);
        Assert.That(Neighbourhood.Of("t", [Some.Machine() with { Links = [] }, Some.Machine("b") with { Links = [] }], []), Is.Null);
    }

    [Test]
    public void Each_card_has_an_address_of_its_own_and_only_the_first_on_a_segment_one_of_the_harness()
    {
        Assert.That(_neighbours.LinksOf("router").Select(l => l.Mac), Is.EqualTo(new[] { "52:54:00:6b:00:01", "52:54:00:6b:01:01", "52:54:00:6b:02:01" }));
        Assert.That(_neighbours.LinksOf("host")[0].Vlan, Is.EqualTo(10));
        Dictionary<string, string> files = _neighbours.NetworkFiles("router").ToDictionary(f => f.Name, f => f.Text);
        Assert.That(files.Keys, Is.EqualTo(new[] { "10-kola-lan.network", "10-kola-six.network", "10-kola-lan-2.network" }));
        Assert.That(files["10-kola-lan.network"], Does.Contain("Address=198.18.0.1/24"));
        Assert.That(files["10-kola-six.network"], Does.Contain("Address=fd6b:6f6c:61:1::1/64").And.Contain("MTUBytes=9000").And.Not.Contain("198.18"));
        Assert.That(files["10-kola-lan-2.network"], Does.Not.Contain("Address=198"));
        Assert.That(files.Values, Has.All.Contains("Kind=!*"), "what is made on top of a card is the test's");
        Assert.That(_neighbours.CardsOf("router").Select(c => c.State), Is.EqualTo(new[] { "degraded", "degraded", "carrier" }));
    }

    [Test]
    public void Who_asks_for_addresses_has_none_of_the_harness_and_names_are_those_of_the_rest()
    {
        Assert.That(_neighbours.NetworkFiles("host").Last().Text, Does.Contain("DHCP=yes"));
        Assert.That(_neighbours.AddressOn("host", "free"), Is.Empty);
        Assert.That(_neighbours.AddressOn("host", "six"), Is.Empty, "it is not there");
        Assert.That(_neighbours.HostsFile(), Does.Contain("198.18.0.1 router router.lan\nfd6b:6f6c:61:1::1 router.six\n198.18.0.2 host host.lan\n").And.Not.Contain("free"));
        Assert.That(_neighbours.Book().Harness, Is.EquivalentTo(new Dictionary<string, string> { ["lan"] = "198.18.0.254", ["six"] = "fd6b:6f6c:61:1::fe", ["free"] = "198.18.2.254" }));
    }

    [Test]
    public void A_machine_without_a_card_for_the_harness_reaches_it_where_it_serves()
    {
        Assert.That(_neighbours.HarnessFor(s_host), Is.EqualTo("198.18.2.254"));
        Assert.That(_neighbours.HarnessFor(s_router), Is.Null, "it has that card");
        Assert.That(_neighbours.HarnessFor(s_host with { Offline = false }), Is.Null);
    }
}
