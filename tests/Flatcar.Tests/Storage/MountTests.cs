using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Storage;

/// <summary>Mounts: what their options forbid, when they come and go, and what they lie on.</summary>
[Category("storage")]
public sealed class MountTests
{
    [MachineTest("storage.mount-options")]
    public async Task Options_of_a_mount_bite_and_nothing_else_does(Machine machine)
    {
        await machine.SudoAsync("mkdir -p /run/kola && mount -t tmpfs kola /run/kola && cd /run/kola && cp $(command -v id) rootly && chmod u+s rootly && mknod -m 666 zero c 1 5");
        const string ask = "/run/kola/rootly -u; head -c 1 /run/kola/zero | wc -c; touch /run/kola/new && echo written";
        async Task<string[]> UnderAsync(string options)
        {
            await machine.SudoAsync($"mount -o remount,{options} /run/kola && chmod 1777 /run/kola || true");
            CommandResult seen = await machine.TryRunAsync(ask);
            return [.. seen.Lines, .. seen.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(": ")[^1])];
        }

        string me = (await machine.RunAsync("id -u")).Text;
        Assert.That(await UnderAsync("rw,exec,suid,dev"), Is.EqualTo(new[] { "0", "1", "written" }), "nothing is forbidden");
        Assert.That(await UnderAsync("rw,exec,nosuid,dev"), Is.EqualTo(new[] { me, "1", "written" }), "nosuid");
        Assert.That(await UnderAsync("rw,exec,suid,nodev"), Is.EqualTo(new[] { "0", "0", "written", "Permission denied" }), "nodev");
        Assert.That(await UnderAsync("rw,noexec,suid,dev"), Is.EqualTo(new[] { "1", "written", "Permission denied" }), "noexec");
        Assert.That(await UnderAsync("ro,exec,suid,dev"), Is.EqualTo(new[] { "0", "1", "Read-only file system" }), "ro");
    }

    [MachineTest("storage.automount", Needs = [Feature.FullSpeed, Feature.ExtraDisks])]
    public async Task An_automount_comes_with_the_first_look_and_goes_when_nobody_looks([Spec(Disks = [Spare.DiskOne, Spare.DiskTwo])] Machine machine)
    {
        await machine.SudoAsync($"mkfs.ext4 -q {Spare.One} 64M");
        await machine.MountByUnitAsync("data", Spare.One, "ext4");
        await machine.WriteFileAsync("/mnt/data/file", "there\n");
        await machine.WriteFileAsync("/etc/systemd/system/mnt-data.automount", "[Automount]\nWhere=/mnt/data\nTimeoutIdleSec=2\n");
        await machine.SudoAsync("systemctl stop mnt-data.mount && test ! -e /mnt/data/file && systemctl daemon-reload && systemctl start mnt-data.automount");
        Assert.That((await machine.MountsAsync("/mnt/data")).Select(m => m.Type), Is.EqualTo(new[] { "autofs" }));
        Assert.That(await machine.ReadFileAsync("/mnt/data/file"), Is.EqualTo("there\n"));
        Assert.That((await machine.MountsAsync("/mnt/data")).Select(m => m.Type), Is.EqualTo(new[] { "autofs", "ext4" }));
        await machine.WaitForAsync("the mount to be taken away", () => machine.MountsAsync("/mnt/data"), mounts => mounts is [{ Type: "autofs" }]);
        Assert.That(await machine.ReadFileAsync("/mnt/data/file"), Is.EqualTo("there\n"), "it does not come a second time");
    }

    [MachineTest("storage.loop")]
    public async Task A_file_is_a_disk_with_partitions(Machine machine)
    {
        CommandResult seen = await machine.SudoAsync("""
            set -e; truncate -s 64M /var/kola.img
            printf 'label: gpt\nsize=16M\nsize=16M\n' | sfdisk -q /var/kola.img
            loop=$(losetup --find --show --partscan /var/kola.img); udevadm settle
            mkfs.ext4 -q ${loop}p2; mkdir -p /run/kola; mount ${loop}p2 /run/kola; echo kola-in-the-file-77a1 >/run/kola/file; umount /run/kola
            losetup --detach $loop; udevadm settle; test ! -e ${loop}p2
            grep -c kola-in-the-file-77a1 /var/kola.img
            loop=$(losetup --find --show --partscan --read-only /var/kola.img); udevadm settle
            mount -o ro ${loop}p2 /run/kola; cat /run/kola/file; umount /run/kola
            if echo over | dd of=${loop}p2 status=none 2>/dev/null; then echo written to; fi
            losetup --detach $loop
            """);
        Assert.That(seen.Lines, Is.EqualTo(new[] { "1", "kola-in-the-file-77a1" }));
    }

    [MachineTest("storage.trim", Needs = [Feature.ExtraDisks])]
    public async Task What_was_deleted_is_given_back_by_trim([Spec(Disks = [Spare.DiskOne, Spare.DiskTwo])] Machine machine)
    {
        if ((await machine.RunAsync($"cat /sys/block/$(basename $(readlink -f {Spare.One}))/queue/discard_max_bytes")).Text.Trim() == "0")
            Lab.Skip("the platform's disks take no discards", "Run it on qemu.");
        await machine.SudoAsync($"mkfs.ext4 -q -E nodiscard {Spare.One} 64M");
        await machine.MountByUnitAsync("data", Spare.One, "ext4");
        await machine.SudoAsync("yes kola-to-be-gone | head -c 16M >/mnt/data/gone; echo kola-to-be-kept >/mnt/data/kept; sync -f /mnt/data; rm /mnt/data/gone; sync -f /mnt/data");
        // A million lines; of the last ones at either end, what the disk gives back only in larger pieces may stay.
        const string count = $"head -c 64M {Spare.One} | grep -caF kola-to-be-gone; true";
        Assert.That(int.Parse((await machine.SudoAsync(count)).Text), Is.EqualTo(1 << 20), "deleting alone took some of it from the disk");
        CommandResult trimmed = await machine.SudoAsync("fstrim -v /mnt/data; systemctl stop mnt-data.mount; echo 3 >/proc/sys/vm/drop_caches");
        Assert.That(trimmed.Text, Does.Match(@"\([1-9]\d{7} bytes\) trimmed"), "at least 10 MB");
        Assert.That(int.Parse((await machine.SudoAsync(count)).Text), Is.LessThan(1 << 16), "lines of what was deleted that the disk still has");
        Assert.That(await machine.ShowsAsync(Spare.One, "kola-to-be-kept", mebibytes: 64), Is.True);
    }

    [MachineTest("storage.hard-reset", Needs = [Feature.FullSpeed, Feature.ExtraDisks], Minutes = 8)]
    public async Task A_data_disk_replays_its_journal_after_a_hard_reset([Spec(Disks = [Spare.DiskOne, Spare.DiskTwo])] Machine machine)
    {
        await machine.SudoAsync($"mkfs.ext4 -q {Spare.One} 128M");
        await machine.MountByUnitAsync("data", Spare.One, "ext4");
        string digest = await machine.WriteRandomAsync("/mnt/data/synced", 8);
        // The root disk as well: the mount unit lies there.
        await machine.SudoAsync("sync -f /; for i in $(seq 50); do echo $i >/mnt/data/made-$i; done; sync /mnt/data/made-25; rm /mnt/data/made-1*; head -c 8M /dev/zero >/mnt/data/unsynced");
        await machine.ResetAsync();

        // 1 is "mended"; a file system that was taken away in order is only looked at, and says nothing of a journal.
        CommandResult mended = await machine.TryRunAsync($"sudo e2fsck -p {Spare.One}; sudo e2fsck -fn {Spare.One} >/dev/null 2>&1; echo $?");
        Assert.That(mended.Lines[0], Does.Contain("recovering journal"));
        Assert.That(mended.Lines[^1], Is.EqualTo("0"), "the file system is not clean after its journal was replayed");
        await machine.SudoAsync("systemctl start mnt-data.mount");
        Assert.That(await machine.DigestAsync("/mnt/data/synced"), Is.EqualTo(digest));
        Assert.That((await machine.ReadFileAsync("/mnt/data/made-25")).Trim(), Is.EqualTo("25"));
    }
}
