using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Systemd;

/// <summary>The journal's files, and journald when it goes badly.</summary>
[Category("systemd")]
public sealed class JournaldTests
{
    [MachineTest("systemd.journal.rotation")]
    public async Task Rotated_journals_are_whole_readable_and_thrown_away_when_too_many(Machine machine)
    {
        for (int i = 1; i <= 3; i++)
        {
            await machine.LogAsync("kola-rotate", $"before rotation {i}");
            await machine.RunAsync("sudo journalctl --rotate");
        }

        Assert.That(await machine.JournalAsync("--identifier=kola-rotate"), Is.EqualTo(new[] { "before rotation 1", "before rotation 2", "before rotation 3" }));
        await machine.RunAsync("sudo journalctl --verify --quiet");
        await machine.RunAsync("sudo journalctl --vacuum-files=2 2>/dev/null");
        IReadOnlyList<string> left = await machine.JournalAsync("--identifier=kola-rotate");
        Assert.That(left, Has.Count.LessThan(3), "nothing was thrown away");
        Assert.That(left, Is.Empty.Or.Contain("before rotation 3"), "the oldest goes first");
    }

    [MachineTest("systemd.journal.corruption")]
    public async Task A_damaged_journal_is_noticed_and_journald_goes_on(Machine machine)
    {
        await machine.LogAsync("kola-damage", "before");
        await machine.RunAsync("sudo journalctl --rotate && sudo journalctl --verify --quiet");
        await machine.SudoAsync("file=$(ls /var/log/journal/*/system@*.journal | tail -n 1) && dd if=/dev/zero of=$file bs=4k seek=40 count=100 conv=notrunc status=none");
        Assert.That((await machine.TryRunAsync("sudo journalctl --verify --quiet")).ExitCode, Is.Not.Zero, "400 KiB of nothing are taken for a journal");
        // The file that is written to, as a crash may leave it: journald is to go on in one that is whole.
        await machine.SudoAsync("""
            systemctl stop systemd-journald.socket systemd-journald-dev-log.socket systemd-journald.service 2>/dev/null
            dd if=/dev/zero of=$(ls /var/log/journal/*/system.journal) bs=64 count=40 conv=notrunc status=none; systemctl start systemd-journald-dev-log.socket systemd-journald.service
            """);
        await machine.LogAsync("kola-damage", "after");
        Assert.That(await machine.JournalAsync("--identifier=kola-damage --grep=after"), Is.EqualTo(new[] { "after" }));
        await machine.RunAsync("sudo sh -c 'journalctl --verify --quiet --file=$(ls /var/log/journal/*/system.journal)'");
    }

    [MachineTest("systemd.journal.killed")]
    public async Task Journald_that_is_killed_comes_back_and_services_notice_nothing(Machine machine)
    {
        await machine.StartUnitAsync("kola-talks", "i=0; while :; do i=$((i+1)); echo word $i; sleep 0.2; done");
        int before = (await machine.UnitAsync("systemd-journald.service")).MainPid;
        await machine.RunAsync("sudo systemctl kill --signal=KILL systemd-journald");
        await machine.WaitForAsync("journald to run again", () => machine.UnitAsync("systemd-journald.service"), seen => seen.Sub == "running" && seen.MainPid != before);
        await machine.LogAsync("kola-killed", "back again");
        Assert.That(await machine.JournalAsync("--identifier=kola-killed"), Is.EqualTo(new[] { "back again" }));
        string mark = (await machine.RunAsync("date --utc '+%F %T'")).Text;
        await machine.WaitForAsync("what a service says to be kept again", () => machine.JournalAsync($"--unit=kola-talks --grep=^word --since='{mark} UTC'"), words => words.Count > 0);
        Assert.That((await machine.UnitAsync("kola-talks")).Restarts, Is.Zero);
        await machine.RunAsync("sudo systemctl stop kola-talks");
    }

    [MachineTest("systemd.journal.rate-limit")]
    public async Task A_service_that_shouts_is_cut_short_and_others_are_heard(Machine machine)
    {
        // The burst is stretched by how much room there is on disk, sixfold at most. What was left out is told when the next line is let through.
        await machine.StartUnitAsync("kola-loud", "seq --format='shout %g' 200; sleep 4; echo whisper", "LogRateLimitIntervalSec=3s", "LogRateLimitBurst=5", "SyslogIdentifier=kola-loud");
        await machine.UnitEndedAsync("kola-loud");
        await machine.LogAsync("kola-quiet", "a word in between");
        int heard = (await machine.JournalAsync("--identifier=kola-loud --grep=^shout")).Count;
        Assert.That(heard, Is.InRange(5, 100), "of 200 lines");
        Assert.That(await machine.JournalAsync("--identifier=kola-quiet"), Is.EqualTo(new[] { "a word in between" }));
        Assert.That(await machine.JournalAsync("--boot --identifier=systemd-journald --grep='Suppressed [0-9]+ messages'"), Is.Not.Empty, "that something was left out is told");
    }

    [MachineTest("systemd.journal.readers")]
    public async Task Only_who_may_reads_what_others_said(Machine machine)
    {
        await machine.LogAsync("kola-private", "for few eyes");
        await machine.RunAsync("sudo useradd --create-home kola-nosy");
        Assert.That((await machine.RunAsync("sudo -u kola-nosy journalctl --quiet --no-pager --identifier=kola-private 2>/dev/null | grep -c eyes; true")).Text, Is.EqualTo("0"), "anybody reads the journal");
        await machine.RunAsync("sudo usermod --append --groups systemd-journal kola-nosy");
        Assert.That((await machine.RunAsync("sudo -u kola-nosy journalctl --quiet --no-pager --output=cat --identifier=kola-private")).Text, Is.EqualTo("for few eyes"));
    }
}
