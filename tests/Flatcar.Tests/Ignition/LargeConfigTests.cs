namespace Flatcar.Tests.Ignition;

/// <summary>Configs at the limits of what hands them over.</summary>
[Category("ignition")]
public sealed class LargeConfigTests
{
    // Made by the build: one file of a million times "x".
    [MachineTest("ignition.large", Minutes = 15, Fresh = true)]
    public async Task A_config_of_a_megabyte_is_taken([Spec(Config = "large.ign")] Machine machine)
    {
        CommandResult found = await machine.RunAsync("stat --format=%s /var/kola/large; tr --delete x </var/kola/large | wc --bytes");
        Assert.That(found.Lines, Is.EqualTo(new[] { "1048576", "0" }));
    }
}
