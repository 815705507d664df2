namespace Flatcar.Tests.Ignition;

/// <summary>Kernel arguments of a config, which the boot loader on the disk hands over.</summary>
[Category("ignition")]
public sealed class KernelArgumentTests
{
    [MachineTest("cl.ignition.kargs", Since = "3185.0.0", Architectures = ["amd64"], Needs = [Feature.IgnitionKernelArguments], Fresh = true)]
    public async Task Kernel_arguments_of_a_config_are_on_the_command_line([Spec(Config = "kargs.ign", Firmware = Firmware.Bios)] Machine machine)
    {
        string[] wanted = ["quiet", "kola.word=here"];
        string[] first = await ArgumentsAsync(machine);
        Assert.That(first, Is.SupersetOf(wanted));
        // Not the peer's: the boot with them is the one that Ignition went on in; they are written once, kept on disk, and what is not to be there is not.
        Assert.That(first, Has.Some.StartsWith("flatcar.first_boot="), "the machine was set up without the arguments");
        Assert.That(first.Count(a => a == "kola.word=here"), Is.EqualTo(1));
        Assert.That(first, Has.No.Member("flatcar.autologin"));
        Assert.That(await machine.ReadFileAsync("/etc/set-up"), Is.EqualTo("once\n"));
        await machine.RebootAsync();
        string[] second = await ArgumentsAsync(machine);
        Assert.That(second, Is.SupersetOf(wanted));
        Assert.That(second, Has.None.StartsWith("flatcar.first_boot="), "it is set up again");
    }

    private static async Task<string[]> ArgumentsAsync(Machine machine) => (await machine.ReadFileAsync("/proc/cmdline")).Split(' ', '\n');
}
