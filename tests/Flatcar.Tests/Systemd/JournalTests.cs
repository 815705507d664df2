using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Systemd;

/// <summary>The journal, of a user and of another machine. That it outlives the boot is a step of boot.reboot.</summary>
[Category("systemd")]
public sealed class JournalTests
{
    [MachineTest("systemd.journal.user", Since = "3549.0.0")]
    public async Task A_lingering_user_finds_what_an_own_service_said([Spec(Config = "journal-user.ign", User = "flatcar")] Machine machine)
    {
        // The user's manager is started beside the boot, not before it is done; the peer polls too, but with pauses it sleeps through.
        IReadOnlyList<string> said = await machine.WaitForAsync(
            "hello.service to have said its word",
            () => machine.JournalAsync("--user --user-unit=hello.service --identifier=echo"),
            lines => lines.Count > 0);
        Assert.That(said, Is.EqualTo(new[] { "Foo" }));
        CommandResult state = await machine.RunAsync("systemctl --user is-active hello.service; loginctl show-user flatcar --property=Linger --value");
        Assert.That(state.Lines, Is.EqualTo(new[] { "active", "yes" }));
    }

    [MachineTest("systemd.journal.remote", Needs = [Feature.PrivateNetwork])]
    public async Task A_machine_collects_the_journal_of_another(
        [Spec(Config = "gateway.ign", Hostname = "gateway")] Machine gateway,
        Machine collector)
    {
        string message = $"to be collected from boot {gateway.BootId}";
        await gateway.LogAsync("kola-remote", message);
        // The filter keeps the transfer to one entry; without it an emulated machine sends its whole boot.
        await collector.SudoAsync(
            "mkdir -p /var/log/journal/remote && cd / && /usr/lib/systemd/systemd-journal-remote --output=/var/log/journal/remote --url='http://gateway:19531/entries?SYSLOG_IDENTIFIER=kola-remote'");

        const string collected = "--file=/var/log/journal/remote/remote-gateway.journal";
        CommandResult entries = await collector.RunAsync($"sudo journalctl --no-pager {collected} --output=json --output-fields=MESSAGE,_HOSTNAME,_BOOT_ID");
        Assert.That(entries.Lines, Has.Count.EqualTo(1));
        Assert.That(entries.Text, Does.Contain($"\"{message}\""));
        Assert.That(entries.Text, Does.Contain("\"_HOSTNAME\":\"gateway\"").And.Contain(gateway.BootId.Replace("-", "", StringComparison.Ordinal)), "it is told whose entry it is");
    }
}
