using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Ignition;

/// <summary>Configs of Ignition 1 and 2, which images that take them translate, and configs that ask for nothing.</summary>
[Category("ignition")]
public sealed class LegacyTests
{
    // The peer's is user data of no bytes on platforms that bring keys by metadata; here no author's config is what that comes to.
    [MachineTest("cl.ignition.misc.empty", Fresh = true)]
    public async Task A_machine_without_a_config_boots(Machine machine)
    {
        Assert.That((await machine.RunAsync("systemctl is-system-running")).Text, Is.EqualTo("running"));
        Assert.That((await machine.AccountsAsync("passwd", "core"))[0][2], Is.EqualTo("500"));
    }

    [MachineTest("cl.ignition.v1.noop", Needs = [Feature.FullSpeed], Fresh = true)]
    public Task A_config_of_version_1_that_asks_for_nothing_is_taken([Spec(Config = "v1-noop.ign")] Machine machine) => RanAsync(machine);

    [MachineTest("cl.ignition.v2.noop", Since = "3227.0.0", Needs = [Feature.FullSpeed], Fresh = true)]
    public Task A_config_of_version_2_that_asks_for_nothing_is_taken([Spec(Config = "v2-noop.ign")] Machine machine) => RanAsync(machine);

    [MachineTest("cl.ignition.v1.ssh.key", Needs = [Feature.FullSpeed], Fresh = true)]
    public Task Keys_of_a_config_of_version_1_are_let_in([Spec(Config = "v1-ssh-key.ign")] Machine machine) =>
        machine.RunAsync("sudo grep -rq from-the-config /home/core/.ssh");

    [MachineTest("cl.ignition.v1.once", Needs = [Feature.FullSpeed], Fresh = true)]
    public async Task A_config_of_version_1_is_applied_at_the_first_boot_only([Spec(Config = "v1-once.ign")] Machine machine)
    {
        Assert.That(await machine.ReadFileAsync("/etc/ignition-ran"), Is.EqualTo("once\n"));
        await machine.RunAsync("sudo rm /etc/ignition-ran");
        await machine.RebootAsync();
        Assert.That((await machine.TryRunAsync("test -e /etc/ignition-ran")).ExitCode, Is.Not.Zero, "the file came back");
    }

    [MachineTest("cl.ignition.v1.groups", Needs = [Feature.FullSpeed], Fresh = true)]
    public async Task Groups_of_a_config_of_version_1_are_there([Spec(Config = "v1-groups.ign")] Machine machine)
    {
        Assert.That((await machine.AccountsAsync("group", "group1", "group2")).Select(g => g[2]), Is.EqualTo(new[] { "501", "502" }));
        IReadOnlyList<string[]> secrets = await machine.AccountsAsync("gshadow", "group1", "group2");
        Assert.That(secrets[0][1], Is.EqualTo("*").Or.EqualTo("!"), "a group without a password is closed");
        Assert.That(secrets[1][1], Is.EqualTo("foobar"));
    }

    [MachineTest("cl.ignition.v1.users", Fresh = true)]
    public Task Users_of_a_config_of_version_1_are_as_it_says([Spec(Config = "v1-users.ign")] Machine machine) => UsersAsync(machine);

    [MachineTest("cl.ignition.v2.users", Fresh = true)]
    public Task Users_of_a_config_of_version_2_are_as_it_says([Spec(Config = "v2-users.ign")] Machine machine) => UsersAsync(machine);

    [MachineTest("cl.ignition.v1.sethostname", Needs = [Feature.FullSpeed], Fresh = true)]
    public async Task The_machine_has_the_name_of_its_config_of_version_1([Spec(Config = "v1-hostname.ign")] Machine machine) =>
        Assert.That((await machine.RunAsync("hostnamectl --static; cat /proc/sys/kernel/hostname")).Lines, Is.EqualTo(new[] { "core1", "core1" }));

    [MachineTest("cl.ignition.translation", Fresh = true)]
    public async Task Units_of_networkd_appended_files_and_links_survive_translation([Spec(Config = "translation.ign")] Machine machine)
    {
        CommandResult files = await machine.RunAsync("cat /testdir/hello /testdir/appended 2>/dev/null || sudo cat /testdir/hello /testdir/appended; sudo stat --format=%a /testdir/appended");
        Assert.That(files.Lines, Is.EqualTo(new[] { "hello", "first", "second", "600" }));
        CommandResult network = await machine.RunAsync("networkctl status kola --no-pager >/dev/null; ip -o -4 address show kola; cat /etc/systemd/network/00-dummy.network");
        Assert.That(network.Text, Does.Contain(" 10.0.2.1/24 ").And.Contain("Type=!vlan bond bridge\n"));
    }

    private static async Task RanAsync(Machine machine)
    {
        Assert.That((await machine.RunAsync("systemctl is-system-running")).Text, Is.EqualTo("running"));
        Assert.That((await machine.RunAsync("sudo cat /etc/.ignition-result.json")).Text, Does.Contain("\"userConfigProvided\": true"));
    }

    private static async Task UsersAsync(Machine machine)
    {
        IReadOnlyList<string[]> users = await machine.AccountsAsync("passwd", "core", "user1", "user2");
        string[] wanted = ["core:x:500:500:Flatcar Admin:/home/core:/bin/bash", "user1:x:1000:1000::/home/user1:/bin/bash", "user2:x:1010:1010::/home/user2:/bin/bash"];
        Assert.That(users.Select(u => string.Join(':', u)), Is.EqualTo(wanted));
        IReadOnlyList<string[]> shadow = await machine.AccountsAsync("shadow", "core", "user1", "user2");
        Assert.That(shadow.Select(s => s[1]), Is.EqualTo(new[] { "foobar", "*", "*" }));
        Assert.That((await machine.RunAsync("id -nG user2")).Text.Split(' '), Does.Contain("docker"));
    }
}
