using System.Globalization;
using Kola;
using NUnit.Framework;

namespace Samples;

/// <summary>Copies of one template are machines of their own, in all in which machines that were booted apart are.</summary>
[Category("sample")]
public sealed class IdentityTests
{
    [MachineTest("sample.copies.differ")]
    public async Task Two_copies_are_two_machines([Spec(OwnMachineId = true)] Machine first, [Spec(OwnMachineId = true)] Machine second, Lab lab)
    {
        await lab.StepAsync("HostName", () => DifferAsync("cat /proc/sys/kernel/hostname"));
        await lab.StepAsync("MachineId", () => DifferAsync("cat /etc/machine-id"));
        await lab.StepAsync("HostKeyFile", () => DifferAsync("cat /etc/ssh/ssh_host_ed25519_key.pub"));
        await lab.StepAsync("HostKeyServed", () => DifferAsync("ssh-keyscan -T 60 -t ed25519 127.0.0.1 2>/dev/null"));
        await lab.StepAsync("HostKeyIsTheFile", async () =>
        {
            string served = (await first.RunAsync("ssh-keyscan -T 60 -t ed25519 127.0.0.1 2>/dev/null")).Text;
            Assert.That(served, Does.Contain((await first.RunAsync("cat /etc/ssh/ssh_host_ed25519_key.pub")).Text.Split(' ')[1]));
        });
        await lab.StepAsync("EthernetAddress", () => DifferAsync("cat /sys/class/net/eth0/address"));
        await lab.StepAsync("PrivateEthernetAddress", () => DifferAsync("ip -br link | grep -o '52:54:00:6b:[^ ]*'"));
        await lab.StepAsync("Lease", () => first.WaitForAsync(
            "a lease under its own address", () => first.TryRunAsync("grep -qi \"CLIENTID=01$(tr -d : </sys/class/net/eth0/address)\" /run/systemd/netif/leases/*"), held => held.ExitCode == 0));
        await lab.StepAsync("Random", () => DifferAsync("head -c 32 /dev/urandom | od -A n -t x1"));
        await lab.StepAsync("Clock", async () =>
        {
            foreach (Machine machine in new[] { first, second })
            {
                // The command itself takes a moment, a long one when emulated.
                CommandResult date = await machine.RunAsync("date +%s.%N");
                TimeSpan off = DateTimeOffset.UnixEpoch.AddSeconds(double.Parse(date.Text, CultureInfo.InvariantCulture)) - TimeProvider.System.GetUtcNow();
                Assert.That(off.Duration(), Is.LessThan(TimeSpan.FromSeconds(1) + date.Elapsed), machine.Name);
            }
        });
        await lab.StepAsync("Keys", async () => Assert.That(
            (await first.RunAsync("cat .ssh/authorized_keys.d/ignition | wc -l")).Text, Is.EqualTo("1"), "its run's key and no other"));
        await lab.StepAsync("Journal", async () =>
        {
            // What is written from now on is found by whoever asks this machine for its journal.
            await first.SudoAsync("logger -t sample 'written after the copy'");
            await first.WaitForAsync("the entry", () => first.TryRunAsync("sudo journalctl -t sample --no-pager -o cat"), journal => journal.Text == "written after the copy");
        });
        await lab.StepAsync("Neighbours", () => first.SudoAsync("ping -c 1 -W 10 second"));

        async Task DifferAsync(string command)
        {
            string one = (await first.RunAsync(command)).Text;
            string other = (await second.RunAsync(command)).Text;
            Assert.That(one, Is.Not.Empty);
            Assert.That(other, Is.Not.EqualTo(one), command);
        }
    }

    [MachineTest("sample.copies.prepared")]
    public async Task Two_copies_of_a_prepared_machine_reach_each_other([Spec(Prepared = "greeting")] Machine first, [Spec(Prepared = "greeting")] Machine second)
    {
        await first.SudoAsync("ping -c 1 -W 10 second");
        string one = (await first.RunAsync("cat /proc/sys/kernel/hostname")).Text;
        Assert.That((await second.RunAsync("cat /proc/sys/kernel/hostname")).Text, Is.Not.EqualTo(one));
    }

    [MachineTest("sample.copies.connected", Prepared = "connected-pair")]
    public async Task A_connection_between_two_that_were_frozen_together_goes_on(Machine hub, Machine spoke)
    {
        int before = await HeardAsync(hub);
        await hub.WaitForAsync("what is said over the connection to go on", () => HeardAsync(hub), seen => seen >= before + 3);
        foreach ((Machine machine, string unit) in new[] { (hub, "kola-hears"), (spoke, "kola-says") })
            Assert.That((await machine.RunAsync($"systemctl show --property=ActiveState,NRestarts --value {unit}.service")).Text, Is.EqualTo("0\nactive").Or.EqualTo("active\n0"), unit);
        string[] lines = (await hub.RunAsync("sudo cat /run/heard")).Lines.ToArray();
        Assert.That(lines, Is.EqualTo(Enumerable.Range(1, lines.Length).Select(number => $"{number}")), "nothing is lost and nothing comes twice");
    }

    /// <summary>A connection that somebody talks over all the time.</summary>
    [Preparation("connected-pair")]
    public static async Task They_are_connected(Machine hub, Machine spoke)
    {
        await hub.SudoAsync("systemd-run --quiet --unit=kola-hears socat -u TCP-LISTEN:7000 CREATE:/run/heard");
        await spoke.SudoAsync("systemd-run --quiet --unit=kola-says sh -c 'i=0; while i=$((i+1)); do echo $i; sleep 0.5; done | socat -u - TCP:hub:7000,retry=20'");
        await hub.WaitForAsync("them to be connected", () => HeardAsync(hub), seen => seen >= 3);
    }

    private static async Task<int> HeardAsync(Machine hub) => (await hub.TryRunAsync("sudo cat /run/heard")).Lines.Count;

    [MachineTest("sample.copies.reboot")]
    public async Task A_copy_keeps_its_identity_over_a_reboot(Machine machine)
    {
        const string Who = "cat /sys/class/net/eth0/address /etc/ssh/ssh_host_ed25519_key.pub /etc/machine-id /proc/sys/kernel/hostname";
        string before = (await machine.RunAsync(Who)).Text;
        await machine.RebootAsync();
        Assert.That((await machine.RunAsync(Who)).Text, Is.EqualTo(before));
    }
}
