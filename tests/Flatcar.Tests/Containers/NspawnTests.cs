using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Containers;

/// <summary>Containers of systemd itself.</summary>
[Category("containers")]
public sealed class NspawnTests
{
    [MachineTest("nspawn.run")]
    public async Task The_machines_own_usr_runs_as_a_container_that_changes_nothing(Machine machine)
    {
        const string Nspawn = "sudo systemd-nspawn --quiet --directory=/ --volatile=yes --machine=kola";
        CommandResult inside = await machine.RunAsync($$"""
            sudo touch /var/kola-outside
            {{Nspawn}} --private-network --private-users=131072:65536 --pipe sh -c '
                cat /proc/sys/kernel/hostname; echo $$; . /usr/lib/os-release; echo $ID; ls /sys/class/net; ls /var/kola-outside 2>/dev/null
                touch /usr/file 2>/dev/null; touch /var/kola-inside && ls /var/kola-inside; tr -s " " </proc/self/uid_map'
            ls /var/kola-inside 2>/dev/null; true
            """);
        string id = (await machine.OsReleaseAsync())["ID"];
        Assert.That(inside.Lines.Select(line => line.Trim()), Is.EqualTo(new[] { "kola", "1", id, "lo", "/var/kola-inside", "0 131072 65536" }));

        await machine.RunAsync($"sudo systemd-run --quiet --unit=kola-nspawn --property=SuccessExitStatus=1 {Nspawn["sudo ".Length..]} sleep 3600");
        CommandResult known = await machine.WaitForAsync("the container to be known", () => machine.TryRunAsync("machinectl show kola --property=State --property=Leader --value"), seen => seen.Lines.Contains("running"));
        string leader = known.Lines.Single(line => line != "running");
        await machine.WaitForAsync("its program to run", () => machine.TryRunAsync($"cat /proc/{leader}/comm"), seen => seen.Text == "sleep");
        await machine.RunAsync("sudo machinectl terminate kola");
        await machine.WaitForAsync("the container to have ended", () => machine.TryRunAsync($"test -d /proc/{leader}"), seen => seen.ExitCode == 1);
    }
}
