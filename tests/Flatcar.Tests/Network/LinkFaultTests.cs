using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Network;

/// <summary>Links that fail on purpose have the effect that is asked for, as the machines measure it, and nothing of it stays.</summary>
[Category("network")]
public sealed class LinkFaultTests
{
    [MachineTest("network.fault.loss", Needs = [Feature.LinkFaults])]
    public async Task Of_what_a_lossy_link_carries_the_share_that_is_asked_for_is_lost(Machine left, Machine right, Lab lab)
    {
        await lab.Network.DegradeAsync(right, new LinkCondition { Loss = 0.3 }, LinkDirection.ToMachine);
        Pings lossy = await left.PingAsync(right.Address, 200);
        // Of 200 draws at 0.3, 60 are expected with a standard deviation of 6.5: four of those either way.
        Assert.That(lossy.Sent - lossy.Received, Is.InRange(34, 86));
        await lab.Network.HealAsync();
        Assert.That((await left.PingAsync(right.Address, 20)).Loss, Is.Zero, "healed");
    }

    [MachineTest("network.fault.latency", Needs = [Feature.LinkFaults])]
    public async Task A_slow_link_takes_the_time_that_is_asked_for(Machine left, Machine right, Lab lab)
    {
        double before = (await left.PingAsync(right.Address, 20)).MedianMilliseconds;
        await lab.Network.DegradeAsync(right, new LinkCondition { Latency = TimeSpan.FromMilliseconds(100) });
        double slow = (await left.PingAsync(right.Address, 10)).MedianMilliseconds;
        Assert.That(slow - before, Is.InRange(199, 400), "there and back, and what a busy machine takes besides");
        await lab.Network.DegradeAsync(right, new LinkCondition { Latency = TimeSpan.FromMilliseconds(100), Jitter = TimeSpan.FromMilliseconds(80) }, LinkDirection.ToMachine);
        await lab.Network.DegradeAsync(right, LinkCondition.Healthy, LinkDirection.FromMachine);
        Pings jittery = await left.PingAsync(right.Address, 40, "-i 0.2");
        Assert.That(jittery.Times.Max() - jittery.Times.Min(), Is.GreaterThan(60), "within 160 ms");
        Assert.That(jittery.Sequence, Is.Ordered, "jitter alone keeps the order");
    }

    [MachineTest("network.fault.duplicate", Needs = [Feature.LinkFaults])]
    public async Task Frames_come_twice_and_out_of_order_where_that_is_asked_for(Machine left, Machine right, Lab lab)
    {
        await lab.Network.DegradeAsync(right, new LinkCondition { Duplicate = 0.5 }, LinkDirection.ToMachine);
        Pings doubled = await left.PingAsync(right.Address, 40);
        Assert.That(doubled.Duplicates, Is.InRange(8, 32));
        await lab.Network.DegradeAsync(right, new LinkCondition { Reorder = 0.5 }, LinkDirection.ToMachine);
        // Twenty at once: those that follow a frame by more than 20 ms do not overtake it, and a busy machine is slower than that.
        Pings shuffled = await left.PingAsync(right.Address, 40, "-l 20");
        Assert.That(shuffled.Duplicates, Is.Zero);
        Assert.That(shuffled.Loss, Is.Zero);
        Assert.That(shuffled.Sequence, Is.Not.Ordered);
    }

    [MachineTest("network.fault.bandwidth", Needs = [Feature.LinkFaults])]
    public async Task A_narrow_link_carries_what_is_asked_for_and_no_more(Machine left, Machine right, Lab lab)
    {
        const int bytes = 256 * 1024;
        await right.StartUnitAsync("kola-source", $"exec socat TCP-LISTEN:7000,fork,reuseaddr SYSTEM:'head -c {bytes} /dev/zero'");
        string fetch = $"s=$(date +%s%N); timeout 100 socat -u TCP:{right.Address}:7000 - | wc -c; echo $(( ($(date +%s%N) - s) / 1000000 ))";
        await left.WaitForAsync("the source to listen", () => left.TryRunAsync($"timeout 5 socat -u TCP:{right.Address}:7000 /dev/null"), seen => seen.ExitCode == 0);
        await lab.Network.DegradeAsync(right, new LinkCondition { BitsPerSecond = 1_000_000 }, LinkDirection.FromMachine);
        CommandResult narrow = await left.RunAsync(fetch);
        Assert.That(narrow.Lines[0], Is.EqualTo($"{bytes}"));
        Assert.That(int.Parse(narrow.Lines[1], System.Globalization.CultureInfo.InvariantCulture), Is.InRange(bytes * 8 / 1000 - 550, bytes * 8 / 1000 * 5), "milliseconds, of which half a second may be in the buffer");
    }

