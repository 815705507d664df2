using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Storage;

/// <summary>Disks on other buses than virtio's own.</summary>
[Category("storage")]
public sealed class BusTests
{
    // QEMU saves no NVMe device, so this machine is booted; that is a shape of its own, and so is the other's.
    [MachineTest("storage.bus.nvme", Needs = [Feature.FullSpeed, Feature.ExtraDisks], Minutes = 8)]
    public Task A_disk_on_nvme_keeps_its_files_and_its_name([Spec(Disks = ["512:fast:nvme"])] Machine machine) =>
        KeepsAsync(machine, "/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_fast", "nvme");

    [MachineTest("storage.bus.scsi", Needs = [Feature.FullSpeed, Feature.ExtraDisks], Minutes = 8)]
    public Task A_disk_on_scsi_keeps_its_files_and_its_name([Spec(Disks = ["512:slow:scsi"])] Machine machine) =>
        KeepsAsync(machine, "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_slow", "scsi:virtio:pci");

    private static async Task KeepsAsync(Machine machine, string disk, string transports)
    {
        CommandResult shown = await machine.RunAsync($"lsblk --noheadings --nodeps --output SUBSYSTEMS {disk}; printf 'label: gpt\\nsize=128M\\n' | sudo sfdisk -q {disk} && sudo udevadm settle && sudo mkfs.ext4 -q {disk}-part1");
        Assert.That(shown.Lines[0].Trim(), Does.Contain(transports));
        await machine.MountByUnitAsync("data", $"{disk}-part1", "ext4", atBoot: true);
        string digest = await machine.WriteRandomAsync("/mnt/data/file", 16);
        await machine.RebootAsync();
        Assert.That(await machine.DigestAsync("/mnt/data/file"), Is.EqualTo(digest));
    }
}
