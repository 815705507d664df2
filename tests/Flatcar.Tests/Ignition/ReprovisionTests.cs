using System.Text.Json;
using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Ignition;

/// <summary>Ignition is made to run again.</summary>
[Category("ignition")]
public sealed class ReprovisionTests
{
    private const string Identity = "cat /etc/machine-id; sudo sha256sum /etc/ssh/ssh_host_*_key";

    [MachineTest("ignition.reprovision", Fresh = true)]
    public async Task The_flag_runs_ignition_once_more_and_what_is_not_the_configs_stays([Spec(Config = "reprovision.ign")] Machine machine, Lab lab)
    {
        string identity = (await machine.RunAsync(Identity)).Text;
        await machine.SudoAsync("""
            echo changed >/etc/kola-provisioned
            echo mine >/etc/kola-mine
            groupadd kept
            usermod --append --groups kept user1
            usermod --password changed core
            """);
        await machine.ProvisionAgainAsync();

        await lab.StepAsync("FilesAreAsTheConfigSays", async () => Assert.That(
            (await machine.RunAsync("cat /etc/kola-provisioned /etc/kola-mine")).Lines, Is.EqualTo(new[] { "first", "mine" })));
        await lab.StepAsync("WhatIsAppendedGrows", async () => Assert.That(await machine.ReadFileAsync("/var/kola-grown"), Is.EqualTo("more\nmore\n")));
        await lab.StepAsync("UsersAreAsTheConfigSays", async () =>
        {
            Assert.That((await machine.RunAsync("id -nG user1")).Text.Split(' '), Does.Contain("kept"), "a group the config does not speak of");
            Assert.That((await machine.AccountsAsync("shadow", "core"))[0][1], Is.EqualTo("*"));
        });
        await lab.StepAsync("UnitsStayEnabled", async () =>
        {
            Assert.That((await machine.UnitAsync("told.service")).File, Is.EqualTo("enabled"));
            Assert.That(await machine.ReadFileAsync("/var/told"), Is.EqualTo("told\ntold\n"), "it was started at both boots");
        });
        await lab.StepAsync("IdentityIsKept", async () => Assert.That((await machine.RunAsync(Identity)).Text, Is.EqualTo(identity)));
        await lab.StepAsync("ResultIsOfThisBoot", async () => Assert.That(await ProvisionedByAsync(machine), Is.EqualTo(machine.BootId)));

        string provisioned = machine.BootId;
        await machine.RebootAsync();
        await lab.StepAsync("AndOnlyOnce", async () => Assert.That(await ProvisionedByAsync(machine), Is.EqualTo(provisioned)));
    }

    // Nobody has to set a flag, and none is taken away: as long as the argument is there, every boot is a first one.
    [MachineTest("ignition.reprovision.forced", Needs = [Feature.FullSpeed], Architectures = ["amd64"], Fresh = true)]
    public async Task A_kernel_argument_runs_ignition_without_the_flag([Spec(Config = "reprovision.ign", Firmware = Firmware.Bios)] Machine machine)
    {
        await machine.RunAsync($"sudo test ! -e {Provisioning.Flag}");
        await machine.SudoAsync("""
            echo changed >/etc/kola-provisioned
            sed --in-place '/^set linux_append=/d' /oem/grub.cfg
            echo 'set linux_append="flatcar.first_boot=1"' >>/oem/grub.cfg; sync
            """);
        await machine.RebootAsync();
        Assert.That((await machine.ReadFileAsync("/proc/cmdline")).Split(' ', '\n'), Does.Contain("flatcar.first_boot=1"));
        Assert.That(await machine.ReadFileAsync("/etc/kola-provisioned"), Is.EqualTo("first\n"));
        Assert.That(await ProvisionedByAsync(machine), Is.EqualTo(machine.BootId));
    }

    private static async Task<string?> ProvisionedByAsync(Machine machine)
    {
        using JsonDocument told = JsonDocument.Parse((await machine.RunAsync("sudo cat /etc/.ignition-result.json")).Text);
        return told.RootElement.GetProperty("provisioningBootID").GetString();
    }
}
