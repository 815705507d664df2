using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Network;

/// <summary>When a machine says that it is online, and what a change of its files takes away.</summary>
[Category("network")]
public sealed class OnlineTests
{
    private const string WaitOnline = "/usr/lib/systemd/systemd-networkd-wait-online";

    [MachineTest("network.wait-online")]
    public async Task Being_online_is_what_the_cards_files_require(Machine machine)
    {
        await machine.AddNamespaceAsync("beyond", "kola0", "192.0.2.1/24");
        await machine.SudoAsync("ip -n beyond link set eth0 down");
        const string network = "[Match]\nName=kola0\n[Network]\nAddress=192.0.2.10/24\n[Link]\nRequiredForOnline=";
        await machine.ConfigureNetworkAsync(("05-kola0.network", network + "routable"));
        CommandResult waited = await machine.TryRunAsync($"sudo timeout 60 {WaitOnline} --timeout=3");
        Assert.That(waited.ExitCode, Is.EqualTo(1), "a card it requires has no cable");
        Assert.That(waited.Elapsed, Is.InRange(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(15)), "it waits as long as it is told, and no longer");
        Assert.That(waited.Error, Does.Contain("imeout"));

        await machine.StartUnitAsync("kola-online", $"exec {WaitOnline} --timeout=120", "RemainAfterExit=yes");
        Assert.That((await machine.UnitAsync("kola-online.service")).Sub, Is.EqualTo("running"));
        await machine.SudoAsync("ip -n beyond link set eth0 up");
        Unit online = await machine.WaitForAsync("being online to be noticed", () => machine.UnitAsync("kola-online.service"), seen => seen.Sub != "running", TimeSpan.FromSeconds(20));
        Assert.That(online.Sub, Is.EqualTo("exited"));

        await machine.SudoAsync("ip -n beyond link set eth0 down");
        await machine.ConfigureNetworkAsync(("05-kola0.network", network + "no"));
        Assert.That((await machine.SudoAsync($"timeout 60 {WaitOnline} --timeout=30")).Elapsed, Is.LessThan(TimeSpan.FromSeconds(15)), "of a card it does not require it waits for nothing");
    }

    [MachineTest("network.reload")]
    public async Task A_changed_file_changes_one_card_and_no_connection_over_another(Machine machine)
    {
        await machine.AddNamespaceAsync("left", "kolal", "192.0.2.1/24");
        await machine.AddNamespaceAsync("right", "kolar", "198.51.100.1/24");
        await machine.AnswerAsync(inside: "right");
        await machine.ConfigureNetworkAsync(
            ("05-kolal.network", "[Match]\nName=kolal\n[Network]\nAddress=192.0.2.10/24"),
            ("05-kolar.network", "[Match]\nName=kolar\n[Network]\nAddress=198.51.100.10/24"));
        await machine.LinkIsAsync("kolal");
        await machine.LinkIsAsync("kolar");
        Assert.That((await machine.AskAsync("198.51.100.1")).Text, Is.EqualTo("right sees 198.51.100.10"));
        await machine.StartUnitAsync("kola-echo", "exec ip netns exec left socat TCP-LISTEN:7005 PIPE");
        await machine.WaitForAsync("the echo to listen", () => machine.TryInNamespaceAsync("left", "ss -Hltn sport = :7005"), seen => seen.Text.Length > 0, TimeSpan.FromSeconds(20));

        CommandResult said = await machine.RunAsync("sudo bash -c " + Machine.Quote("""
            exec 3<>/dev/tcp/192.0.2.1/7005; echo one >&3; read -r -t 20 before <&3
            up=$(cat /sys/class/net/kolal/carrier_changes)
            sed -i s/100[.]10/100.20/ /etc/systemd/network/05-kolar.network; networkctl reload
            timeout 60 bash -c 'until ip -4 address show dev kolar | grep -q 198.51.100.20; do read -t 0.2 <> <(:); done'
            echo two >&3; read -r -t 20 after <&3
            echo $before $after; echo $(($(cat /sys/class/net/kolal/carrier_changes) - up))
            """));
        Assert.That(said.Lines, Is.EqualTo(new[] { "one two", "0" }), "the connection, and how often its card lost its cable");
        Assert.That((await machine.AskAsync("198.51.100.1")).Text, Is.EqualTo("right sees 198.51.100.20"));
        Assert.That((await machine.TryInNamespaceAsync("right", "ping -c 1 -W 2 198.51.100.10")).ExitCode, Is.Not.Zero, "the address of before is gone");
    }

    [MachineTest("network.names.stable", Needs = [Feature.FullSpeed, Feature.PrivateNetwork], Minutes = 8)]
    public async Task A_card_keeps_its_name_over_reboots(Machine machine, Machine other)
    {
        await other.AnswerAsync();
        const string cards = "for link in /sys/class/net/e*; do echo $(basename $link) $(cat $link/address) $(basename $(readlink -f $link/device)); done; ip -4 -brief address show dev eth1 | tr -s ' '";
        CommandResult before = await machine.RunAsync(cards);
        Assert.That(before.Lines, Has.Count.EqualTo(3).And.Some.StartsWith("eth0 ").And.Some.StartsWith("eth1 "));
        for (int boot = 1; boot <= 2; boot++)
        {
            await machine.RebootAsync();
            await machine.LinkIsAsync("eth1");
            Assert.That((await machine.RunAsync(cards)).Lines, Is.EqualTo(before.Lines), $"name, Ethernet address and place of each card after reboot {boot}");
            Assert.That((await machine.AskAsync("other")).Text, Is.EqualTo($"other sees {machine.Address}"));
        }
    }

    [MachineTest("cl.network.initramfs.second-boot")]
    public async Task The_network_of_the_second_boot_is_begun_by_the_system_itself(Machine machine)
    {
        await machine.RebootAsync();
        // What was said in the initramfs is in the journal too, before the system's own first word.
        CommandResult said = await machine.RunAsync("journalctl --boot --no-pager --quiet --output=cat | grep --line-number --extended-regexp 'running in system mode|Switch Root|eth0: |Network Configuration|network stage|DHCP' | cut -c -120");
        int system = said.Lines.ToList().FindLastIndex(line => line.Contains("running in system mode", StringComparison.Ordinal) || line.Contains("Switch Root", StringComparison.Ordinal));
        string[] network = [.. said.Lines.Where(line => line.Contains("Network Configuration", StringComparison.Ordinal) || line.Contains("DHCP", StringComparison.Ordinal) || line.Contains("Configuring", StringComparison.Ordinal))];
        Assert.That(system, Is.Not.Negative, "the system's first word");
        Assert.That(network, Has.Some.Contains("DHCPv4 address"), "it has a network");
        Assert.That(said.Lines.Take(system).Intersect(network), Is.Empty, "what was said of the network before the system began");
        CommandResult started = await machine.RunAsync("systemctl show --property=InitRDTimestampMonotonic,UserspaceTimestampMonotonic; systemctl show --property=ExecMainStartTimestampMonotonic systemd-networkd.service; systemctl is-active systemd-networkd.service");
        Dictionary<string, string> shown = started.Lines.Where(line => line.Contains('=', StringComparison.Ordinal)).Select(line => line.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        Assert.That(long.Parse(shown["ExecMainStartTimestampMonotonic"]), Is.GreaterThan(long.Parse(shown["UserspaceTimestampMonotonic"])));
        Assert.That(started.Lines[^1], Is.EqualTo("active"));
    }
}