    [MachineTest("network.fault.unplug", Needs = [Feature.LinkFaults])]
    public async Task A_card_whose_cable_is_pulled_has_no_carrier_until_it_is_plugged_in(Machine left, Machine right, Lab lab)
    {
        await lab.Network.UnplugAsync(right);
        await right.WaitForAsync("no carrier", () => right.RunAsync("cat /sys/class/net/eth1/carrier"), seen => seen.Text == "0");
        Assert.That((await left.PingAsync(right.Address, 3)).Received, Is.Zero);
        await lab.Network.PlugAsync(right);
        await left.WaitForAsync("the other to be back", () => left.PingAsync(right.Address, 2), seen => seen.Received > 0);
        Assert.That((await right.RunAsync("cat /sys/class/net/eth1/carrier")).Text, Is.EqualTo("1"));
    }

    [MachineTest("network.fault.one-way", Needs = [Feature.LinkFaults])]
    public async Task What_is_cut_one_way_passes_the_other(Machine left, Machine right, Lab lab)
    {
        await right.StartUnitAsync("kola-ear", "exec socat -u UDP-RECV:7001 CREATE:/run/kola-heard");
        await left.StartUnitAsync("kola-ear", "exec socat -u UDP-RECV:7001 CREATE:/run/kola-heard");
        await Task.WhenAll(new[] { left, right }.Select(m => m.WaitForAsync("the ear to listen", () => m.TryRunAsync("ss --no-header --udp --listening --numeric | grep -q :7001"), seen => seen.ExitCode == 0)));
        // Both know where the other is before: a question and an answer would need both ways.
        await left.PingAsync(right.Address, 2);
        await lab.Network.CutAsync(left, right);
        await Task.WhenAll(SayAsync(left, right), SayAsync(right, left));
        await left.WaitForAsync("the open way to carry", () => left.TryRunAsync("grep -q right /run/kola-heard"), seen => seen.ExitCode == 0);
        Assert.That((await right.RunAsync("cat /run/kola-heard")).Text, Is.Empty);
        Assert.That((await left.PingAsync(right.Address, 3)).Received, Is.Zero);

        static Task SayAsync(Machine from, Machine to) => from.RunAsync($"for i in 1 2 3; do echo {from.Name} | socat -u - UDP-SENDTO:{to.Address}:7001; done");
    }

    [MachineTest("network.fault.partition", Needs = [Feature.LinkFaults])]
    public async Task A_partition_parts_two_sides_and_leaves_each_whole(Machine one, Machine two, Machine three, Lab lab)
    {
        await lab.Network.PartitionAsync(one);
        Pings[] seen = await Task.WhenAll(two.PingAsync(three.Address, 3), two.PingAsync(one.Address, 3), one.PingAsync(three.Address, 3));
        Assert.That(seen.Select(p => p.Received > 0), Is.EqualTo(new[] { true, false, false }));
        await lab.Network.HealAsync();
        await one.WaitForAsync("the other side", () => one.PingAsync(three.Address, 2), p => p.Received > 0);
    }

    [MachineTest("network.out-of-band", Needs = [Feature.LinkFaults, Feature.OutOfBand])]
    public async Task A_machine_without_any_network_can_be_looked_into_and_comes_back(Machine machine, Lab lab)
    {
        await lab.Network.UnplugManagementAsync(machine);
        CommandResult within = await machine.OutOfBand.RunAsync("id -un; cat /sys/class/net/eth0/carrier; networkctl --no-pager status eth0 | grep State");
        Assert.That(within.Lines.Take(2), Is.EqualTo(new[] { "root", "0" }));
        Assert.That(within.Lines[2], Does.Contain("no-carrier"));
        Assert.That((await machine.OutOfBand.TryRunAsync("exit 7")).ExitCode, Is.EqualTo(7));
        await lab.Network.PlugManagementAsync(machine);
        Assert.That((await machine.RunAsync("cat /proc/sys/kernel/random/boot_id")).Text, Is.EqualTo(machine.BootId), "over SSH again");
    }
}
