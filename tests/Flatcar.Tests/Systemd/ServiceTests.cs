using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Systemd;

/// <summary>What systemd does for, and against, a service.</summary>
[Category("systemd")]
public sealed class ServiceTests
{
    [MachineTest("systemd.service.watchdog")]
    public async Task A_service_that_no_longer_answers_is_restarted(Machine machine)
    {
        await machine.StartUnitAsync("kola-hangs", "systemd-notify --ready; test -e /run/kola-hung && while :; do systemd-notify WATCHDOG=1; sleep 0.2; done; touch /run/kola-hung; exec sleep infinity",
            "Type=notify", "NotifyAccess=all", "WatchdogSec=2s", "Restart=on-watchdog", "TimeoutAbortSec=2s", "WatchdogSignal=SIGKILL");
        await machine.WaitForAsync("the watchdog to have it restarted", () => machine.UnitAsync("kola-hangs"), seen => seen is { Restarts: 1, Active: "active" });
        int pid = (await machine.UnitAsync("kola-hangs")).MainPid;
        // What answers is left alone, also for longer than the watchdog waits.
        await machine.RunAsync("sleep 3");
        Assert.That((await machine.UnitAsync("kola-hangs")).MainPid, Is.EqualTo(pid), "it was restarted although it answers");
        await machine.RunAsync("sudo systemctl stop kola-hangs");
    }

    [MachineTest("systemd.service.start-limit")]
    [Tolerates("unit-failed-to-start", because: "a service fails until systemd gives it up")]
    public async Task A_service_that_never_starts_is_given_up(Machine machine)
    {
        await machine.StartUnitAsync("kola-never", "echo once >>/run/kola-never; exit 1", "Restart=always", "RestartSec=20ms", "StartLimitBurst=3", "StartLimitIntervalSec=60s");
        await machine.WaitForAsync("systemd to give it up", () => machine.UnitAsync("kola-never"), seen => seen.Active == "failed");
        Assert.That((await machine.RunAsync("wc -l </run/kola-never")).Text, Is.EqualTo("3"), "times it was started");
        Assert.That((await machine.TryRunAsync("sudo systemctl start kola-never")).ExitCode, Is.Not.Zero, "the limit counts for people too");
        await machine.RunAsync("sudo systemctl reset-failed");
    }

    [MachineTest("systemd.service.runtime-limit")]
    public async Task A_service_that_runs_too_long_is_ended(Machine machine)
    {
        await machine.StartUnitAsync("kola-endless", "exec sleep infinity", "RuntimeMaxSec=1s");
        await machine.StartUnitAsync("kola-patient", "exec sleep infinity", "RuntimeMaxSec=10min");
        Unit ended = await machine.UnitEndedAsync("kola-endless");
        Assert.That((ended.Active, ended.Result), Is.EqualTo(("failed", "timeout")));
        Assert.That((await machine.UnitAsync("kola-patient")).Active, Is.EqualTo("active"));
        await machine.RunAsync("sudo systemctl stop kola-patient && sudo systemctl reset-failed");
    }

    [MachineTest("systemd.service.dependencies")]
    public async Task Units_start_and_stop_with_those_they_depend_on(Machine machine)
    {
        foreach ((string name, string unit) in new[]
        {
            ("base", ""),
            ("needs", "Requires=kola-base.service\nAfter=kola-base.service\n"),
            ("bound", "BindsTo=kola-base.service\nAfter=kola-base.service\n"),
            ("part", "PartOf=kola-base.service\n"),
            ("rival", "Conflicts=kola-needs.service\n"),
        })
            await machine.WriteFileAsync($"/run/systemd/system/kola-{name}.service", $"[Unit]\n{unit}[Service]\nExecStart=/usr/bin/sleep infinity\n");
        async Task<string> ActiveAsync(params string[] names) => string.Join(' ', (await machine.TryRunAsync($"systemctl is-active {string.Join(' ', names.Select(name => $"kola-{name}"))}")).Lines);

        await machine.RunAsync("sudo systemctl daemon-reload && sudo systemctl start kola-needs kola-bound kola-part");
        Assert.That(await ActiveAsync("base", "needs", "bound", "part"), Is.EqualTo("active active active active"), "the base came along");
        await machine.RunAsync("sudo systemctl stop kola-base");
        Assert.That(await ActiveAsync("base", "needs", "bound", "part"), Is.EqualTo("inactive inactive inactive inactive"), "and took all along");
        await machine.RunAsync("sudo systemctl start kola-needs && sudo systemctl start kola-rival");
        Assert.That(await ActiveAsync("base", "needs", "rival"), Is.EqualTo("active inactive active"), "of rivals there is one");
        await machine.RunAsync("sudo systemctl stop kola-base kola-rival");
    }

