using System.Text.RegularExpressions;
using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Network;

/// <summary>Cards made of others, by networkd.</summary>
[Category("network")]
public sealed partial class LinkTests
{
    [MachineTest("network.bridge")]
    public async Task A_bridge_joins_its_ports_and_the_machine(Machine machine)
    {
        await machine.AddNamespaceAsync("left", "kolal", "192.0.2.1/24");
        await machine.AddNamespaceAsync("right", "kolar", "192.0.2.2/24");
        await machine.AnswerAsync(inside: "right");
        await machine.ConfigureNetworkAsync(
            ("05-kolab.netdev", "[NetDev]\nName=kolab\nKind=bridge\n[Bridge]\nSTP=no\nForwardDelaySec=0"),
            ("05-ports.network", "[Match]\nName=kolal kolar\n[Network]\nBridge=kolab"),
            ("05-kolab.network", "[Match]\nName=kolab\n[Network]\nAddress=192.0.2.10/24"));
        await machine.LinkIsAsync("kolab");
        await machine.LinkIsAsync("kolal", "enslaved");
        await machine.LinkIsAsync("kolar", "enslaved");
        Assert.That((await machine.AskAsync("192.0.2.2")).Text, Is.EqualTo("right sees 192.0.2.10"));
        Assert.That((await machine.AskAsync("192.0.2.2", inside: "left")).Text, Is.EqualTo("right sees 192.0.2.1"), "the ports hear each other");
        string learned = (await machine.RunAsync("bridge fdb show br kolab dynamic; true")).Text;
        foreach ((string name, string port) in new[] { ("left", "kolal"), ("right", "kolar") })
            Assert.That(learned, Does.Contain($"{(await machine.TryInNamespaceAsync(name, "cat /sys/class/net/eth0/address")).Text} dev {port} "), "where the bridge has learned each to be");

        await machine.ConfigureNetworkAsync(("05-ports.network", "[Match]\nName=kolal\n[Network]\nBridge=kolab"), ("21-free.network", "[Match]\nName=kolar\n[Network]\nLinkLocalAddressing=no"));
        await machine.WaitForAsync("the port to be given up", () => machine.TryRunAsync("test -e /sys/class/net/kolar/master"), seen => seen.ExitCode == 1, TimeSpan.FromSeconds(20));
        Assert.That((await machine.AskAsync("192.0.2.2", inside: "left")).ExitCode, Is.Not.Zero, "what is no port any more is not heard");
    }

    [MachineTest("network.bond")]
    public async Task The_second_card_of_a_bond_takes_over_when_the_first_loses_its_cable(Machine machine)
    {
        // The two cables of the bond end in a switch, which has the address that is asked.
        await machine.SudoAsync("""
            set -e
            ip netns add switch; ip -n switch link add sw type bridge forward_delay 0; ip -n switch link set sw up; ip -n switch address add 192.0.2.1/24 dev sw
            for i in 0 1; do ip link add kolas$i type veth peer name port$i netns switch; ip -n switch link set port$i master sw up; done
            """);
        await machine.ConfigureNetworkAsync(
            ("05-kolab.netdev", "[NetDev]\nName=kolab\nKind=bond\n[Bond]\nMode=active-backup\nMIIMonitorSec=100ms\nPrimaryReselectPolicy=always"),
            ("05-kolas0.network", "[Match]\nName=kolas0\n[Network]\nBond=kolab\nPrimarySlave=yes"),
            ("05-kolas1.network", "[Match]\nName=kolas1\n[Network]\nBond=kolab"),
            ("05-kolab.network", "[Match]\nName=kolab\n[Network]\nAddress=192.0.2.10/24"));
        await machine.LinkIsAsync("kolab");
        Task<CommandResult> ActiveAsync() => machine.RunAsync("cat /sys/class/net/kolab/bonding/active_slave; ls -d /sys/class/net/kolab/lower_*");
        await machine.WaitForAsync("both cards to be in the bond", ActiveAsync, seen => seen.Lines.Count == 3 && seen.Lines[0] == "kolas0", TimeSpan.FromSeconds(20));

        // The cable goes between the tenth answer and the eleventh.
        CommandResult pings = await machine.SudoAsync("ping -n -i 0.1 -c 60 -W 2 192.0.2.1 | { for i in $(seq 11); do read -r line; done; ip -n switch link set port0 down; cat; }");
        int received = int.Parse(Received().Match(pings.Text).Groups[1].Value);
        Assert.That(received, Is.InRange(40, 60), $"of 60 answers, ten a second, while the cable was lost: {60 - received} were lost, {(60 - received) * 100} ms");
        Assert.That((await ActiveAsync()).Lines[0], Is.EqualTo("kolas1"));
        await machine.SudoAsync("ip -n switch link set port0 up");
        await machine.WaitForAsync("the first card to be used again", ActiveAsync, seen => seen.Lines[0] == "kolas0", TimeSpan.FromSeconds(20));
        Assert.That((await machine.RunAsync("sudo ping -c 3 -i 0.1 -W 3 192.0.2.1")).Text, Does.Contain("3 received"));
    }

    [MachineTest("network.macvlan")]
    public async Task Cards_that_share_a_cable_have_addresses_of_their_own(Machine machine)
    {
        // The same with both kinds: to the neighbour a macvlan is another machine, and an ipvlan is the same one.
        foreach ((string kind, int net, bool same) in new[] { ("macvlan", 1, false), ("ipvlan", 2, true) })
        {
            string mode = kind == "macvlan" ? "[MACVLAN]\nMode=bridge" : "[IPVLAN]\nMode=L2";
            await machine.AddNamespaceAsync($"n{net}", $"kola{net}", $"192.0.{net}.1/24");
            await machine.AnswerAsync(inside: $"n{net}");
            await machine.ConfigureNetworkAsync(
                ($"05-kola{net}.network", $"[Match]\nName=kola{net}\n[Network]\n{kind.ToUpperInvariant()}=kolav{net}\nLinkLocalAddressing=no"),
                ($"05-kolav{net}.netdev", $"[NetDev]\nName=kolav{net}\nKind={kind}\n{mode}"),
                ($"05-kolav{net}.network", $"[Match]\nName=kolav{net}\n[Network]\nAddress=192.0.{net}.20/24\nIPv6AcceptRA=no"));
            await machine.LinkIsAsync($"kolav{net}");
            Assert.That((await machine.AskAsync($"192.0.{net}.1")).Text, Is.EqualTo($"n{net} sees 192.0.{net}.20"), kind);
            CommandResult neighbour = await machine.TryInNamespaceAsync($"n{net}", $"ip neigh show 192.0.{net}.20");
            string cable = await machine.EthernetAddressAsync($"kola{net}");
            Assert.That(neighbour.Text, same ? Does.Contain($"lladdr {cable} ") : Does.Contain("lladdr ").And.Not.Contain(cable), $"whom the neighbour takes the {kind} for");
        }
    }

    // 60 packets transmitted, 58 received, 3.33333% packet loss, time 6030ms
    [GeneratedRegex("([0-9]+) received")]
    private static partial Regex Received();
}
