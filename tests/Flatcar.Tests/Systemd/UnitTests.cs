using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Systemd;

/// <summary>Units do what they are made for: not what their state says, but what comes of it.</summary>
[Category("systemd")]
public sealed class UnitTests
{
    [MachineTest("systemd.units")]
    public async Task Timers_restarts_triggers_and_drop_ins_work(Machine machine, Lab lab)
    {
        await lab.StepAsync("TimerFires", () => TimerFiresAsync(machine));
        await lab.StepAsync("RestartsOnFailure", () => RestartsOnFailureAsync(machine));
        await lab.StepAsync("OnFailureRuns", () => OnFailureRunsAsync(machine));
        await lab.StepAsync("PathTriggers", () => PathTriggersAsync(machine));
        await lab.StepAsync("SocketActivates", () => SocketActivatesAsync(machine));
        await lab.StepAsync("DropInOverrides", () => DropInOverridesAsync(machine));
        await lab.StepAsync("StopsInTime", () => StopsInTimeAsync(machine));
    }

    private static async Task TimerFiresAsync(Machine machine)
    {
        await machine.RunAsync("sudo systemd-run --quiet --unit=kola-tick --on-active=1s --timer-property=AccuracySec=1ms touch /run/kola-ticked");
        await ExistsAsync(machine, "/run/kola-ticked");
    }

    private static async Task RestartsOnFailureAsync(Machine machine)
    {
        await machine.RunAsync("sudo systemd-run --quiet --unit=kola-again --property=Restart=on-failure --property=RestartSec=100ms sh -c 'test -e /run/kola-tried && exec sleep infinity; touch /run/kola-tried; exit 7'");
        Unit unit = await machine.WaitForAsync("kola-again to be restarted", () => machine.UnitAsync("kola-again"), seen => seen is { Restarts: 1, Active: "active" });
        Assert.That(unit.MainPid, Is.Positive);
        await machine.RunAsync("sudo systemctl stop kola-again");
    }

    private static async Task OnFailureRunsAsync(Machine machine)
    {
        await machine.WriteFileAsync("/run/systemd/system/kola-ambulance.service", "[Service]\nType=oneshot\nExecStart=/usr/bin/touch /run/kola-rescued\n");
        await machine.RunAsync("sudo systemctl daemon-reload && sudo systemd-run --quiet --collect --unit=kola-doomed --property=OnFailure=kola-ambulance.service sh -c 'exit 3'");
        await ExistsAsync(machine, "/run/kola-rescued");
    }

    private static async Task PathTriggersAsync(Machine machine)
    {
        await machine.RunAsync("sudo systemd-run --quiet --unit=kola-watch --path-property=PathExists=/run/kola-bait touch /run/kola-caught && sudo touch /run/kola-bait");
        await ExistsAsync(machine, "/run/kola-caught");
        // A path that exists triggers again and again.
        await machine.RunAsync("sudo systemctl stop kola-watch.path");
    }

    private static async Task SocketActivatesAsync(Machine machine)
    {
        await machine.WriteFileAsync("/run/systemd/system/kola-greeter.socket", "[Socket]\nListenStream=127.0.0.1:7007\nAccept=yes\n");
        await machine.WriteFileAsync("/run/systemd/system/kola-greeter@.service", "[Service]\nStandardInput=null\nStandardOutput=socket\nExecStart=/usr/bin/echo hello from %p\n");
        CommandResult greeting = await machine.RunAsync("sudo systemctl daemon-reload && sudo systemctl start kola-greeter.socket && bash -c 'cat </dev/tcp/127.0.0.1/7007'");
        Assert.That(greeting.Text, Is.EqualTo("hello from kola-greeter"));
    }

    private static async Task DropInOverridesAsync(Machine machine)
    {
        await machine.WriteFileAsync("/run/systemd/system/kola-base.service", "[Service]\nType=oneshot\nEnvironment=WHO=base\nExecStart=/bin/sh -c 'echo $WHO >/run/kola-who'\n");
        await machine.WriteFileAsync("/etc/systemd/system/kola-base.service.d/10-who.conf", "[Service]\nEnvironment=WHO=drop-in\n");
        await machine.RunAsync("sudo systemctl daemon-reload && sudo systemctl start kola-base.service");
        Assert.That(await machine.ReadFileAsync("/run/kola-who"), Is.EqualTo("drop-in\n"));
    }

    // A service deaf to SIGTERM is killed when its time is up, and its children with it.
    private static async Task StopsInTimeAsync(Machine machine)
    {
        await machine.RunAsync("sudo systemd-run --quiet --collect --unit=kola-deaf --property=TimeoutStopSec=1s sh -c 'trap \"\" TERM; sleep 4242 & touch /run/kola-deaf; while :; do wait; done'");
        await ExistsAsync(machine, "/run/kola-deaf");
        await machine.RunAsync("sudo systemctl stop kola-deaf", TimeSpan.FromSeconds(30));
        Assert.That((await machine.TryRunAsync("pgrep --full --exact 'sleep 4242'")).Text, Is.Empty, "a child is left over");
    }

    private static Task<CommandResult> ExistsAsync(Machine machine, string file) =>
        machine.WaitForAsync($"{file} to exist", () => machine.TryRunAsync($"test -e {file}"), seen => seen.ExitCode == 0, TimeSpan.FromSeconds(30));
}
