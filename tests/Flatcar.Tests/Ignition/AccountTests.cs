using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Ignition;

/// <summary>Users, groups, keys and the machine's name.</summary>
[Category("ignition")]
public sealed class AccountTests
{
    private const string NoPassword = "*";

    // That the harness gets in at all is the proof for its own key: it comes by Ignition too, for a user the image does not have.
    [MachineTest("coreos.ignition.ssh.key", Fresh = true)]
    public async Task Keys_of_a_config_are_let_in_and_safe([Spec(Config = "ssh-key.ign", User = "deploy")] Machine machine)
    {
        CommandResult keys = await machine.RunAsync("""
            id -un
            for home in /home/core /home/deploy; do sudo grep -rc from-the-config $home/.ssh | cut -d: -f2 | sort -n | tail -n 1; done
            find ~/.ssh ! -user deploy -o ! -type l -perm /go=w
            """);
        Assert.That(keys.Lines, Has.Count.EqualTo(3), "files of keys that belong to others or that others can write follow");
        Assert.That(keys.Lines[0], Is.EqualTo("deploy"));
        Assert.That(keys.Lines.Skip(1).Select(int.Parse), Is.All.GreaterThan(0), "the config's own key is kept beside the harness's");
    }

    [MachineTest("coreos.ignition.sethostname", Fresh = true)]
    public async Task The_machine_has_the_name_of_its_config([Spec(Config = "hostname.ign")] Machine machine)
    {
        CommandResult names = await machine.RunAsync("hostnamectl --static; cat /proc/sys/kernel/hostname; getent hosts core1 >/dev/null && echo found");
        Assert.That(names.Lines, Is.EqualTo(new[] { "core1", "core1", "found" }), "told, set in the kernel, and found when looked up");
    }

    [MachineTest("coreos.ignition.groups", Fresh = true)]
    public async Task Groups_of_a_config_are_there([Spec(Config = "groups.ign")] Machine machine)
    {
        IReadOnlyList<string[]> groups = await machine.AccountsAsync("group", "group1", "group2");
        Assert.That(groups.Select(g => g[2]), Is.EqualTo(new[] { "501", "502" }));
        IReadOnlyList<string[]> secrets = await machine.AccountsAsync("gshadow", "group1", "group2");
        Assert.That(secrets[0][1], Is.EqualTo("*").Or.EqualTo("!"), "a group without a password is closed");
        Assert.That(secrets[1][1], Is.EqualTo("foobar"));
        Assert.That((await machine.RunAsync("sudo stat --format='%U:%G %a' /var/of-group2")).Text, Is.EqualTo("root:group2 640"), "files can be given to such a group");
    }

    // The peer's two tests of this are written in Ignition 1 and 2.0.
    [MachineTest("coreos.ignition.users", Fresh = true)]
    public async Task Users_of_a_config_are_as_it_says([Spec(Config = "users.ign")] Machine machine)
    {
        IReadOnlyList<string[]> users = await machine.AccountsAsync("passwd", "core", "user1", "user2");
        Assert.That(string.Join(':', users[0]), Is.EqualTo("core:x:500:500:Flatcar Admin:/home/core:/bin/bash"), "core is changed, not made anew");
        Assert.That(users[1][2..4].Append(users[1][5]), Is.EqualTo(new[] { "1000", "1000", "/home/user1" }));
        Assert.That(users[2][2..4].Append(users[2][5]).Append(users[2][6]), Is.EqualTo(new[] { "1010", "1010", "/home/second", "/bin/sh" }));

        IReadOnlyList<string[]> shadow = await machine.AccountsAsync("shadow", "core", "user1", "user2");
        Assert.That(shadow.Select(s => s[1]), Is.EqualTo(new[] { "foobar", NoPassword, NoPassword }));

        CommandResult works = await machine.RunAsync("sudo -u user2 sh -c 'cd && touch mine && stat -c %u:%g mine && id -nG'");
        Assert.That(works.Lines[0], Is.EqualTo("1010:1010"));
        Assert.That(works.Lines[1].Split(' '), Is.EquivalentTo(new[] { "user2", "docker" }));
    }
}
