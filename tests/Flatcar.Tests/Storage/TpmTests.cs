using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Storage;

/// <summary>Volumes that open by themselves on this machine's TPM and nowhere else.</summary>
[Category("storage")]
public sealed class TpmTests
{
    private const string Root = "/dev/disk/by-partlabel/ROOT";
    private const string Data = "/dev/disk/by-partlabel/data";
    private const string Measured = "4+7+8+9+11+12+13";

    [MachineTest("cl.tpm.root", Since = "3913.0.1", Needs = [Feature.IgnitionDisks, Feature.IgnitionLuks, Feature.Tpm], Fresh = true)]
    public async Task Root_is_bound_to_the_tpm([Spec(Config = "tpm-root.ign", Tpm = true)] Machine machine)
    {
        await IsEncryptedAsync(machine, "/", Root, "clevis");
        await KeepsSecretAsync(machine, "/etc/secret", Root);
        await IsEncryptedAsync(machine, "/", Root, "clevis");
        await OpensByThisTpmOnlyAsync(machine, Root);
    }

    [MachineTest("cl.tpm.nonroot", Since = "3913.0.1", Needs = [Feature.FullSpeed, Feature.IgnitionDisks, Feature.IgnitionLuks, Feature.Tpm, Feature.ExtraDisks], Fresh = true)]
    public async Task Data_is_bound_to_the_tpm([Spec(Config = "tpm-data.ign", Disks = ["520:secondary"], Tpm = true)] Machine machine)
    {
        await IsEncryptedAsync(machine, "/mnt/data", Data, "clevis");
        Assert.That(await machine.ReadFileAsync("/mnt/data/from-ignition"), Is.EqualTo("world\n"));
        await KeepsSecretAsync(machine, "/mnt/data/secret", Data);
        await IsEncryptedAsync(machine, "/mnt/data", Data, "clevis");
        await OpensByThisTpmOnlyAsync(machine, Data);
    }

    [MachineTest("cl.tpm.root-cryptenroll", Since = "3913.0.1", Needs = [Feature.FullSpeed, Feature.IgnitionDisks, Feature.IgnitionLuks, Feature.Tpm], Fresh = true)]
    public async Task Root_is_enrolled_by_systemd([Spec(Config = "tpm-cryptenroll.ign", Tpm = true)] Machine machine)
    {
        await IsEncryptedAsync(machine, "/", Root, "systemd-tpm2");
        await machine.RunAsync("sudo test ! -e /etc/luks/rootencrypted");
        await KeepsSecretAsync(machine, "/etc/secret", Root);
        await IsEncryptedAsync(machine, "/", Root, "systemd-tpm2");
        await machine.RunAsync($"sudo cryptsetup open --test-passphrase --token-only {Root}");
        await ForgetAsync(machine);
        Assert.That((await machine.TryRunAsync($"sudo cryptsetup open --test-passphrase --token-only {Root}")).ExitCode, Is.Not.Zero, "it opens without its TPM");
    }

    // The peer's units reboot by themselves ten seconds after the first binding; here the test does, when the binding is done. Since systemd 256 a volume
    // is enrolled anew by the TPM that opens it, so that no key has to be kept for it in a file.
    [MachineTest("cl.tpm.root-cryptenroll-pcr-noupdate", Since = "4230.0.0", Needs = [Feature.FullSpeed, Feature.IgnitionDisks, Feature.IgnitionLuks, Feature.Tpm, Feature.Uefi], Minutes = 20, Fresh = true)]
    public async Task Root_is_bound_to_what_was_booted([Spec(Config = "tpm-pcr.ign", Tpm = true, Firmware = Firmware.Uefi)] Machine machine)
    {
        await BindAsync(machine);
        await KeepsSecretAsync(machine, "/etc/secret", Root);
        await IsEncryptedAsync(machine, "/", Root, "systemd-tpm2");
        await IsBoundToTheBootAsync(machine);
    }

    [MachineTest("cl.tpm.root-cryptenroll-pcr-withupdate", Since = "4230.0.0", Needs = [Feature.FullSpeed, Feature.IgnitionDisks, Feature.IgnitionLuks, Feature.Tpm, Feature.Uefi], Minutes = 20, Fresh = true)]
    public async Task Root_that_is_bound_to_what_was_booted_is_unbound_for_an_update([Spec(Config = "tpm-pcr.ign", Tpm = true, Firmware = Firmware.Uefi)] Machine machine)
    {
        await BindAsync(machine);
        string before = await RegistersAsync(machine);
        // What an update's hook does before the reboot into another system.
        await machine.WriteFileAsync("/oem/bin/oem-postinst", $"""
            #!/bin/bash
            set -euo pipefail
            systemd-cryptenroll --tpm2-device=auto --unlock-tpm2-device=auto --tpm2-pcrs= --wipe-slot=tpm2 {Root}
            """, "0755");
        await machine.RunAsync("echo 'set linux_append=\"flatcar.autologin console=ttyS0,115200 quiet\"' | sudo tee -a /oem/grub.cfg");
        await machine.RunAsync("sudo /oem/bin/oem-postinst");
        await machine.RebootAsync();
        await IsEncryptedAsync(machine, "/", Root, "systemd-tpm2");
        Assert.That(await RegistersAsync(machine), Is.Not.EqualTo(before), "another command line was booted and not measured");
        await machine.SudoAsync($"systemd-cryptenroll --tpm2-device=auto --unlock-tpm2-device=auto --tpm2-pcrs={Measured} --wipe-slot=tpm2 {Root}");
        await IsBoundToTheBootAsync(machine);
    }

