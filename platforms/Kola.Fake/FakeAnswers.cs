using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Kola.Fake;

/// <summary>What every guest can do without a script: be asked whether it is ready, restart, keep files, log, reach its neighbours.</summary>
public static partial class FakeAnswers
{
    /// <summary>Tried in this order, after the guest's own answers.</summary>
    public static IReadOnlyList<FakeAnswer> Default { get; } =
    [
        new() { Command = Readiness(), Make = Ready },
        new() { Command = StateScript(), Make = Told },
        new() { Command = Reboot(), Effect = FakeEffect.Reboots },
        new() { Command = PowerOff(), Effect = FakeEffect.PowersOff },
        new() { Command = BootId(), Make = call => new FakeReply(call.Machine.BootId + "\n") },
        new() { Command = IsRunning(), Make = call => new FakeReply(call.Machine.Guest.State + "\n", call.Machine.Guest.State == "running" ? 0 : 1) },
        new() { Command = OsRelease(), Make = call => new FakeReply($"NAME=\"Flatcar Container Linux by Kinvolk\"\nID={call.Machine.Guest.OsId}\nVERSION={call.Machine.Version}\n") },
        new() { Command = Log(), Make = Logged },
        new() { Command = Mark(), Make = Marked },
        new() { Command = SetClock(), Make = call => new FakeReply(call.Match.Groups["time"].Value + "\n") },
        new() { Command = GuestProgram(), Make = Become },
        new() { Command = Install(), Make = Written },
        new() { Command = Cat(), Make = Read },
        new() { Command = AddAddress(), Make = Addressed },
        new() { Command = Ping(), Make = Pinged },
        new() { Command = Echo(), Make = call => new FakeReply(call.Match.Groups["text"].Value + "\n") },
        new() { Command = Sync(), Make = Synced },
        new() { Command = True() },
    ];

    private static FakeReply Ready(FakeCall call)
    {
        FakeGuest guest = call.Machine.Guest;
        string failed = string.Concat(guest.FailedUnits.Select(unit => $"failed={unit}\n"));
        return new FakeReply($"state={guest.State}\nid={guest.OsId}\nversion={call.Machine.Version}\nboot={call.Machine.BootId}\n{failed}");
    }

    // As the script prints it, part by part under headings.
    private static FakeReply Told(FakeCall call)
    {
        string failed = string.Concat(call.Machine.Guest.FailedUnits.Select(unit => $"{unit} loaded failed failed\n"));
        return new FakeReply($"==== systemctl --failed\n{failed}{call.Machine.Guest.State}\n\n==== dmesg\n[    0.000000] Linux version 6.12.0-flatcar\n\n");
    }

    private static FakeReply Logged(FakeCall call)
    {
        call.Machine.Log($"{call.Match.Groups["tag"].Value}[100]: {call.Match.Groups["text"].Value}");
        return new FakeReply();
    }

    // A copy gets a host key of its own; what else makes it another machine has no counterpart in a script.
    private static FakeReply Become(FakeCall call)
    {
        if (HostKey().Match(call.Match.Value) is { Success: true } key)
            call.Machine.HostKey = "SHA256:" + Convert.ToBase64String(SHA256.HashData(Convert.FromBase64String(key.Groups["key"].Value))).TrimEnd('=');
        return new FakeReply();
    }

    private static FakeReply Marked(FakeCall call)
    {
        call.Machine.Log($"kola[100]: {call.Match.Groups["text"].Value}");
        return new FakeReply();
    }

    private static FakeReply Written(FakeCall call)
    {
        call.Machine.Files[call.Match.Groups["path"].Value] = call.Input;
        call.Machine.Recorded?.Write(call.Match.Groups["path"].Value, call.Input);
        return new FakeReply();
    }

    private static FakeReply Synced(FakeCall call)
    {
        call.Machine.Recorded?.Flush();
        return new FakeReply();
    }

    private static FakeReply Read(FakeCall call)
    {
        string path = call.Match.Groups["path"].Value;
        return call.Machine.Files.TryGetValue(path, out byte[]? content)
            ? new FakeReply(System.Text.Encoding.UTF8.GetString(content))
            : new FakeReply("", 1, $"cat: {path}: No such file or directory\n");
    }

