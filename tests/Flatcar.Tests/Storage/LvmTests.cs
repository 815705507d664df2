using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Storage;

/// <summary>Logical volumes over two disks.</summary>
[Category("storage")]
public sealed class LvmTests
{
    [MachineTest("storage.lvm", Needs = [Feature.ExtraDisks], Minutes = 8)]
    public async Task A_volume_keeps_its_past_in_a_snapshot_grows_over_two_disks_and_is_back_after_a_reboot([Spec(Disks = [Spare.DiskOne, Spare.DiskTwo])] Machine machine)
    {
        if ((await machine.TryRunAsync("sudo sh -c 'command -v lvm'")).ExitCode != 0)
            Lab.Skip("the image has no LVM", "Run it on a Flatcar release: --image FILE.");
        await machine.SudoAsync($"pvcreate -q {Spare.One} {Spare.Two} && vgcreate -q kola {Spare.One} {Spare.Two} && lvcreate -q -y -n data -L 128M kola && mkfs.ext4 -q /dev/kola/data");
        await machine.MountByUnitAsync("data", "/dev/kola/data", "ext4", atBoot: true);
        CommandResult past = await machine.SudoAsync("""
            set -e; echo old >/mnt/data/note; sync -f /mnt/data; lvcreate -q -y -s -n then -L 32M kola/data >/dev/null; echo new >/mnt/data/note
            mkdir -p /run/then; mount -o ro /dev/kola/then /run/then; cat /run/then/note /mnt/data/note; umount /run/then; lvremove -q -y kola/then >/dev/null
            """);
        Assert.That(past.Lines, Is.EqualTo(new[] { "old", "new" }), "what the snapshot and the volume hold");

        await machine.SudoAsync("lvextend -q -r -l +100%FREE kola/data", TimeSpan.FromMinutes(3));
        string[] below = [.. (await machine.RunAsync("sudo ls /sys/block/$(basename $(readlink -f /dev/kola/data))/slaves")).Lines];
        Assert.That(below, Has.Length.EqualTo(2), "disks the volume lies on");
        // More than either disk could hold.
        await machine.SudoAsync("fallocate -l 700M /mnt/data/large");
        string digest = await machine.WriteRandomAsync("/mnt/data/file", 16);
        await machine.RebootAsync();
        Assert.That(await machine.DigestAsync("/mnt/data/file"), Is.EqualTo(digest));
    }
}
