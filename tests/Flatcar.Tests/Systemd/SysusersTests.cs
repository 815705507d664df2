using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Systemd;

/// <summary>systemd-sysusers rewrites the databases of accounts; what it does not understand it must keep.</summary>
[Category("systemd")]
public sealed class SysusersTests
{
    // 48 members: the line is longer than the buffer that once was 512 bytes.
    private static readonly string s_many = string.Join(',', Enumerable.Range(1, 48).Select(i => $"kola-member-{i:00}"));

    [MachineTest("systemd.sysusers.gshadow")]
    public async Task Odd_lines_of_gshadow_survive_a_new_group(Machine machine)
    {
        string[] odd = ["kola0:*::root", "kola1:!:core:core,root", $"kola2:*::{s_many}"];
        string[] groups = [.. odd.Select((line, i) => $"{line.Split(':')[0]}:x:{7990 + i}:{line.Split(':')[3]}")];
        await machine.WriteFileAsync("/var/tmp/gshadow", string.Join('\n', odd) + "\n");
        await machine.WriteFileAsync("/var/tmp/group", string.Join('\n', groups) + "\n");
        // The peer runs it with nothing to add: then the file is not rewritten, and most of the code not run.
        await machine.WriteFileAsync("/etc/sysusers.d/kola.conf", "g kola-added -\n");
        await machine.SudoAsync("cat /var/tmp/gshadow >>/etc/gshadow && cat /var/tmp/group >>/etc/group && systemd-sysusers");

        CommandResult kept = await machine.RunAsync("sudo grep ^kola /etc/gshadow");
        Assert.That(kept.Lines, Is.EqualTo(odd.Append("kola-added:!*::")));
        Assert.That((await machine.AccountsAsync("group", "kola-added", "kola2")).Select(g => g[0]), Is.EqualTo(new[] { "kola-added", "kola2" }));
    }
}
