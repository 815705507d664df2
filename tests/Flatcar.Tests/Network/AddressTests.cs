using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Network;

/// <summary>What networkd gives a card by its files.</summary>
[Category("network")]
public sealed class AddressTests
{
    [MachineTest("network.static")]
    public async Task A_card_has_the_address_the_gateway_and_the_route_of_its_file(Machine machine)
    {
        await machine.AddNamespaceAsync("beyond", "kola0", "192.0.2.1/24");
        await machine.SudoAsync("ip -n beyond address add 192.0.2.2/24 dev eth0; ip -n beyond address add 203.0.113.1/32 dev lo; ip -n beyond address add 198.51.100.1/32 dev lo");
        await machine.AnswerAsync(inside: "beyond");
        Assert.That((await machine.AskAsync("192.0.2.1")).ExitCode, Is.Not.Zero, "nothing leads there yet");

        await machine.ConfigureNetworkAsync(("05-kola0.network", """
            [Match]
            Name=kola0
            [Network]
            Address=192.0.2.10/24
            Address=192.0.2.11/24
            Gateway=192.0.2.1
            [Route]
            Destination=198.51.100.0/24
            Gateway=192.0.2.2
            PreferredSource=192.0.2.11
            """));
        await machine.LinkIsAsync("kola0");
        Assert.That((await machine.AskAsync("192.0.2.1")).Text, Is.EqualTo("beyond sees 192.0.2.10"));
        Assert.That((await machine.AskAsync("203.0.113.1")).Text, Is.EqualTo("beyond sees 192.0.2.10"), "by the gateway, which is better than the one that was leased");
        Assert.That((await machine.AskAsync("198.51.100.1")).Text, Is.EqualTo("beyond sees 192.0.2.11"), "by the route, from the source it prefers");
        Assert.That((await machine.RunAsync("ip route get 203.0.113.1; ip route get 198.51.100.1")).Text, Does.Contain("203.0.113.1 via 192.0.2.1 dev kola0").And.Contain("198.51.100.1 via 192.0.2.2 dev kola0"));
        CommandResult back = await machine.TryInNamespaceAsync("beyond", "ping -c 1 -W 3 192.0.2.10 && ping -c 1 -W 3 192.0.2.11");
        Assert.That(back.ExitCode, Is.Zero, "both addresses answer");
    }

    [MachineTest("network.dummy", Needs = [Feature.FullSpeed])]
    public async Task An_address_on_a_card_that_is_none_is_there_after_a_reboot(Machine machine)
    {
        await machine.ConfigureNetworkAsync(
            ("05-kolad.netdev", "[NetDev]\nName=kolad\nKind=dummy"),
            ("05-kolad.network", "[Match]\nName=kolad\n[Network]\nAddress=192.0.2.53/32"));
        await machine.AnswerAsync();
        await machine.LinkIsAsync("kolad");
        Assert.That((await machine.AskAsync("192.0.2.53", options: "bind=192.0.2.53")).Text, Is.EqualTo($"{machine.Name} sees 192.0.2.53"));
        await machine.RebootAsync();
        await machine.LinkIsAsync("kolad");
        Assert.That((await machine.AskAsync("192.0.2.53", options: "bind=192.0.2.53")).Text, Is.EqualTo($"{machine.Name} sees 192.0.2.53"));
        await machine.SudoAsync("rm /etc/systemd/network/05-kolad.net*; networkctl reload; networkctl delete kolad");
        Assert.That((await machine.AskAsync("192.0.2.53", options: "bind=192.0.2.53")).Text, Does.Contain("Cannot assign requested address"));
    }

    [MachineTest("network.mtu")]
    public async Task A_packet_is_as_large_as_the_card_may_carry_and_no_larger(Machine machine)
    {
        await machine.AddNamespaceAsync("beyond", "kola0", "192.0.2.1/24");
        await machine.SudoAsync("ip -n beyond link set eth0 mtu 9000");
        const string network = "[Match]\nName=kola0\n[Network]\nAddress=192.0.2.10/24";
        await machine.ConfigureNetworkAsync(("05-kola0.network", network));
        await machine.LinkIsAsync("kola0");
        // 28 bytes are the headers of IP and of the echo.
        Task<CommandResult> PingAsync(int mtu) => machine.TryRunAsync($"sudo ping -c 2 -i 0.1 -W 3 -M do -s {mtu - 28} 192.0.2.1 2>&1");
        Assert.That((await PingAsync(1500)).Text, Does.Contain("2 received"));
        Assert.That((await PingAsync(1501)).Text, Does.Contain("essage too long").And.Contain("0 received"), "the machine itself refuses");
        long before = await machine.CountedAsync("kola0", "tx_packets");
        await machine.ConfigureNetworkAsync(("05-kola0.network", network + "\n[Link]\nMTUBytes=9000"));
        await machine.LinkIsAsync("kola0");
        Assert.That((await PingAsync(9000)).Text, Does.Contain("2 received"));
        Assert.That((await PingAsync(9001)).Text, Does.Contain("essage too long").And.Contain("0 received"));
        Assert.That(await machine.CountedAsync("kola0", "tx_packets") - before, Is.InRange(2, 10), "each was sent in one piece, and not in seven");
    }

    [MachineTest("network.link-local")]
    public async Task Neighbours_reach_each_other_without_any_address_given(Machine machine)
    {
        await machine.AddNamespaceAsync("beyond", "kola0", "192.0.2.1/24");
        await machine.AnswerAsync(inside: "beyond");
        await machine.ConfigureNetworkAsync(("05-kola0.network", "[Match]\nName=kola0\n[Network]\nLinkLocalAddressing=yes\nIPv6AcceptRA=no"));
        await machine.LinkIsAsync("kola0", "degraded");
        string far = (await machine.WaitForAsync("the other end to have its address",
            () => machine.RunAsync("sudo ip -n beyond -j address show dev eth0 | jq --raw-output '.[].addr_info[] | select(.family == \"inet6\" and (.tentative | not)) | .local'"), seen => seen.Lines.Count == 1, TimeSpan.FromSeconds(20))).Text;
        string[] own = [.. (await machine.WaitForAsync("kola0 to have an address of both families",
            () => machine.RunAsync("ip -j address show dev kola0 | jq --raw-output '.[0].addr_info | sort_by(.family) | .[] | select(.tentative | not) | .local'"), seen => seen.Lines.Count == 2, TimeSpan.FromSeconds(30))).Lines];
        Assert.That(own, Has.One.StartsWith("169.254.").And.One.StartsWith("fe80::"));
        Assert.That((await machine.AskAsync($"[{far}%kola0]")).Text, Is.EqualTo($"beyond sees {own[1]}").Or.EqualTo($"beyond sees {own[1]}%eth0"));
        // The other end takes an address of its own, as a machine beside this one would.
        await machine.SudoAsync("ip -n beyond address add 169.254.1.1/16 dev eth0");
        Assert.That((await machine.AskAsync("169.254.1.1")).Text, Is.EqualTo($"beyond sees {own[0]}"));
        Assert.That((await machine.AskAsync("192.0.2.1")).ExitCode, Is.Not.Zero, "and nothing further away");
    }
}