    [MachineTest("cl.tpm.eventlog", Since = "4082.0.0", Needs = [Feature.Tpm, Feature.Uefi], Fresh = true)]
    public async Task The_log_of_what_was_measured_can_be_read([Spec(Tpm = true, Firmware = Firmware.Uefi)] Machine machine)
    {
        CommandResult log = await machine.RunAsync("sudo tpm2_eventlog /sys/kernel/security/tpm0/binary_bios_measurements");
        // Not the peer's: the boot loader's own measurements are in it, and replaying them gives what the TPM has.
        Assert.That(log.Text, Does.Contain("grub_cmd"));
        CommandResult now = await machine.RunAsync("sudo tpm2_pcrread sha256:8");
        string value = now.Lines.Single(line => line.Contains("0x", StringComparison.Ordinal)).Split("0x")[1].Trim();
        Assert.That(log.Text, Does.Contain(value).IgnoreCase, "register 8 is not what the log says was measured into it");
    }

    private static async Task IsEncryptedAsync(Machine machine, string path, string device, string token)
    {
        Assert.That(await machine.DeviceTypeAsync(path), Is.EqualTo("crypt"));
        Luks.LuksHeader header = await machine.LuksAsync(device);
        // Not the peer's: no key is left by which it was made.
        Assert.That(header.Slots, Has.Count.EqualTo(1));
        Assert.That(header.Tokens.Select(t => t.Type), Is.EqualTo(new[] { token }));
        Assert.That(header.Tokens[0].Slots, Is.EqualTo(header.Slots));
    }

    private static async Task KeepsSecretAsync(Machine machine, string file, string device)
    {
        await machine.WriteFileAsync(file, "plain-to-see-9f2c\n");
        await machine.RebootAsync();
        Assert.That(await machine.ReadFileAsync(file), Is.EqualTo("plain-to-see-9f2c\n"));
        Assert.That(await machine.ShowsAsync(device, "plain-to-see-9f2c", mebibytes: 256), Is.False, "the text stands on the partition as it was written");
    }

    private static async Task OpensByThisTpmOnlyAsync(Machine machine, string device)
    {
        int slot = (await machine.LuksAsync(device)).Slots[0];
        string pass = $"sudo clevis luks pass -d {device} -s {slot} | sudo cryptsetup open --test-passphrase --key-file - {device}";
        await machine.RunAsync(pass);
        await ForgetAsync(machine);
        Assert.That((await machine.TryRunAsync(pass)).ExitCode, Is.Not.Zero, "it opens without its TPM");
    }

    // A cleared TPM has another seed: to a volume it is another machine's.
    private static async Task ForgetAsync(Machine machine) => await machine.RunAsync("sudo tpm2_clear --auth-hierarchy=l");

    private static async Task BindAsync(Machine machine)
    {
        // The first boot has another command line than all others, so its measurements are of no use.
        await machine.SudoAsync($"systemd-cryptenroll --tpm2-device=auto --unlock-key-file=/etc/luks/rootencrypted --tpm2-pcrs= --wipe-slot=0 {Root} && rm /etc/luks/rootencrypted");
        await machine.RebootAsync();
        Assert.That(await machine.ReadFileAsync("/proc/cmdline"), Does.Not.Contain("flatcar.first_boot"));
        await IsEncryptedAsync(machine, "/", Root, "systemd-tpm2");
        await machine.SudoAsync($"systemd-cryptenroll --tpm2-device=auto --unlock-tpm2-device=auto --tpm2-pcrs={Measured} --wipe-slot=tpm2 {Root}");
    }

    private static async Task IsBoundToTheBootAsync(Machine machine)
    {
        Assert.That((await machine.LuksAsync(Root)).Tokens[0].Pcrs, Is.EqualTo(Measured.Split('+').Select(int.Parse)));
        await machine.RunAsync($"sudo cryptsetup open --test-passphrase --token-only {Root}");
        await machine.RunAsync($"sudo tpm2_pcrextend 9:sha256={new string('5', 64)}");
        Assert.That((await machine.TryRunAsync($"sudo cryptsetup open --test-passphrase --token-only {Root}")).ExitCode, Is.Not.Zero, "it opens after something else was booted");
    }

    private static async Task<string> RegistersAsync(Machine machine) => (await machine.RunAsync("sudo tpm2_pcrread sha256:8,9")).Text;
}
