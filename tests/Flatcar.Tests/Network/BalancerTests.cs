using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Network;

/// <summary>The kernel's load balancer.</summary>
[Category("network")]
public sealed class BalancerTests
{
    [MachineTest("packages.ipvsadm")]
    public async Task A_virtual_server_is_restored_and_spreads_connections(Machine machine)
    {
        if ((await machine.TryRunAsync("sudo sh -c 'command -v ipvsadm'")).ExitCode != 0)
            Lab.Skip("the image has no ipvsadm", "Run it on an image that has it.");
        Assert.That((await machine.RunAsync("sudo ipvsadm")).Text, Does.Contain("IP Virtual Server version"));
        await machine.SudoAsync("""
            ip address add 198.51.100.80/32 dev lo; sysctl --quiet --write net.ipv4.vs.conntrack=1
            printf '%s\n' '-A -t 198.51.100.80:80 -s rr' '-a -t 198.51.100.80:80 -r 127.0.0.1:7081 -m' '-a -t 198.51.100.80:80 -r 127.0.0.1:7082 -m' | ipvsadm --restore
            """);
        foreach (int port in new[] { 7081, 7082 })
            await machine.StartUnitAsync($"kola-real-{port}", $"exec socat TCP-LISTEN:{port},fork,reuseaddr SYSTEM:'echo {port}'");
        await machine.WaitForAsync("the real servers to listen", () => machine.RunAsync("ss --no-header --tcp --listening --numeric | grep -cE ':708[12] '; true"), seen => seen.Text == "2");
        CommandResult answers = await machine.RunAsync("for i in 1 2 3 4; do timeout 10 socat -u TCP:198.51.100.80:80 -; done");
        Assert.That(answers.Lines.Order(), Is.EqualTo(new[] { "7081", "7081", "7082", "7082" }), "one after the other");
        await machine.RunAsync("sudo ipvsadm --clear && test -z \"$(sudo ipvsadm --list --numeric | grep 198.51.100.80)\"");
    }
}
