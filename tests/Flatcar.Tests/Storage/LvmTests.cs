using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Storage;

/// <summary>Logical volumes over two disks.</summary>
[Category("storage")]
public sealed class LvmTests
{
    private const string Volume = "/dev/kola/data";

    [MachineTest("storage.lvm", Needs = [Feature.ExtraDisks])]
    public async Task A_volume_grows_over_two_disks_and_a_snapshot_keeps_what_was([Spec(Disks = [Spare.DiskOne, Spare.DiskTwo])] Machine machine)
    {
        await MakeAsync(machine);
        string before = await machine.WriteRandomAsync("/mnt/data/file", 16);
        await machine.SudoAsync("lvcreate --quiet --snapshot --size 64M --name kept kola/data >/dev/null && lvextend --quiet --resizefs --size 600M kola/data >/dev/null");
        Assert.That(long.Parse((await machine.RunAsync("df --output=size /mnt/data | tail -n 1")).Text), Is.GreaterThan(540 << 10), "KiB: more than one disk has");
        await machine.WriteRandomAsync("/mnt/data/file", 16);
        Assert.That(await machine.DigestAsync("/mnt/data/file"), Is.Not.EqualTo(before));
        await machine.SudoAsync("mkdir /mnt/kept && mount -o ro,noload /dev/kola/kept /mnt/kept");
        Assert.That(await machine.DigestAsync("/mnt/kept/file"), Is.EqualTo(before), "the snapshot changed with its origin");
    }

    [MachineTest("storage.lvm.reboot", Needs = [Feature.ExtraDisks])]
    public async Task Volumes_are_found_and_mounted_after_a_reboot([Spec(Disks = [Spare.DiskOne, Spare.DiskTwo])] Machine machine)
    {
        await MakeAsync(machine);
        string digest = await machine.WriteRandomAsync("/mnt/data/file", 4);
        await machine.RebootAsync();
        await machine.WaitForUnitAsync("mnt-data.mount");
        Assert.That(await machine.DigestAsync("/mnt/data/file"), Is.EqualTo(digest));
    }

    private static async Task MakeAsync(Machine machine)
    {
        if ((await machine.TryRunAsync("sudo sh -c 'command -v lvm'")).ExitCode != 0)
            Lab.Skip("the image has no LVM", "Run it on an image that has it.");
        await machine.SudoAsync($"pvcreate --quiet {Spare.One} {Spare.Two} >/dev/null && vgcreate --quiet kola {Spare.One} {Spare.Two} >/dev/null && lvcreate --quiet --yes --wipesignatures y --size 300M --name data kola >/dev/null && mkfs.ext4 -q {Volume}");
        await machine.MountByUnitAsync("data", Volume, "ext4", atBoot: true);
    }
}
