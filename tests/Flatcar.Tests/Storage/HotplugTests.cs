using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Storage;

/// <summary>Disks that go while the machine runs, and come again.</summary>
[Category("storage")]
public sealed class HotplugTests
{
    [MachineTest("storage.hotplug", Needs = [Feature.ExtraDisks])]
    [Tolerates("disk-error", because: "a disk is taken away while it is in use")]
    [Tolerates("ext4-corruption", because: "a disk is taken away while it is in use")]
    [Tolerates("ext4-delayed-allocation", because: "a disk is taken away while it is in use")]
    public async Task A_disk_that_goes_takes_its_mount_along_and_nothing_else_and_is_found_when_it_comes_again([Spec(Disks = [Spare.DiskOne, Spare.DiskTwo])] Machine machine)
    {
        await machine.SudoAsync($"mkfs.ext4 -q {Spare.One}; mkfs.ext4 -q {Spare.Two}");
        await machine.MountByUnitAsync("stays", Spare.One, "ext4");
        await machine.MountByUnitAsync("goes", Spare.Two, "ext4");
        string digest = await machine.WriteRandomAsync("/mnt/goes/file", 4);

        // The disk's own device on the bus, as if it had been pulled out.
        await machine.SudoAsync($"echo 1 >/sys/block/$(basename $(readlink -f {Spare.Two}))/device/../remove");
        await machine.WaitForAsync("its mount to be gone", () => machine.MountsAsync("/mnt/goes"), mounts => mounts.Count == 0);
        await machine.RunAsync($"! test -e {Spare.Two} && echo still >/tmp/still && sudo cp /tmp/still /mnt/stays/ && sync");
        Assert.That((await machine.UnitAsync("mnt-stays.mount")).Active, Is.EqualTo("active"));

        await machine.SudoAsync("echo 1 >/sys/bus/pci/rescan; udevadm settle");
        await machine.WaitForAsync("the disk to be found by its serial number", () => machine.TryRunAsync($"test -b {Spare.Two}"), seen => seen.ExitCode == 0);
        await machine.RunAsync("sudo systemctl reset-failed; sudo systemctl start mnt-goes.mount");
        Assert.That(await machine.DigestAsync("/mnt/goes/file"), Is.EqualTo(digest), "what had been written before it went");
    }
}