    private static FakeReply Addressed(FakeCall call)
    {
        call.Machine.Addresses.Add(call.Match.Groups["address"].Value);
        return new FakeReply();
    }

    private static FakeReply Pinged(FakeCall call)
    {
        string address = call.Match.Groups["address"].Value;
        return call.Machine.Reaches(address)
            ? new FakeReply($"64 bytes from {address}: icmp_seq=1 ttl=64 time=0.5 ms\n")
            : new FakeReply($"PING {address}: 1 packets transmitted, 0 received, 100% packet loss\n", 1);
    }

    // state=$(systemctl is-system-running --wait 2>/dev/null); …; echo "state=$state"; echo "id=$ID"; …
    [GeneratedRegex("""echo "?state=\$state""")]
    private static partial Regex Readiness();

    // d=$(mktemp -d /run/kola-state.XXXXXX) || exit 1
    [GeneratedRegex(@"mktemp -d /run/kola-state\.")]
    private static partial Regex StateScript();

    // sudo systemctl reboot
    [GeneratedRegex(@"^(sudo )?(systemctl )?reboot\b")]
    private static partial Regex Reboot();

    // sudo systemctl poweroff
    [GeneratedRegex(@"^(sudo )?(systemctl )?(poweroff|halt)\b")]
    private static partial Regex PowerOff();

    // cat /proc/sys/kernel/random/boot_id
    [GeneratedRegex("^cat /proc/sys/kernel/random/boot_id$")]
    private static partial Regex BootId();

    // systemctl is-system-running --wait
    [GeneratedRegex("^systemctl is-system-running")]
    private static partial Regex IsRunning();

    // cat /etc/os-release
    [GeneratedRegex("^cat (/etc|/usr/lib)/os-release$")]
    private static partial Regex OsRelease();

    // logger -t kola 'end of test 5f0e'
    [GeneratedRegex("^logger -t (?<tag>\\S+) '?(?<text>[^']*)'?$")]
    private static partial Regex Log();

    // mark 'end of test 5f0e'
    [GeneratedRegex("^mark '(?<text>[^']*)'$")]
    private static partial Regex Mark();

    // set_clock 1764439046.312
    [GeneratedRegex(@"^set_clock (?<time>\d+\.\d+)$")]
    private static partial Regex SetClock();

    // change_key 'core' 'ssh-ed25519 AAAA…' 'ssh-ed25519 BBBB…'
    [GeneratedRegex("^(change_key|change_name|change_host_keys|settle) .*", RegexOptions.Singleline)]
    private static partial Regex GuestProgram();

    // change_host_keys '-----BEGIN …' 'ssh-ed25519 AAAA…'
    [GeneratedRegex("change_host_keys '[^']*' 'ssh-ed25519 (?<key>[A-Za-z0-9+/=]+)'")]
    private static partial Regex HostKey();

    // sudo install -D -m 0644 /dev/stdin '/etc/motd'
    [GeneratedRegex("^sudo install -D -m \\d+ /dev/stdin '?(?<path>[^']+)'?$")]
    private static partial Regex Install();

    // sudo cat '/etc/motd'
    [GeneratedRegex("^(sudo )?cat '?(?<path>/[^' ]+)'?$")]
    private static partial Regex Cat();

    // sudo ip address add 10.90.0.1/24 dev eth1
    [GeneratedRegex(@"\bip addr(ess)? add (?<address>[0-9a-f.:]+)/\d+")]
    private static partial Regex AddAddress();

    // ping -c 1 -W 2 10.90.0.2
    [GeneratedRegex(@"^(sudo )?ping (-\S+ ([\d.]+ )?)*(?<address>[0-9a-f.:]+)$")]
    private static partial Regex Ping();

    // echo hello
    [GeneratedRegex("^echo '?(?<text>[^'$]*)'?$")]
    private static partial Regex Echo();

    // sync
    [GeneratedRegex("^(sudo )?sync$")]
    private static partial Regex Sync();

    // true
    [GeneratedRegex("^(true|:)$")]
    private static partial Regex True();
}
