using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Network;

/// <summary>What a machine makes of the announcements of a router, which is another machine's networkd.</summary>
[Category("network")]
public sealed class Ipv6Tests
{
    [MachineTest("network.ipv6.slaac-from-networkd", Needs = [Feature.PrivateNetwork])]
    public async Task A_machine_takes_prefix_router_and_name_server_from_an_announcement(Machine router, Machine host)
    {
        await AnnouncesAsync(router);
        await host.ExtendNetworkAsync("eth1", "[Network]\nIPv6AcceptRA=yes");
        string own = await AddressAsync(host);
        Assert.That((await host.AskAsync("[2001:db8:1::1]")).Text, Is.EqualTo($"router sees {own}"));
        Assert.That((await host.AskAsync("[2001:db8:2::1]")).Text, Is.EqualTo($"router sees {own}"), "a network behind the router, by the route it announces");
        Assert.That((await router.RunAsync($"sudo ping -c 2 -i 0.2 -W 5 {own}")).Text, Does.Contain("2 received"));
        CommandResult learned = await host.RunAsync("ip -6 route show default dev eth1; ip -6 route show 2001:db8:2::/64; resolvectl dns eth1");
        string gateway = (await router.RunAsync("ip -j -6 address show dev eth1 scope link | jq --raw-output '[.[].addr_info[]?.local // empty] | .[0]'")).Text;
        Assert.That(learned.Lines, Has.Some.Matches($"^default .*via {gateway} ").And.Some.Matches($"^2001:db8:2::/64 .*via {gateway} ").And.Some.Contains("2001:db8:1::53"));
    }

    [MachineTest("network.ipv6.privacy", Needs = [Feature.PrivateNetwork])]
    public async Task A_machine_that_wants_privacy_shows_another_address_than_its_own(Machine router, Machine host)
    {
        await AnnouncesAsync(router);
        await host.ExtendNetworkAsync("eth1", "[Network]\nIPv6AcceptRA=yes\nIPv6PrivacyExtensions=yes");
        string own = await AddressAsync(host);
        string temporary = (await host.WaitForAsync("the address to be shown", () => host.RunAsync($"{Addresses} and .temporary) | .local'"), seen => seen.Lines.Count == 1, TimeSpan.FromSeconds(20))).Text;
        Assert.That((await host.AskAsync("[2001:db8:1::1]")).Text, Is.EqualTo($"router sees {temporary}"), $"not {own}, which tells the card");
        string card = await host.EthernetAddressAsync("eth1");
        Assert.That(own, Does.EndWith(card[^5..].Replace(":", "", StringComparison.Ordinal).TrimStart('0')), "the address that stays is made of the card's");
        Assert.That(temporary, Does.Not.Contain("ff:fe"));
        Assert.That((await router.RunAsync($"sudo ping -c 1 -W 5 {own}; sudo ping -c 1 -W 5 {temporary}")).Text, Does.Match("1 received(.|\n)*1 received"), "both are its addresses");
    }

    private const string Addresses = "ip -j -6 address show dev eth1 scope global | jq --raw-output '.[].addr_info[]? | select(.local != null and (.local | startswith(\"2001:db8:1:\")) and (.tentative | not)";

    private static async Task<string> AddressAsync(Machine host) => (await host.WaitForAsync("an address by the announcement",
        () => host.RunAsync($"{Addresses} and (.temporary | not)) | .local'"), seen => seen.Lines.Count == 1, TimeSpan.FromSeconds(30))).Text;

    private static async Task AnnouncesAsync(Machine router)
    {
        await router.ConfigureNetworkAsync(
            ("05-kolad.netdev", "[NetDev]\nName=kolad\nKind=dummy"),
            ("05-kolad.network", "[Match]\nName=kolad\n[Network]\nAddress=2001:db8:2::1/64"));
        await router.ExtendNetworkAsync("eth1", """
            [Network]
            Address=2001:db8:1::1/64
            IPv6SendRA=yes
            IPv6Forwarding=yes
            [IPv6SendRA]
            RouterLifetimeSec=30min
            EmitDNS=yes
            DNS=2001:db8:1::53
            [IPv6Prefix]
            Prefix=2001:db8:1::/64
            [IPv6RoutePrefix]
            Route=2001:db8:2::/64
            """);
        await router.AnswerAsync();
        await router.LinkIsAsync("kolad");
    }
}
