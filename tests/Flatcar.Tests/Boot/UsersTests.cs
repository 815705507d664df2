using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Boot;

/// <summary>Who there is on a fresh machine, and who of them can get in.</summary>
[Category("boot")]
public sealed class UsersTests
{
    // Everybody else has nologin.
    private static readonly Dictionary<string, string> s_shells = new()
    {
        ["root"] = "/bin/bash",
        ["core"] = "/bin/bash",
        ["sync"] = "/bin/sync",
        ["shutdown"] = "/sbin/shutdown",
        ["halt"] = "/sbin/halt",
    };

    [MachineTest("cl.users.shells")]
    public async Task Only_people_have_a_shell(Machine machine, Lab lab)
    {
        IReadOnlyList<string[]> accounts = await machine.AccountsAsync("passwd");
        Assert.That(accounts.Select(a => a[0]), Is.SupersetOf(new[] { "root", "core" }));

        await lab.StepAsync("Shells", () => ShellsAreRight(accounts));
        await lab.StepAsync("OnlyRootIsRoot", () =>
        {
            Assert.That(accounts.Where(a => a[2] == "0").Select(a => a[0]), Is.EqualTo(new[] { "root" }));
            return Task.CompletedTask;
        });
        await lab.StepAsync("NoPasswords", async () =>
        {
            IReadOnlyList<string[]> shadow = await machine.AccountsAsync("shadow");
            Assert.That(shadow.Where(s => s[1].Length == 0 || s[1].StartsWith('$')).Select(s => s[0]), Is.Empty, "accounts a password opens, or none at all");
        });
        // The peer reads the names of shells; this is what they are for.
        await lab.StepAsync("NologinRefuses", async () =>
        {
            CommandResult login = await machine.TryRunAsync("sudo su nobody -c 'echo in'");
            Assert.That(login.ExitCode, Is.Not.Zero);
            Assert.That(login.Text, Does.Not.Contain("in\n").And.Not.EqualTo("in"));
        });
    }

    private static Task ShellsAreRight(IReadOnlyList<string[]> accounts)
    {
        Assert.That(accounts.Where(a => a.Length != 7).Select(a => string.Join(':', a)), Is.Empty, "entries that have not 7 fields");
        string[] wrong = [.. accounts
            .Where(a => Short(a[6]) != s_shells.GetValueOrDefault(a[0], "/sbin/nologin"))
            .Select(a => $"{a[0]} has {a[6]}")];
        Assert.That(wrong, Is.Empty);
        return Task.CompletedTask;
    }

    // One file under several names: /bin is /usr/bin, and sh is bash.
    private static string Short(string shell)
    {
        string path = shell.StartsWith("/usr/", StringComparison.Ordinal) ? shell[4..] : shell;
        return path == "/bin/sh" ? "/bin/bash" : path;
    }
}
