namespace Flatcar.Tests.Boot;

/// <summary>What every login rests on.</summary>
[Category("boot")]
public sealed class AuthTests
{
    [MachineTest("coreos.auth.verify")]
    public async Task A_password_does_not_open_ssh_and_a_key_does(Machine machine)
    {
        Assert.That(await machine.LetsInAsync("core", "asdf"), Is.False, "a wrong password");
        Assert.That(await machine.LetsInAsync("core", ""), Is.False, "no password");
        Assert.That(await machine.LetsInAsync("root", ""), Is.False, "root without a password");

        // The peer stops at a wrong password, which is refused just as well where passwords are allowed. So the password is made right.
        await machine.RunAsync("sudo usermod --password \"$(openssl passwd -6 asdf)\" core");
        Assert.That(await machine.LetsInAsync("core", "asdf"), Is.False, "the right password");

        // The machine's own connection was there before; a new login shows that keys still work beside the password.
        CommandResult login = await machine.RunAsync("""
            ssh-keygen -q -t ed25519 -N '' -f ~/second-key && cat ~/second-key.pub >> ~/.ssh/authorized_keys &&
            ssh -o BatchMode=yes -o StrictHostKeyChecking=no -i ~/second-key core@localhost 'echo "in as $(id -un)"'
            """);
        Assert.That(login.Text, Is.EqualTo("in as core"));
    }
}
