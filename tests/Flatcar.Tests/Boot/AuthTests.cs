namespace Flatcar.Tests.Boot;

/// <summary>What every login rests on.</summary>
[Category("boot")]
public sealed class AuthTests
{
    [MachineTest("coreos.auth.verify")]
    public async Task A_password_does_not_open_ssh(Machine machine) =>
        Assert.That(await machine.LetsInAsync("core", "asdf"), Is.False);
}
