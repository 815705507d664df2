using System.Globalization;
using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Core;

/// <summary>What a machine is called, where it is, what time it is there, and in what language.</summary>
[Category("core")]
public sealed class IdentityTests
{
    [MachineTest("core.hostname", Needs = [Feature.FullSpeed])]
    public async Task A_name_that_was_set_is_known_everywhere_and_stays(Machine machine)
    {
        await machine.RunAsync("sudo hostnamectl set-hostname kola-named");
        Assert.That((await machine.RunAsync("uname -n; cat /etc/hostname; getent hosts kola-named >/dev/null && echo found")).Lines, Is.EqualTo(new[] { "kola-named", "kola-named", "found" }));
        await machine.LogAsync("kola-hostname", "who says so");
        Assert.That((await machine.RunAsync("journalctl --quiet --no-pager --identifier=kola-hostname --output=json --output-fields=_HOSTNAME")).Text, Does.Contain("\"_HOSTNAME\":\"kola-named\""));
        await machine.RebootAsync();
        Assert.That((await machine.RunAsync("uname -n")).Text, Is.EqualTo("kola-named"), "after a reboot");
    }

    [MachineTest("core.timezone")]
    public async Task A_time_zone_changes_what_clocks_show_and_not_what_time_it_is(Machine machine)
    {
        Assert.That((await machine.RunAsync("date +%Z")).Text, Is.EqualTo("UTC"), "as shipped");
        CommandResult set = await machine.RunAsync("before=$(date +%s); sudo timedatectl set-timezone Asia/Kolkata; echo $(($(date +%s) - before)); date +%z; readlink --canonicalize-existing /etc/localtime; date --date=@0 +%H:%M");
        Assert.That(int.Parse(set.Lines[0], CultureInfo.InvariantCulture), Is.InRange(0, 60), "seconds the clock itself moved");
        Assert.That(set.Lines.Skip(1), Is.EqualTo(new[] { "+0530", "/usr/share/zoneinfo/Asia/Kolkata", "05:30" }));
        // Zones with daylight saving: noon in winter and in summer.
        Assert.That((await machine.RunAsync("for day in 2026-01-15 2026-07-15; do TZ=Europe/Berlin date --date=\"$day 12:00Z\" +%H:%M; done")).Lines, Is.EqualTo(new[] { "13:00", "14:00" }));
        Assert.That((await machine.TryRunAsync("sudo timedatectl set-timezone Kola/Nowhere")).ExitCode, Is.Not.Zero, "a zone nobody knows is set");
    }

    [MachineTest("core.clock")]
    public async Task The_clock_is_right_and_runs_at_the_right_pace(Machine machine)
    {
        // A copy's clock is set when it wakes; what is held here is that nothing in the system puts it wrong afterwards.
        DateTimeOffset asked = TimeProvider.System.GetUtcNow();
        CommandResult clock = await machine.RunAsync("date +%s; cat /proc/uptime; sleep 2; date +%s; cat /proc/uptime; cat /sys/class/rtc/rtc0/since_epoch; timedatectl show --property=LocalRTC --value");
        long first = long.Parse(clock.Lines[0], CultureInfo.InvariantCulture), second = long.Parse(clock.Lines[2], CultureInfo.InvariantCulture);
        Assert.That(Math.Abs(first - asked.ToUnixTimeSeconds()), Is.LessThan(60), "seconds from the harness's own clock");
        double slept = Uptime(clock.Lines[3]) - Uptime(clock.Lines[1]);
        Assert.That(second - first, Is.InRange(1, slept + 3), $"wall clock over {slept:0.0} s of the steady one");
        Assert.That(Math.Abs(long.Parse(clock.Lines[4], CultureInfo.InvariantCulture) - second), Is.LessThan(120), "seconds the hardware's clock is off: it is in UTC");
        Assert.That(clock.Lines[5], Is.EqualTo("no"), "the hardware's clock is in local time");
    }

    [MachineTest("core.clock.saved")]
    public async Task A_clock_that_lost_its_battery_does_not_go_back_behind_the_last_shutdown(Machine machine)
    {
        if ((await machine.UnitAsync("systemd-timesyncd.service")).Active != "active")
            Lab.Skip("another service than timesyncd keeps the clock", "Run it on an image with timesyncd.");
        // The file's time is when the clock was last known to be right; a machine that never met a time server has it made for it here.
        CommandResult times = await machine.SudoAsync("systemctl stop systemd-timesyncd; touch /var/lib/systemd/timesync/clock; date +%s; date --set='2001-02-03 04:05:06' >/dev/null; systemctl start systemd-timesyncd; date +%s");
        long stopped = long.Parse(times.Lines[0], CultureInfo.InvariantCulture), started = long.Parse(times.Lines[1], CultureInfo.InvariantCulture);
        Assert.That(started - stopped, Is.InRange(-5, 120), "seconds between when it was stopped and what it took the time for");
    }

    [MachineTest("core.locale")]
    public async Task Programs_find_the_language_they_are_told(Machine machine)
    {
        CommandResult locale = await machine.RunAsync("locale 2>&1 >/dev/null; . /etc/locale.conf 2>/dev/null || . /etc/default/locale 2>/dev/null; echo ${LANG:-none}; LC_ALL=C.UTF-8 locale charmap; printf 'ä' | LC_ALL=C.UTF-8 wc --chars; printf 'ä' | LC_ALL=C wc --chars; printf 'b\\nB\\na\\n' | LC_ALL=C.UTF-8 sort | tr -d '\\n'");
        Assert.That(locale.Lines, Has.Count.EqualTo(5), "what the locale program complains of comes first");
        Assert.That(locale.Lines[0], Does.EndWith("UTF-8").IgnoreCase);
        Assert.That(locale.Lines.Skip(1), Is.EqualTo(new[] { "UTF-8", "1", "2", "Bab" }));
    }

    private static double Uptime(string line) => double.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture);
}
