using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Network;

/// <summary>Ways out of a network: a router, a proxy, none.</summary>
[Category("network")]
public sealed class WayOutTests
{
    [MachineTest("network.router")]
    [Segment("lan", Addressing = SegmentAddressing.Automatic, Servers = SegmentServers.Dhcp4 | SegmentServers.Router, Uplink = "wan")]
    [Segment("wan")]
    public async Task Behind_a_router_with_NAT_a_machine_gets_out_and_nobody_gets_in(
        [Spec(Segments = ["lan"])] Machine inside, [Spec(Segments = ["wan"])] Machine outside, Lab lab)
    {
        string address = await inside.AddressAsync("eth1", "198.18.0.1");
        await inside.RunAsync($"sudo ip route replace {outside.Address} via {lab.Network.ServerOn("lan")} dev eth1");
        await outside.StartUnitAsync("kola-who", "exec socat TCP-LISTEN:7000,fork,reuseaddr SYSTEM:'echo $$SOCAT_PEERADDR'");
        CommandResult who = await inside.WaitForAsync("an answer from outside", () => inside.TryRunAsync($"timeout 20 socat -u TCP:{outside.Address}:7000 -"), seen => seen.Text.Length > 0);
        Assert.That(who.Text, Is.EqualTo("198.18.1.254"), "the router's own address there");
        await outside.RunAsync($"sudo ip route replace {address} via {lab.Network.ServerOn("wan")} dev eth1");
        Assert.That((await outside.PingAsync(address, 3)).Received, Is.Zero);
    }

    [MachineTest("network.proxy-only")]
    [Segment("corp", Servers = SegmentServers.Proxy, Uplink = "wan")]
    [Segment("wan")]
    public async Task Where_a_proxy_is_the_only_way_out_it_is_the_way(
        [Spec(Segments = ["corp"])] Machine inside, [Spec(Segments = ["wan"])] Machine outside, Lab lab)
    {
        await outside.StartUnitAsync("kola-web", "exec socat TCP-LISTEN:80,fork,reuseaddr,crlf SYSTEM:'read line; echo HTTP/1.0 200 OK; echo; echo $$SOCAT_PEERADDR'");
        await outside.WaitForAsync("the server to listen", () => outside.TryRunAsync("ss --no-header --tcp --listening --numeric | grep -q ':80 '"), seen => seen.ExitCode == 0);
        CommandResult direct = await inside.TryRunAsync($"sudo ip route add {outside.Address} via {lab.Network.ServerOn("corp")} dev eth1; curl --silent --max-time 20 http://{outside.Address}/");
        Assert.That(direct.ExitCode, Is.Not.Zero, "nobody routes");
        CommandResult by = await inside.RunAsync($"http_proxy=http://{lab.Network.ServerOn("corp")}:3128 curl --silent --show-error --fail --max-time 100 http://{outside.Address}/");
        Assert.That(by.Text.Trim(), Is.EqualTo("198.18.1.254"), "it is the proxy that asks");
    }
}
