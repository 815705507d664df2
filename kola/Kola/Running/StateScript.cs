using System.Globalization;

namespace Kola.Running;

/// <summary>What a machine is asked when its test did not pass: one script, one round trip, each part for itself and bounded.</summary>
internal static class StateScript
{
    /// <summary>Begins the line over each part; the part's title follows.</summary>
    internal const string Heading = "==== ";

    /// <summary>Title of the part that is kept in a file of its own.</summary>
    internal const string KernelLog = "dmesg";

    // A part that hangs takes this long, times the platform's slowness, and the others do not wait for it.
    private const int SecondsForPart = 4;

    // The unit that failed first is wanted, not two hundred that failed for its sake.
    private const int MostUnits = 20;

    private static readonly (string Title, string Command)[] s_parts =
    [
        ("systemctl --failed", "systemctl --failed --no-pager --full; systemctl is-system-running"),
        ("status of failed units", $"systemctl list-units --state=failed --plain --no-legend --no-pager | while read -r unit rest && [ $((shown++)) -lt {MostUnits} ]; do systemctl status --no-pager --full --lines=50 \"$unit\"; echo; done"),
        ("systemctl list-jobs", "systemctl list-jobs --no-pager --full"),
        ("coredumps", "if command -v coredumpctl >/dev/null; then coredumpctl list --no-pager; else echo 'no coredumpctl in this image'; ls -l /var/lib/systemd/coredump; fi"),
        ("df -h", "df -h; df -i"),
        ("lsblk", "lsblk -o NAME,SIZE,RO,TYPE,FSTYPE,LABEL,MOUNTPOINTS"),
        ("mount", "cat /proc/mounts"),
        ("free -m", "free -m; cat /proc/pressure/memory"),
        ("/proc/meminfo", "cat /proc/meminfo"),
        ("processes by memory", "ps axo pid,ppid,user,state,etime,time,rss,wchan:20,args --sort=-rss"),
        ("network", "ip address; ip route; networkctl --no-pager --full"),
        (KernelLog, "dmesg"),
    ];

    /// <summary>Titles of the parts, in the order they are printed.</summary>
    internal static IEnumerable<string> Titles => s_parts.Select(p => p.Title);

    // All at once, each into a file in memory: on a full disk too, and as long as the slowest takes, not as all of them.
    internal static string For(double slowness) => $$"""
        export LC_ALL=C SYSTEMD_COLORS=0 PAGER=cat COLUMNS=200
        d=$(mktemp -d /run/kola-state.XXXXXX) || exit 1
        {{string.Join('\n', s_parts.Select((part, at) => $"{{ timeout {Seconds(slowness)} bash -c {Machine.Quote(part.Command)}; [ $? != 124 ] || echo '(cut off after {Seconds(slowness)} s)'; }} >$d/{at} 2>&1 </dev/null &"))}}
        wait
        {{string.Join('\n', s_parts.Select((part, at) => $"echo '{Heading}{part.Title}'; cat $d/{at}; echo"))}}
        rm -r $d
        """;

    private static string Seconds(double slowness) => Math.Ceiling(SecondsForPart * Math.Max(1, slowness)).ToString(CultureInfo.InvariantCulture);
}
