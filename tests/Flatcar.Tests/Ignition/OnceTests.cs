using System.Text.Json;

namespace Flatcar.Tests.Ignition;

/// <summary>Ignition runs at the first boot and never again.</summary>
[Category("ignition")]
public sealed class OnceTests
{
    [MachineTest("coreos.ignition.once", Fresh = true)]
    public async Task Ignition_runs_at_the_first_boot_only([Spec(Config = "once.ign")] Machine machine)
    {
        string firstBoot = machine.BootId;
        Assert.That(await machine.ReadFileAsync("/etc/ignition-ran"), Is.EqualTo("once\n"));
        string result = await machine.ReadFileAsync("/etc/.ignition-result.json");
        using (JsonDocument told = JsonDocument.Parse(result))
        {
            Assert.That(told.RootElement.GetProperty("userConfigProvided").GetBoolean());
            Assert.That(told.RootElement.GetProperty("provisioningBootID").GetString(), Is.EqualTo(firstBoot));
        }

        await machine.RunAsync("sudo rm /etc/ignition-ran && sudo test ! -e /boot/flatcar/first_boot");
        await machine.RebootAsync();

        Assert.That((await machine.TryRunAsync("test -e /etc/ignition-ran")).ExitCode, Is.Not.Zero, "the file came back");
        Assert.That(await machine.ReadFileAsync("/etc/.ignition-result.json"), Is.EqualTo(result), "Ignition says that it ran again");
    }
}
