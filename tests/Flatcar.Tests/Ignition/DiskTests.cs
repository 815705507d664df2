using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Ignition;

/// <summary>Partitions, filesystems and encryption of a config.</summary>
[Category("ignition")]
public sealed class DiskTests
{
    private const string Spare = "/dev/disk/by-partlabel/USR-B";

    [MachineTest("ignition.disks.vfat", Formerly = "cl.ignition.v2_1.vfat", Needs = [Feature.IgnitionDisks], Fresh = true)]
    public async Task The_spare_slot_is_made_vfat([Spec(Config = "disks-vfat.ign")] Machine machine)
    {
        Assert.That(await ProbeAsync(machine), Is.EquivalentTo(new[] { "LABEL=USR-B", "UUID=1A37-8FA3", "TYPE=vfat" }));
        await machine.RunAsync($"sudo mkdir /run/spare && sudo mount {Spare} /run/spare && sudo touch /run/spare/file && sudo umount /run/spare");
    }

    [MachineTest("ignition.disks.swap", Formerly = "cl.ignition.v2_1.swap", Needs = [Feature.FullSpeed, Feature.IgnitionDisks], Fresh = true)]
    public async Task The_spare_slot_is_made_swap([Spec(Config = "disks-swap.ign")] Machine machine)
    {
        Assert.That(await ProbeAsync(machine), Is.EquivalentTo(new[] { "LABEL=USR-B", "UUID=061e8fa5-8a0c-4a7c-9f9d-2f3d8b3a1f10", "TYPE=swap" }));
        await machine.RunAsync($"sudo swapon {Spare} && sudo swapoff {Spare}");
    }

    [MachineTest("ignition.disks.data", Needs = [Feature.FullSpeed, Feature.IgnitionDisks, Feature.ExtraDisks], Fresh = true)]
    public async Task A_second_disk_is_partitioned_formatted_mounted_and_filled([Spec(Config = "disks-data.ign", Disks = ["520:data"])] Machine machine)
    {
        Assert.That((await machine.MountsAsync("/var/lib/data")).Select(m => m.Type), Is.EqualTo(new[] { "ext4" }));
        Assert.That(await machine.ReadFileAsync("/var/lib/data/from-ignition"), Is.EqualTo("world\n"), "it was mounted when files were written");
        CommandResult sizes = await machine.RunAsync("lsblk --noheadings --bytes --list --output PARTLABEL,SIZE /dev/disk/by-id/virtio-data | grep -w VAR-LIB-DATA");
        Assert.That(sizes.Text.Split(' ')[^1], Is.EqualTo($"{256 << 20}"));

        await machine.RebootAsync();
        Assert.That(await machine.ReadFileAsync("/var/lib/data/from-ignition"), Is.EqualTo("world\n"), "it is mounted again");
    }

    [MachineTest("cl.ignition.luks", Since = "3185.0.0", Needs = [Feature.IgnitionDisks, Feature.IgnitionLuks], Fresh = true)]
    public async Task The_spare_slot_is_encrypted_and_opened_at_every_boot([Spec(Config = "luks.ign")] Machine machine)
    {
        await machine.RunAsync($"sudo cryptsetup isLuks {Spare}");
        Assert.That((await machine.UnitAsync("var-lib-data.mount")).Active, Is.EqualTo("active"));
        await machine.RunAsync("echo secret-on-disk | sudo tee /var/lib/data/file && sync");

        // Not the peer's: that the second boot finds the key, and that what is written is not to be read from the partition.
        await machine.RebootAsync();
        Assert.That(await machine.ReadFileAsync("/var/lib/data/file"), Is.EqualTo("secret-on-disk\n"));
        CommandResult readable = await machine.TryRunAsync($"sudo head -c 64M {Spare} | grep -qa secret-on-disk");
        Assert.That(readable.ExitCode, Is.EqualTo(1), "the text stands on the partition as it was written");
    }

    // --probe reads the device itself: udev's answer may be older than the format, which is the peer's known flake here.
    private static async Task<IEnumerable<string>> ProbeAsync(Machine machine) =>
        (await machine.RunAsync($"sudo blkid --probe --output export --match-tag LABEL --match-tag UUID --match-tag TYPE {Spare}"))
            .Lines.Where(line => !line.StartsWith("DEVNAME=", StringComparison.Ordinal));
}
