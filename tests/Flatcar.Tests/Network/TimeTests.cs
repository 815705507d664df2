using System.Globalization;
using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Network;

/// <summary>The time, as a network's servers tell it.</summary>
[Category("network")]
public sealed class TimeTests
{
    private static readonly TimeSpan s_within = TimeSpan.FromSeconds(30);

    [MachineTest("linux.ntp")]
    [Segment("lan", Addressing = SegmentAddressing.Automatic, Servers = SegmentServers.Dhcp4 | SegmentServers.Time)]
    public async Task A_clock_that_is_an_hour_wrong_is_set_by_the_server_the_lease_names(
        [Spec(Segments = ["lan"])] Machine machine, Lab lab)
    {
        await machine.AddressAsync("eth1", "198.18.0.1");
        Assert.That(await machine.NetworkStatusAsync("eth1"), Does.Contain($"NTP: {lab.Network.ServerOn("lan")}"));
        await machine.SudoAsync("systemctl stop systemd-timesyncd.service; date --set '1 hour ago' >/dev/null; systemctl start systemd-timesyncd.service");
        await machine.WaitForAsync("the server to be asked", () => machine.RunAsync("timedatectl timesync-status"), seen => seen.Text.Contains($"Server: {lab.Network.ServerOn("lan")}", StringComparison.Ordinal));
        await machine.WaitForAsync("the time to be right", () => WrongByAsync(machine), wrong => Math.Abs(wrong.TotalSeconds) < 5);
        Assert.That((await machine.RunAsync("timedatectl show --property=NTPSynchronized --value")).Text, Is.EqualTo("yes"));
    }

    [MachineTest("network.time.steps", Needs = [Feature.LinkFaults])]
    [Segment("lan", Addressing = SegmentAddressing.Automatic, Servers = SegmentServers.Dhcp4 | SegmentServers.Time)]
    public async Task Large_steps_of_the_servers_time_are_followed_both_ways_and_a_silent_server_moves_nothing(
        [Spec(Segments = ["lan"])] Machine machine, Lab lab)
    {
        await machine.AddressAsync("eth1", "198.18.0.1");
        await lab.Network.ConductAsync("lan", new SegmentConduct { TimeOffset = TimeSpan.FromDays(2) });
        await AskAgainAsync();
        await machine.WaitForAsync("the time to be two days ahead", () => WrongByAsync(machine), wrong => Math.Abs(wrong.TotalSeconds - (2 * 86400)) < 5, s_within);
        await lab.Network.ConductAsync("lan", new SegmentConduct());
        await AskAgainAsync();
        await machine.WaitForAsync("the time to be right again", () => WrongByAsync(machine), wrong => Math.Abs(wrong.TotalSeconds) < 5, s_within);
        await lab.Network.ConductAsync("lan", new SegmentConduct { Time = ServerMood.Silent, TimeOffset = TimeSpan.FromDays(2) });
        await AskAgainAsync();
        await machine.WaitForAsync("the server to be asked in vain", () => machine.RunAsync("sudo journalctl _PID=$(systemctl show --property=MainPID --value systemd-timesyncd.service) --boot --output=cat"), seen => seen.Text.Contains("Timed out waiting for reply", StringComparison.Ordinal), s_within);
        Assert.That((await WrongByAsync(machine)).TotalSeconds, Is.Zero.Within(5));

        Task AskAgainAsync() => machine.RunAsync("sudo systemctl restart systemd-timesyncd.service");
    }

    private static async Task<TimeSpan> WrongByAsync(Machine machine) =>
        DateTimeOffset.FromUnixTimeSeconds(long.Parse((await machine.RunAsync("date +%s")).Text, CultureInfo.InvariantCulture)) - TimeProvider.System.GetUtcNow();
}
