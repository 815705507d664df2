using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Storage;

/// <summary>File systems on a data disk: full, grown, checked, healed.</summary>
[Category("storage")]
public sealed class FilesystemTests
{
    [MachineTest("storage.filesystem.ext4", Needs = [Feature.ExtraDisks])]
    public Task Ext4_keeps_what_it_has_when_it_is_full_and_grows([Spec(Disks = [Spare.DiskOne, Spare.DiskTwo])] Machine machine) =>
        FillsAndGrowsAsync(machine, "ext4", $"mkfs.ext4 -q -F {Spare.One} 64M", $"e2fsck -fn {Spare.One}", $"resize2fs {Spare.One}");

    // It makes none below 300 MiB.
    [MachineTest("storage.filesystem.xfs", Needs = [Feature.ExtraDisks])]
    public Task Xfs_keeps_what_it_has_when_it_is_full_and_grows([Spec(Disks = [Spare.DiskOne, Spare.DiskTwo])] Machine machine) =>
        FillsAndGrowsAsync(machine, "xfs", $"mkfs.xfs -q -f -d size=320m {Spare.One}", $"xfs_repair -n {Spare.One}", "xfs_growfs /mnt/data");

    [MachineTest("storage.filesystem.btrfs", Needs = [Feature.ExtraDisks])]
    public async Task Btrfs_keeps_what_it_has_when_it_is_full_and_grows([Spec(Disks = [Spare.DiskOne, Spare.DiskTwo])] Machine machine)
    {
        await FillsAndGrowsAsync(machine, "btrfs", $"mkfs.btrfs -q -f -b 160M {Spare.One}", $"btrfs check --readonly {Spare.One}", "btrfs filesystem resize max /mnt/data");
        CommandResult snapshot = await machine.SudoAsync("""
            set -e; cd /mnt/data
            btrfs subvolume create work >/dev/null; echo old >work/note
            btrfs subvolume snapshot -r work kept >/dev/null; echo new >work/note
            cat kept/note work/note; touch kept/other 2>&1 || true
            """);
        Assert.That(snapshot.Lines.Take(2), Is.EqualTo(new[] { "old", "new" }));
        Assert.That(snapshot.Text, Does.Contain("Read-only file system"), "a read-only snapshot was written to");
    }

    [MachineTest("storage.filesystem.btrfs.heals", Needs = [Feature.ExtraDisks])]
    [Tolerates("btrfs-corruption", because: "a byte is flipped below the file system")]
    public async Task A_mirror_of_btrfs_heals_a_byte_that_was_flipped([Spec(Disks = [Spare.DiskOne, Spare.DiskTwo])] Machine machine)
    {
        await machine.SudoAsync($"mkfs.btrfs -q -f -d raid1 -m raid1 {Spare.One} {Spare.Two}");
        await machine.MountByUnitAsync("data", Spare.One, "btrfs", $"device={Spare.One},device={Spare.Two}");
        string digest = (await machine.SudoAsync("yes kola-block-5d1e | head -c 1M | tee /mnt/data/file | sha256sum; sync -f /mnt/data/file; systemctl stop mnt-data.mount")).Text.Split(' ')[0];
        long offset = await machine.OffsetOfAsync(Spare.One, "kola-block-5d1e");
        await machine.FlipByteAsync(Spare.One, offset);
        await machine.SudoAsync("systemctl start mnt-data.mount");

        CommandResult scrub = await machine.TryRunAsync("sudo btrfs scrub start -B -R /mnt/data");
        Assert.That(scrub.Text, Does.Match(@"csum_errors: [1-9]").And.Match(@"corrected_errors: [1-9]").And.Contain("uncorrectable_errors: 0"));
        Assert.That(await machine.DigestAsync("/mnt/data/file"), Is.EqualTo(digest));
        CommandResult healed = await machine.SudoAsync($"systemctl stop mnt-data.mount; dd if={Spare.One} bs=1 skip={offset} count=15 status=none");
        Assert.That(healed.Text, Is.EqualTo("kola-block-5d1e"), "what scrub wrote in place of the bad byte");
    }

    private static async Task FillsAndGrowsAsync(Machine machine, string type, string make, string check, string grow)
    {
        await machine.SudoAsync(make);
        await machine.MountByUnitAsync("data", Spare.One, type);
        string digest = await machine.WriteRandomAsync("/mnt/data/first", 8);
        await machine.FillAsync("/mnt/data");
        Assert.That(await machine.DigestAsync("/mnt/data/first"), Is.EqualTo(digest), "what was written before the file system was full");

        await machine.SudoAsync($"systemctl stop mnt-data.mount && {check} && systemctl start mnt-data.mount && {grow}", TimeSpan.FromMinutes(2));
        string more = await machine.WriteRandomAsync("/mnt/data/second", 64);
        Assert.That(await machine.DigestAsync("/mnt/data/second"), Is.EqualTo(more), "what was written into the room it has grown by");
        Assert.That(await machine.DigestAsync("/mnt/data/first"), Is.EqualTo(digest));
    }
}
