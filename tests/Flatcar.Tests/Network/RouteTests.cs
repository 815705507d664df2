using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Network;

/// <summary>Which of several ways is taken.</summary>
[Category("network")]
public sealed class RouteTests
{
    private const string Target = "203.0.113.1";

    [MachineTest("network.routes")]
    public async Task The_better_of_two_ways_is_taken_while_it_is_there(Machine machine)
    {
        await HasTwoWaysAsync(machine,
            $"[Route]\nDestination={Target}/32\nGateway=192.0.2.1\nMetric=100",
            $"[Route]\nDestination={Target}/32\nGateway=198.51.100.1\nMetric=200");
        Assert.That((await machine.AskAsync(Target)).Text, Is.EqualTo("left sees 192.0.2.10"));
        await machine.SudoAsync("ip -n left link set eth0 down");
        await machine.WaitForAsync("the other way to be taken", () => machine.AskAsync(Target), seen => seen.Text == "right sees 198.51.100.10", TimeSpan.FromSeconds(20));
        await machine.SudoAsync("ip -n left link set eth0 up");
        await machine.WaitForAsync("the better way to be taken again", () => machine.AskAsync(Target), seen => seen.Text == "left sees 192.0.2.10", TimeSpan.FromSeconds(20));
    }

    [MachineTest("network.policy-rules")]
    public async Task Traffic_of_one_source_goes_a_way_of_its_own(Machine machine)
    {
        await HasTwoWaysAsync(machine, $"[Route]\nDestination={Target}/32\nGateway=192.0.2.1", $"""
            Address=198.51.100.11/24
            [Route]
            Destination={Target}/32
            Gateway=198.51.100.1
            Table=42
            [RoutingPolicyRule]
            From=198.51.100.11/32
            Table=42
            Priority=1000
            """);
        await machine.SudoAsync("ip -n left route add 198.51.100.0/24 dev eth0");
        Assert.That((await machine.AskAsync(Target)).Text, Is.EqualTo("left sees 192.0.2.10"));
        Assert.That((await machine.AskAsync(Target, options: "bind=198.51.100.10")).Text, Is.EqualTo("left sees 198.51.100.10"), "an address the rule is not about");
        Assert.That((await machine.AskAsync(Target, options: "bind=198.51.100.11")).Text, Is.EqualTo("right sees 198.51.100.11"));
        Assert.That((await machine.RunAsync($"ip route get {Target}; ip route get {Target} from 198.51.100.11")).Text, Does.Match("via 192.0.2.1 dev kolal(.|\n)*via 198.51.100.1 dev kolar table 42"));
    }

    [MachineTest("network.path-mtu")]
    public async Task A_connection_learns_how_narrow_its_way_is(Machine machine)
    {
        await machine.AddNamespaceAsync("router", "kola0", "192.0.2.1/24");
        await machine.SudoAsync("""
            set -e
            ip netns add far; ip -n router link add narrow type veth peer name eth0 netns far; ip -n far link set lo up
            ip -n router link set narrow up mtu 1280; ip -n router address add 198.51.100.1/24 dev narrow; ip netns exec router sysctl --quiet --write net.ipv4.ip_forward=1
            ip -n far link set eth0 up; ip -n far address add 198.51.100.2/24 dev eth0; ip -n far route add default via 198.51.100.1
            """);
        await machine.ConfigureNetworkAsync(("05-kola0.network", "[Match]\nName=kola0\n[Network]\nAddress=192.0.2.10/24\n[Route]\nDestination=198.51.100.0/24\nGateway=192.0.2.1"));
        await machine.LinkIsAsync("kola0");
        Assert.That((await machine.RunAsync("sudo ip netns exec router ping -c 1 -W 5 198.51.100.2; ip route get 198.51.100.2")).Text, Does.Contain("1 received").And.Not.Contain("mtu"));

        CommandResult sent = await machine.SudoAsync("""
            ip netns exec far timeout 60 socat -u TCP-LISTEN:7000 SYSTEM:'sha256sum >/run/kola-far' & listener=$!
            head -c 400k /dev/urandom >/run/kola-near
            timeout 60 socat -u FILE:/run/kola-near TCP:198.51.100.2:7000,retry=50,interval=0.1; wait $listener; sha256sum </run/kola-near; cat /run/kola-far
            """);
        Assert.That(sent.Lines, Has.Count.EqualTo(2));
        Assert.That(sent.Lines[1], Is.EqualTo(sent.Lines[0]), "what came through a way narrower than either end's card");
        Assert.That((await machine.RunAsync("ip route get 198.51.100.2")).Text, Does.Contain("mtu 1280"));
        CommandResult refused = await machine.TryRunAsync("sudo ping -c 1 -W 3 -M do -s 1253 198.51.100.2 2>&1");
        Assert.That(refused.Text, Does.Contain("essage too long"), "who may not be cut is refused at home from now on");
    }

    /// <summary>Two namespaces a machine reaches by a cable each; both have the target.</summary>
    private static async Task HasTwoWaysAsync(Machine machine, string left, string right)
    {
        await machine.AddNamespaceAsync("left", "kolal", "192.0.2.1/24");
        await machine.AddNamespaceAsync("right", "kolar", "198.51.100.1/24");
        await machine.SudoAsync($"ip -n left address add {Target}/32 dev lo; ip -n right address add {Target}/32 dev lo");
        await machine.AnswerAsync(inside: "left");
        await machine.AnswerAsync(inside: "right");
        await machine.ConfigureNetworkAsync(
            ("05-kolal.network", $"[Match]\nName=kolal\n[Network]\nAddress=192.0.2.10/24\n{left}"),
            ("05-kolar.network", $"[Match]\nName=kolar\n[Network]\nAddress=198.51.100.10/24\n{right}"));
        await machine.LinkIsAsync("kolal");
        await machine.LinkIsAsync("kolar");
    }
}
