using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Storage;

/// <summary>Volumes encrypted in the running system, with a key that lies on the root.</summary>
[Category("storage")]
public sealed class LuksTests
{
    private const string Secret = "plain-to-see-9f2c";

    // Argon2 takes half a minute to guess what this machine can bear; how strong a key is made is none of this test's business.
    private const string Make = $"head -c 32 /dev/urandom >/etc/kola.key && chmod 600 /etc/kola.key && cryptsetup luksFormat --batch-mode --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file /etc/kola.key {Spare.One} && cryptsetup open --key-file /etc/kola.key {Spare.One} kola && mkfs.ext4 -q /dev/mapper/kola";

    [MachineTest("storage.luks.crypttab", Needs = [Feature.ExtraDisks], Minutes = 8)]
    public async Task A_volume_is_opened_at_boot_by_its_key_file([Spec(Disks = [Spare.DiskOne, Spare.DiskTwo])] Machine machine)
    {
        await machine.SudoAsync(Make);
        await machine.SudoAsync($"cryptsetup close kola && echo 'kola {Spare.One} /etc/kola.key luks' >/etc/crypttab && systemctl daemon-reload && systemctl start systemd-cryptsetup@kola.service");
        await machine.MountByUnitAsync("data", "/dev/mapper/kola", "ext4", atBoot: true);
        await machine.WriteFileAsync("/mnt/data/secret", Secret + "\n");
        await machine.RebootAsync();
        Assert.That(await machine.ReadFileAsync("/mnt/data/secret"), Is.EqualTo(Secret + "\n"));
        Assert.That(await machine.DeviceTypeAsync("/mnt/data"), Is.EqualTo("crypt"));
    }

    [MachineTest("storage.luks.key", Needs = [Feature.ExtraDisks])]
    public async Task Without_its_key_and_header_a_volume_is_noise([Spec(Disks = [Spare.DiskOne, Spare.DiskTwo])] Machine machine)
    {
        await machine.SudoAsync(Make);
        await machine.MountByUnitAsync("data", "/dev/mapper/kola", "ext4");
        await machine.SudoAsync($"echo {Secret} >/mnt/data/secret; sync -f /mnt/data; systemctl stop mnt-data.mount");
        Assert.That(await machine.ShowsAsync("/dev/mapper/kola", Secret, mebibytes: 512), Is.True, "the text is not where it was looked for");
        Assert.That(await machine.ShowsAsync(Spare.One, Secret, mebibytes: 512), Is.False, "the text stands on the disk as it was written");
        CommandResult wrong = await machine.TryRunAsync($"sudo cryptsetup close kola; echo wrong | sudo cryptsetup open --key-file - {Spare.One} kola");
        Assert.That(wrong.ExitCode, Is.EqualTo(2), "cryptsetup's code for a key that opens nothing");
        Assert.That(wrong.Error, Does.Contain("No key available"));

        await machine.SudoAsync($"cryptsetup luksHeaderBackup --header-backup-file /var/kola.header {Spare.One} && cryptsetup luksErase --batch-mode {Spare.One}");
        Assert.That((await machine.TryRunAsync($"sudo cryptsetup open --key-file /etc/kola.key {Spare.One} kola")).ExitCode, Is.Not.Zero, "it opens without a key slot");
        await machine.SudoAsync($"cryptsetup luksHeaderRestore --batch-mode --header-backup-file /var/kola.header {Spare.One} && cryptsetup open --key-file /etc/kola.key {Spare.One} kola && systemctl start mnt-data.mount");
        Assert.That(await machine.ReadFileAsync("/mnt/data/secret"), Is.EqualTo(Secret + "\n"));
    }
}
