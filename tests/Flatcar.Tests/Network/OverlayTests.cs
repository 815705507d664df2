using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Network;

/// <summary>Networks of two machines over the one they share.</summary>
[Category("network")]
public sealed class OverlayTests
{
    [MachineTest("network.vlan", Needs = [Feature.PrivateNetwork])]
    public async Task Two_networks_on_one_cable_do_not_hear_each_other(Machine one, Machine two)
    {
        await Task.WhenAll(HasVlansAsync(one, 1), HasVlansAsync(two, 2));
        await two.AnswerAsync();
        Assert.That((await one.AskAsync("192.0.2.2")).Text, Is.EqualTo("two sees 192.0.2.1"));
        Assert.That((await one.AskAsync("198.51.100.2")).Text, Is.EqualTo("two sees 198.51.100.1"));

        long heard = await two.CountedAsync("kola10", "rx_packets"), overheard = await two.CountedAsync("kola20", "rx_packets");
        CommandResult frame = await one.CaptureAsync("eth1", "vlan 10 and icmp", "ping -c 5 -i 0.1 -W 3 192.0.2.2");
        Assert.That(frame.Text, Does.Contain("vlan 10, "), "how it goes over the cable");
        Assert.That(await two.CountedAsync("kola10", "rx_packets") - heard, Is.GreaterThanOrEqualTo(5));
        Assert.That(await two.CountedAsync("kola20", "rx_packets"), Is.EqualTo(overheard), "the network beside it heard of that");

        await two.SudoAsync("networkctl delete kola20");
        await two.ConfigureNetworkAsync(("05-kola20.netdev", "[NetDev]\nName=kola20\nKind=vlan\n[VLAN]\nId=30"));
        await two.LinkIsAsync("kola20");
        Assert.That((await one.AskAsync("198.51.100.2")).ExitCode, Is.Not.Zero, "with another tag it is another network");
    }

    [MachineTest("network.vxlan", Needs = [Feature.PrivateNetwork])]
    public async Task A_network_is_carried_in_packets_of_another(Machine one, Machine two)
    {
        await Task.WhenAll(HasVxlanAsync(one, two, 1), HasVxlanAsync(two, one, 2));
        await two.AnswerAsync();
        Assert.That((await one.AskAsync("192.0.2.2")).Text, Is.EqualTo("two sees 192.0.2.1"));
        CommandResult frame = await one.CaptureAsync("eth1", "udp port 4789", "ping -c 3 -i 0.1 -W 3 192.0.2.2");
        Assert.That(frame.Text, Does.Contain($"{one.Address}.").And.Contain($"> {two.Address}.4789: VXLAN").And.Contain("vni 42"));
        // 50 bytes of each packet are the outer network's.
        CommandResult large = await one.TryRunAsync("sudo ping -c 1 -W 3 -M do -s 1422 192.0.2.2 2>&1; sudo ping -c 1 -W 3 -M do -s 1423 192.0.2.2 2>&1");
        Assert.That(large.Text, Does.Match("1 received(.|\n)*essage too long(.|\n)*0 received"));
    }

    [MachineTest("network.tun", Needs = [Feature.PrivateNetwork])]
    public async Task A_program_is_the_cable_between_two_machines(Machine one, Machine two)
    {
        await Task.WhenAll(HasTunnelAsync(one, two, 1), HasTunnelAsync(two, one, 2));
        await two.AnswerAsync();
        Assert.That((await one.AskAsync("192.0.2.2")).Text, Is.EqualTo("two sees 192.0.2.1"));
        await one.SudoAsync("systemctl stop kola-cable.service");
        await one.WaitForAsync("the card to have lost its cable", () => one.RunAsync("cat /sys/class/net/kolat/carrier"), seen => seen.Text == "0", TimeSpan.FromSeconds(10));
        Assert.That((await one.AskAsync("192.0.2.2")).ExitCode, Is.Not.Zero);
    }

