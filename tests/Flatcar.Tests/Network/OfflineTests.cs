namespace Flatcar.Tests.Network;

/// <summary>Machines without a network of the harness's, or without any.</summary>
[Category("network")]
public sealed class OfflineTests
{
    [MachineTest("network.none")]
    public async Task A_machine_without_any_card_boots_is_well_and_reboots([Spec(Offline = true)] Machine machine)
    {
        Assert.That((await machine.RunAsync("ls /sys/class/net")).Lines, Is.EqualTo(new[] { "lo" }));
        Assert.That((await machine.RunAsync("systemctl is-system-running")).Text, Is.EqualTo("running"));
        Assert.That((await machine.TryRunAsync("getent hosts flatcar.org")).ExitCode, Is.Not.Zero);
        await machine.RebootAsync();
        Assert.That((await machine.RunAsync("systemctl is-system-running")).Text, Is.EqualTo("running"));
        Assert.That((await machine.RunAsync("ping -c 1 127.0.0.1 && getent hosts localhost")).Text, Does.Contain("localhost"));
    }

    [MachineTest("network.harness-on-segment", Needs = [Feature.OmahaServer])]
    [Segment("lan", Addressing = SegmentAddressing.Dual, Servers = SegmentServers.Harness)]
    public async Task A_machine_that_has_a_segment_alone_reaches_what_the_harness_serves(
        [Spec(Offline = true, Segments = ["lan"])] Machine machine, Lab lab)
    {
        Assert.That((await machine.RunAsync("ip -4 route show default")).Text, Is.Empty);
        string server = lab.Network.Via("lan", lab.Updates.Server);
        CommandResult asked = await machine.RunAsync($"curl --silent --show-error --max-time 60 --output /dev/null --write-out '%{{http_code}}' --data '<request protocol=\"3.0\"/>' {server}");
        Assert.That(asked.Text, Is.EqualTo("200").Or.EqualTo("400"), "an answer of the update server");
        Assert.That((await machine.TryRunAsync($"curl --silent --max-time 10 {lab.Updates.Server}")).ExitCode, Is.Not.Zero, "there is no other way");
    }
}
