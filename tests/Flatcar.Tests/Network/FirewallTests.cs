using System.Globalization;
using System.Text.RegularExpressions;
using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Network;

/// <summary>What the kernel lets in, passes on and holds back.</summary>
[Category("network")]
public sealed partial class FirewallTests
{
    [MachineTest("cl.network.nftables", Needs = [Feature.PrivateNetwork], Since = "4345.0.0")]
    public Task Saved_rules_of_nftables_hold_after_a_reboot(Machine server, Machine client) => HoldAsync(server, client, "nftables-load.service", "/var/lib/nftables/rules-save", """
        table inet kola {
            chain input {
                type filter hook input priority 0; policy accept;
                tcp dport 7001 reject with tcp reset
                tcp dport 7002 drop
            }
        }

        """);

    [MachineTest("cl.network.iptables", Needs = [Feature.FullSpeed, Feature.PrivateNetwork])]
    public Task Saved_rules_of_iptables_hold_after_a_reboot(Machine server, Machine client) => HoldAsync(server, client, "iptables-restore.service", "/var/lib/iptables/rules-save", """
        *filter
        :INPUT ACCEPT [0:0]
        -A INPUT -p tcp --dport 7001 -j REJECT --reject-with tcp-reset
        -A INPUT -p tcp --dport 7002 -j DROP
        COMMIT

        """);

    [MachineTest("network.firewall.conntrack", Needs = [Feature.PrivateNetwork])]
    public async Task Answers_come_in_and_nobody_new_does(Machine inside, Machine outside)
    {
        await inside.AnswerAsync();
        await outside.AnswerAsync();
        Assert.That((await outside.AskAsync(inside.Address)).Text, Is.EqualTo($"inside sees {outside.Address}"));
        await inside.SudoAsync("""
            nft -f - <<END
            table inet kola {
                chain input {
                    type filter hook input priority 0; policy accept;
                    iif eth1 ct state established,related accept
                    iif eth1 counter drop
                }
            }
            END
            """);
        Assert.That((await inside.AskAsync(outside.Address)).Text, Is.EqualTo($"outside sees {inside.Address}"), "what the inside began is answered");
        Assert.That((await outside.AskAsync(inside.Address)).Text, Does.Contain("timed out"), "and what the outside begins is not");
        // A port nobody listens on is refused by a message that belongs to what the inside began.
        Assert.That((await inside.AskAsync(outside.Address, 7009)).Text, Does.Contain("refused"));
        await inside.SudoAsync("nft delete table inet kola");
        Assert.That((await outside.AskAsync(inside.Address)).Text, Is.EqualTo($"inside sees {outside.Address}"));
    }

    [MachineTest("network.firewall.rate-limit")]
    public async Task No_more_is_answered_than_the_limit_allows(Machine machine)
    {
        await machine.AddNamespaceAsync("beyond", "kola0", "192.0.2.1/24");
        await machine.ConfigureNetworkAsync(("05-kola0.network", "[Match]\nName=kola0\n[Network]\nAddress=192.0.2.10/24"));
        await machine.LinkIsAsync("kola0");
        async Task<(int Received, double Seconds)> FloodAsync()
        {
            Match counted = Counted().Match((await machine.TryInNamespaceAsync("beyond", "ping -q -i 0.02 -c 100 -W 1 192.0.2.10")).Text);
            return (int.Parse(counted.Groups[1].Value, CultureInfo.InvariantCulture), int.Parse(counted.Groups[2].Value, CultureInfo.InvariantCulture) / 1000.0);
        }
        Assert.That((await FloodAsync()).Received, Is.EqualTo(100));
        await machine.SudoAsync("nft 'table inet kola { chain input { type filter hook input priority 0; iif kola0 icmp type echo-request limit rate over 5/second burst 5 packets counter drop; }; }'");
        (int received, double seconds) = await FloodAsync();
        Assert.That(received, Is.InRange(5, (int)(5 * (seconds + 1)) + 5), $"a burst of five and five a second, in {seconds} s");
        CommandResult dropped = await machine.RunAsync("sudo nft --json list chain inet kola input | jq '[.nftables[].rule?.expr?[]?.counter?.packets // empty] | add'");
        Assert.That(dropped.Text, Is.EqualTo($"{100 - received}"), "what the rule says it dropped");
    }