    [MachineTest("cl.network.wireguard", Needs = [Feature.PrivateNetwork], Since = "3185.0.0")]
    public async Task A_tunnel_carries_traffic_and_survives_a_reboot_of_the_hub(Machine hub, Machine spoke)
    {
        string[] hubKeys = await KeysAsync(hub), spokeKeys = await KeysAsync(spoke);
        await hub.WriteFileAsync("/etc/wireguard/wg0.conf", $"[Interface]\nAddress=10.100.0.1/24\nListenPort=51820\nPrivateKey={hubKeys[0]}\n[Peer]\nPublicKey={spokeKeys[1]}\nAllowedIPs=10.100.0.2/32\n", "0600");
        await spoke.WriteFileAsync("/etc/wireguard/wg0.conf", $"[Interface]\nAddress=10.100.0.2/24\nPrivateKey={spokeKeys[0]}\n[Peer]\nPublicKey={hubKeys[1]}\nAllowedIPs=10.100.0.0/24\nEndpoint={hub.Address}:51820\n", "0600");
        await hub.AnswerAsync();
        await Task.WhenAll(hub.SudoAsync("systemctl enable --quiet --now wg-quick@wg0.service"), spoke.SudoAsync("systemctl enable --quiet --now wg-quick@wg0.service"));
        Assert.That((await spoke.AskAsync("10.100.0.1")).Text, Is.EqualTo("hub sees 10.100.0.2"));
        CommandResult frame = await spoke.CaptureAsync("eth1", $"host {hub.Address} and not arp", "ping -c 2 -i 0.2 -W 3 10.100.0.1", frames: 2);
        Assert.That(frame.Lines.Take(2), Has.All.Contains(".51820").And.All.Contains("UDP"), "what goes over the segment");

        await hub.RebootAsync();
        await spoke.WaitForAsync("the hub to answer through the tunnel", () => spoke.AskAsync("10.100.0.1"), seen => seen.Text == "hub sees 10.100.0.2", TimeSpan.FromSeconds(30));

        // A key the hub does not know is not answered, whatever address it has.
        string[] strange = await KeysAsync(spoke);
        await spoke.RunAsync($"echo {strange[0]} | sudo wg set wg0 private-key /dev/stdin");
        Assert.That((await spoke.TryRunAsync("sudo ping -c 2 -i 0.2 -W 2 10.100.0.1")).Text, Does.Contain("0 received"));
    }

    private static async Task<string[]> KeysAsync(Machine machine) => [.. (await machine.RunAsync("key=$(wg genkey); echo $key; echo $key | wg pubkey")).Lines];

    private static async Task HasVlansAsync(Machine machine, int number)
    {
        // Nothing is sent on them that no test sends.
        const string quiet = "LinkLocalAddressing=no\nIPv6AcceptRA=no";
        await machine.ConfigureNetworkAsync(
            ("05-kola10.netdev", "[NetDev]\nName=kola10\nKind=vlan\n[VLAN]\nId=10"),
            ("05-kola20.netdev", "[NetDev]\nName=kola20\nKind=vlan\n[VLAN]\nId=20"),
            ("05-kola10.network", $"[Match]\nName=kola10\n[Network]\nAddress=192.0.2.{number}/24\n{quiet}"),
            ("05-kola20.network", $"[Match]\nName=kola20\n[Network]\nAddress=198.51.100.{number}/24\n{quiet}"));
        await machine.ExtendNetworkAsync("eth1", "[Network]\nVLAN=kola10\nVLAN=kola20");
        await machine.LinkIsAsync("kola10");
        await machine.LinkIsAsync("kola20");
    }

    private static async Task HasVxlanAsync(Machine machine, Machine other, int number)
    {
        await machine.ConfigureNetworkAsync(
            // The Ethernet address networkd makes up is the machine id's, which machines of one test share.
            ("05-kolax.netdev", $"[NetDev]\nName=kolax\nKind=vxlan\nMACAddress=02:00:00:00:00:0{number}\nMTUBytes=1450\n[VXLAN]\nVNI=42\nLocal={machine.Address}\nRemote={other.Address}\nDestinationPort=4789\nIndependent=yes"),
            ("05-kolax.network", $"[Match]\nName=kolax\n[Network]\nAddress=192.0.2.{number}/24"));
        await machine.LinkIsAsync("kolax");
    }

    private static async Task HasTunnelAsync(Machine machine, Machine other, int number)
    {
        await machine.ConfigureNetworkAsync(
            ("05-kolat.netdev", "[NetDev]\nName=kolat\nKind=tun"),
            ("05-kolat.network", $"[Match]\nName=kolat\n[Network]\nAddress=192.0.2.{number}/24"));
        await machine.StartUnitAsync("kola-cable", $"exec socat TUN,tun-name=kolat,iff-no-pi UDP:{other.Address}:7010,bind={machine.Address}:7010");
        await machine.LinkIsAsync("kolat");
    }
}