    [MachineTest("systemd.service.sandbox")]
    public async Task A_sandboxed_service_reaches_nothing_it_should_not(Machine machine)
    {
        await machine.RunAsync("touch /tmp/kola-outside ~/kola-home");
        CommandResult inside = await machine.RunInUnitAsync("""
            touch /etc/kola-x /var/kola-x 2>/dev/null || echo read-only; ls /home/core 2>/dev/null | wc -l; ls /tmp | wc -l; touch /tmp/kola-inside && touch "$STATE_DIRECTORY/mine" && echo own-state
            ip -o link | wc -l; mount -t tmpfs none /mnt 2>/dev/null || echo no-mounts; grep -c 'CapEff:.0000000000000000' /proc/self/status; test "$(id -u)" -ge 61184 && echo somebody-new
            """, "DynamicUser=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "PrivateNetwork=yes", "StateDirectory=kola-state");
        Assert.That(inside.Lines, Is.EqualTo(new[] { "read-only", "0", "0", "own-state", "1", "no-mounts", "1", "somebody-new" }));
        await machine.RunAsync("! test -e /tmp/kola-inside && sudo test -e /var/lib/private/kola-state/mine");
    }

    [MachineTest("systemd.credentials")]
    public async Task A_credential_is_sealed_on_disk_and_open_to_its_service_alone(Machine machine)
    {
        const string secret = "kola-3f9c1d-secret";
        await machine.SudoAsync($"printf %s {secret} | systemd-creds encrypt --name=token - /var/tmp/token.cred 2>/dev/null");
        Assert.That((await machine.TryRunAsync($"sudo grep -c {secret} /var/tmp/token.cred")).Text, Is.EqualTo("0"), "it can be read on disk");
        CommandResult inside = await machine.RunInUnitAsync("cat $CREDENTIALS_DIRECTORY/token; echo; stat --format=%a $CREDENTIALS_DIRECTORY/token; sudo -u nobody cat $CREDENTIALS_DIRECTORY/token 2>/dev/null || echo refused", "LoadCredentialEncrypted=token:/var/tmp/token.cred");
        Assert.That(inside.Lines, Is.EqualTo(new[] { secret, "400", "refused" }));
        // One byte more or less, and it opens no more. Another name does not open it either: nobody can pass it off as something else.
        CommandResult renamed = await machine.TryRunAsync("sudo systemd-creds decrypt --name=other /var/tmp/token.cred -");
        Assert.That(renamed.ExitCode, Is.Not.Zero, "it opens under another name");
        CommandResult broken = await machine.TryRunAsync("sudo sh -c 'head -c -9 /var/tmp/token.cred >/var/tmp/cut.cred && systemd-creds decrypt --name=token /var/tmp/cut.cred -'");
        Assert.That(broken.ExitCode, Is.Not.Zero, "it opens although a part of it is missing");
    }

    [MachineTest("systemd.socket.handover")]
    public async Task A_connection_waits_while_its_service_is_restarted(Machine machine)
    {
        await machine.WriteFileAsync("/run/systemd/system/kola-serve.socket", "[Socket]\nListenStream=127.0.0.1:7008\n");
        // Takes one connection after the other from the socket it was handed, and is slow to begin.
        await machine.WriteFileAsync("/run/systemd/system/kola-serve.service", "[Service]\nExecStartPre=/usr/bin/sleep 1\nExecStart=/usr/bin/socat ACCEPT-FD:3,fork EXEC:cat\n");
        await machine.RunAsync("sudo systemctl daemon-reload && sudo systemctl start kola-serve.socket");
        const string ask = "echo kola | timeout 60 socat -t 30 - TCP:127.0.0.1:7008";
        Assert.That((await machine.RunAsync(ask)).Text, Is.EqualTo("kola"), "the service was started by the connection");
        int pid = (await machine.UnitAsync("kola-serve.service")).MainPid;
        CommandResult during = await machine.RunAsync($"sudo systemctl kill --signal=KILL kola-serve.service; {ask}");
        Assert.That(during.Text, Is.EqualTo("kola"), "a connection made while there was nobody");
        Assert.That((await machine.UnitAsync("kola-serve.service")).MainPid, Is.Not.EqualTo(pid).And.Positive);
        await machine.RunAsync("sudo systemctl stop kola-serve.socket kola-serve.service; sudo systemctl reset-failed");
    }
}
