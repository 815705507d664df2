using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Systemd;

/// <summary>Files that come and go by rules, and timers that catch up.</summary>
[Category("systemd")]
public sealed class TmpfilesTests
{
    [MachineTest("systemd.tmpfiles")]
    public async Task Files_are_made_by_rule_and_only_old_ones_taken_away(Machine machine)
    {
        await machine.WriteFileAsync("/etc/tmpfiles.d/kola.conf", """
            d /var/tmp/kola 0750 core core am:1d
            f /var/tmp/kola/made 0640 core core - hello
            L /var/tmp/kola/link - - - - /usr/lib/os-release
            x /var/tmp/kola/kept*
            r /var/tmp/kola-gone

            """);
        await machine.SudoAsync("touch /var/tmp/kola-gone && systemd-tmpfiles --create --remove /etc/tmpfiles.d/kola.conf && touch --date='3 days ago' /var/tmp/kola/old /var/tmp/kola/kept && touch /var/tmp/kola/new");
        Assert.That((await machine.RunAsync("stat --format='%a %U %n' /var/tmp/kola /var/tmp/kola/made; cat /var/tmp/kola/made; echo; readlink /var/tmp/kola/link; ls /var/tmp/kola-gone 2>/dev/null; true")).Lines,
            Is.EqualTo(new[] { "750 core /var/tmp/kola", "640 core /var/tmp/kola/made", "hello", "/usr/lib/os-release" }));
        // By the unit that does it every day, not by hand.
        await machine.RunAsync("sudo systemctl start systemd-tmpfiles-clean.service");
        Assert.That((await machine.RunAsync("ls /var/tmp/kola")).Lines, Is.EqualTo(new[] { "kept", "link", "made", "new" }));
        Assert.That((await machine.RunAsync("systemctl is-active systemd-tmpfiles-clean.timer")).Text, Is.EqualTo("active"), "it is done every day");
    }

    [MachineTest("systemd.sysusers")]
    public async Task Users_of_services_are_made_by_rule_and_only_once(Machine machine)
    {
        await machine.WriteFileAsync("/etc/sysusers.d/kola.conf", "u kola-daemon 777 \"A daemon\" /var/lib/kola-daemon /sbin/nologin\ng kola-group 778\nm kola-daemon kola-group\n");
        await machine.RunAsync("sudo systemd-sysusers && sudo systemd-sysusers");
        Assert.That((await machine.AccountsAsync("passwd", "kola-daemon"))[0], Is.EqualTo(new[] { "kola-daemon", "x", "777", "777", "A daemon", "/var/lib/kola-daemon", "/sbin/nologin" }));
        Assert.That((await machine.RunAsync("id --name --groups kola-daemon; grep -c ^kola-daemon: /etc/passwd; sudo grep -c '^kola-daemon:!' /etc/shadow")).Lines, Is.EqualTo(new[] { "kola-daemon kola-group", "1", "1" }));
        // A service can run as it at once.
        Assert.That((await machine.RunInUnitAsync("id -un", "User=kola-daemon")).Text, Is.EqualTo("kola-daemon"));
    }

    [MachineTest("systemd.timer.persistent")]
    public async Task A_timer_that_was_missed_is_made_up_for(Machine machine)
    {
        await machine.WriteFileAsync("/etc/systemd/system/kola-daily.service", "[Service]\nType=oneshot\nExecStart=/usr/bin/touch /run/kola-daily\n");
        await machine.WriteFileAsync("/etc/systemd/system/kola-daily.timer", "[Timer]\nOnCalendar=daily\nPersistent=yes\n");
        await machine.WriteFileAsync("/etc/systemd/system/kola-strict.service", "[Service]\nType=oneshot\nExecStart=/usr/bin/touch /run/kola-strict\n");
        await machine.WriteFileAsync("/etc/systemd/system/kola-strict.timer", "[Timer]\nOnCalendar=daily\n");
        // As if it had run the day before yesterday, and the machine been off since.
        await machine.SudoAsync("mkdir -p /var/lib/systemd/timers && for name in daily strict; do touch --date='2 days ago' /var/lib/systemd/timers/stamp-kola-$name.timer; done; systemctl daemon-reload && systemctl start kola-strict.timer kola-daily.timer");
        await machine.FileExistsAsync("/run/kola-daily");
        Assert.That((await machine.TryRunAsync("test -e /run/kola-strict")).ExitCode, Is.Not.Zero, "one that does not persist waits for its day");
        Assert.That((await machine.RunAsync("test $(($(date +%s) - $(stat --format=%Y /var/lib/systemd/timers/stamp-kola-daily.timer))) -lt 300 && echo noted")).Text, Is.EqualTo("noted"));
    }
}