    [MachineTest("network.nat", Needs = [Feature.PrivateNetwork])]
    public async Task Who_is_behind_a_router_is_seen_as_the_router(Machine router, Machine server)
    {
        await router.AddNamespaceAsync("inside", "kola0", "192.0.2.10/24");
        await server.AnswerAsync();
        const string network = "[Match]\nName=kola0\n[Network]\nAddress=192.0.2.1/24";
        await router.ConfigureNetworkAsync(("05-kola0.network", network));
        await router.LinkIsAsync("kola0");
        await router.SudoAsync("ip -n inside route add default via 192.0.2.1");
        Assert.That((await router.AskAsync(server.Address, inside: "inside")).ExitCode, Is.Not.Zero, "the server knows no way back");

        await router.ConfigureNetworkAsync(("05-kola0.network", network + "\nIPMasquerade=ipv4"));
        await router.LinkIsAsync("kola0");
        Assert.That((await router.AskAsync(server.Address, inside: "inside")).Text, Is.EqualTo($"server sees {router.Address}"));
        await router.SudoAsync("sysctl --quiet --write net.ipv4.ip_forward=0");
        Assert.That((await router.AskAsync(server.Address, inside: "inside")).ExitCode, Is.Not.Zero, "it passes nothing on");
        Assert.That((await router.AskAsync(server.Address)).Text, Is.EqualTo($"server sees {router.Address}"), "while it reaches the server itself");
        await router.SudoAsync("sysctl --quiet --write net.ipv4.ip_forward=1");
        Assert.That((await router.AskAsync(server.Address, inside: "inside")).Text, Is.EqualTo($"server sees {router.Address}"));
    }

    /// <summary>7000 is open, 7001 refused, 7002 silent: by hand, and by what was saved once the machine has booted with it.</summary>
    private static async Task HoldAsync(Machine server, Machine client, string unit, string path, string rules)
    {
        if ((await server.TryRunAsync($"systemctl cat {unit}")).ExitCode != 0)
            Lab.Skip($"the image has no {unit}", "Run it on a Flatcar release.");
        foreach (int port in new[] { 7000, 7001, 7002 })
            await server.AnswerAsync(port);
        foreach (int port in new[] { 7001, 7002 })
            Assert.That((await client.AskAsync(server.Address, port)).Text, Is.EqualTo($"server sees {client.Address}"), $"{port} before there are rules");
        await server.WriteFileAsync(path, rules);
        await server.SudoAsync($"systemctl enable --quiet --now {unit}");
        await BitesAsync();
        await server.RebootAsync();
        await BitesAsync();
        CommandResult order = await server.RunAsync($"systemctl show --property=ExecMainExitTimestampMonotonic --value {unit}; systemctl show --property=ExecMainStartTimestampMonotonic --value systemd-networkd.service");
        Assert.That(long.Parse(order.Lines[0], CultureInfo.InvariantCulture), Is.InRange(1, long.Parse(order.Lines[1], CultureInfo.InvariantCulture)), "the rules were there before the network was");

        async Task BitesAsync()
        {
            Assert.That((await client.AskAsync(server.Address, 7000)).Text, Is.EqualTo($"server sees {client.Address}"));
            Assert.That((await client.AskAsync(server.Address, 7001)).Text, Does.Contain("refused"));
            Assert.That((await client.AskAsync(server.Address, 7002)).Text, Does.Contain("timed out"));
            Assert.That((await server.AskAsync(client.Address, 7001)).Text, Does.Contain("refused"), "nobody listens there: the rules are about who comes in");
        }
    }

    // 100 packets transmitted, 16 received, 84% packet loss, time 2123ms
    [GeneratedRegex("([0-9]+) received.* time ([0-9]+)ms")]
    private static partial Regex Counted();
}
