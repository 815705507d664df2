using System.Text.Json;
using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Ignition;

/// <summary>Ignition runs at the first boot and never again.</summary>
[Category("ignition")]
public sealed class OnceTests
{
    private const string Identity = "cat /etc/machine-id; sudo sha256sum /etc/ssh/ssh_host_*_key";

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

        string identity = (await machine.RunAsync(Identity)).Text;
        Assert.That(await machine.ReadFileAsync("/var/first-boots"), Is.EqualTo(firstBoot.Replace("-", "", StringComparison.Ordinal) + "\n"), "systemd took it for a first boot");
        await machine.RunAsync($"sudo rm /etc/ignition-ran && sudo test ! -e {Provisioning.Flag}");
        await machine.RebootAsync();

        Assert.That((await machine.TryRunAsync("test -e /etc/ignition-ran")).ExitCode, Is.Not.Zero, "the file came back");
        Assert.That(await machine.ReadFileAsync("/etc/.ignition-result.json"), Is.EqualTo(result), "Ignition says that it ran again");
        // Not the peer's: what else belongs to a first boot.
        Assert.That((await machine.RunAsync(Identity)).Text, Is.EqualTo(identity), "the machine id and the SSH host keys are made once");
        Assert.That((await machine.RunAsync("wc -l </var/first-boots")).Text, Is.EqualTo("1"), "ConditionFirstBoot= held at the second boot");
    }
}
