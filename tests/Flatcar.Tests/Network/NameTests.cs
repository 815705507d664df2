using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Network;

/// <summary>Names, as a network's servers give them.</summary>
[Category("network")]
public sealed class NameTests
{
    private const string Lan = "198.18.0.1";

    [MachineTest("network.dns.search")]
    [Segment("lan", Addressing = SegmentAddressing.Automatic, Servers = SegmentServers.Dhcp4 | SegmentServers.Dns)]
    public async Task A_short_name_is_looked_for_in_the_domain_the_lease_brought(
        [Spec(Segments = ["lan"])] Machine machine, Lab lab)
    {
        await machine.AddressAsync("eth1", Lan);
        await lab.Network.ConductAsync("lan", new SegmentConduct { Names = new Dictionary<string, string> { ["db.kola.test"] = "192.0.2.7" } });
        Assert.That(await machine.LookUpAsync("db.kola.test"), Is.EqualTo("192.0.2.7"));
        Assert.That((await machine.RunAsync("getent ahostsv4 db")).Lines[0], Does.StartWith("192.0.2.7 "), "by way of nss, and of the search domain");
        Assert.That(await machine.LookUpAsync("nowhere.kola.test"), Is.Empty);
    }

    [MachineTest("network.dns.failover", Needs = [Feature.LinkFaults])]
    [Segment("lan", Addressing = SegmentAddressing.Automatic, Servers = SegmentServers.Dhcp4 | SegmentServers.Dns)]
    public async Task A_name_server_that_is_silent_or_gone_is_passed_over_for_the_second(
        [Spec(Segments = ["lan"])] Machine machine, Lab lab)
    {
        await machine.AddressAsync("eth1", Lan);
        var names = new Dictionary<string, string> { ["a.kola.test"] = "192.0.2.1", ["b.kola.test"] = "192.0.2.2", ["c.kola.test"] = "192.0.2.3" };
        await lab.Network.ConductAsync("lan", new SegmentConduct { Names = names });
        Assert.That(await machine.LookUpAsync("a.kola.test"), Is.EqualTo("192.0.2.1"));
        await lab.Network.ConductAsync("lan", new SegmentConduct { Names = names, FirstDns = ServerMood.Silent });
        await lab.StepAsync("Silent", () => FoundWithinAsync(machine, "b.kola.test", "192.0.2.2"));
        await lab.Network.ConductAsync("lan", new SegmentConduct { Names = names, SecondDns = ServerMood.Gone });
        await lab.StepAsync("Gone", () => FoundWithinAsync(machine, "c.kola.test", "192.0.2.3"));
    }

    [MachineTest("network.dns.lies")]
    [Segment("lan", Addressing = SegmentAddressing.Automatic, Servers = SegmentServers.Dhcp4 | SegmentServers.Dns)]
    public async Task What_the_server_says_is_believed_until_its_time_is_over_and_no_server_is_told_apart_from_no_name(
        [Spec(Segments = ["lan"])] Machine machine, Lab lab)
    {
        await machine.AddressAsync("eth1", Lan);
        await lab.Network.ConductAsync("lan", new SegmentConduct { Names = new Dictionary<string, string> { ["bank.example"] = "192.0.2.66" } });
        Assert.That(await machine.LookUpAsync("bank.example", "--interface=eth1"), Is.EqualTo("192.0.2.66"));
        CommandResult none = await machine.TryRunAsync("resolvectl --interface=eth1 query nobody.example");
        Assert.That(none.ExitCode, Is.Not.Zero);
        Assert.That(none.Error, Does.Contain("not found"));
        await lab.Network.ConductAsync("lan", new SegmentConduct { FirstDns = ServerMood.Silent, SecondDns = ServerMood.Silent });
        CommandResult silent = await machine.TryRunAsync("timeout 20 resolvectl --interface=eth1 query other.example");
        Assert.That(silent.ExitCode, Is.Not.Zero);
        Assert.That(silent.Error, Does.Not.Contain("not found"), "nobody said that");
    }

    [MachineTest("network.dns.dnssec")]
    [Segment("lan", Addressing = SegmentAddressing.Automatic, Servers = SegmentServers.Dhcp4 | SegmentServers.Dns)]
    public async Task An_answer_nobody_signed_is_refused_where_signatures_are_asked_for_and_taken_where_not(
        [Spec(Segments = ["lan"])] Machine machine, Lab lab)
    {
        await machine.AddressAsync("eth1", Lan);
        await lab.Network.ConductAsync("lan", new SegmentConduct { Names = new Dictionary<string, string> { ["unsigned.example"] = "192.0.2.9" } });
        Assert.That(await machine.LookUpAsync("unsigned.example", "--interface=eth1"), Is.EqualTo("192.0.2.9"), "as the image has it");
        await machine.RunAsync("sudo resolvectl dnssec eth1 yes && sudo resolvectl flush-caches");
        CommandResult refused = await machine.TryRunAsync("timeout 60 resolvectl --interface=eth1 query unsigned.example");
        Assert.That(refused.Error, Does.Contain("DNSSEC validation failed"));
        await machine.RunAsync("sudo resolvectl dnssec eth1 no && sudo resolvectl flush-caches");
        Assert.That(await machine.LookUpAsync("unsigned.example", "--interface=eth1"), Is.EqualTo("192.0.2.9"));
    }

    // A server is given up after five seconds, times what the machine is slower by.
    private static async Task FoundWithinAsync(Machine machine, string name, string address)
    {
        CommandResult found = await machine.TryRunAsync($"s=$(date +%s%N); timeout 60 resolvectl --legend=no query {name}; echo $(( ($(date +%s%N) - s) / 1000000 ))");
        Assert.That(found.Text, Does.Contain(address));
        Assert.That(int.Parse(found.Lines[^1], System.Globalization.CultureInfo.InvariantCulture), Is.LessThan(20_000), "milliseconds");
    }
}
