using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Storage;

/// <summary>No room left, of one kind or another.</summary>
[Category("storage")]
public sealed class FullDiskTests
{
    [MachineTest("storage.disk-full")]
    public async Task With_a_full_root_the_machine_can_be_reached_and_cleared(Machine machine)
    {
        // All of it: the last blocks are root's own.
        await machine.SudoAsync("fallocate -l $(($(df --output=avail -B1 / | tail -n 1) - (32 << 20))) /var/kola-most");
        await machine.FillAsync("/var");
        CommandResult full = await machine.RunAsync("""
            df --output=avail / | tail -n 1 | tr -d ' '
            bash -c 'exec 3<>/dev/tcp/127.0.0.1/22; read -t 20 -u 3 banner; echo "${banner%%-*}"'
            sudo systemd-run --quiet --wait --pipe echo started
            logger -t kola-full 'written with a full root'; sudo journalctl --sync; systemctl is-active systemd-journald
            """);
        Assert.That(full.Lines, Is.EqualTo(new[] { "0", "SSH", "started", "active" }));
        await machine.SudoAsync("rm /var/filler /var/kola-most; logger -t kola-full 'written after it was cleared'; journalctl --sync");
        Assert.That((await machine.RunAsync("sudo journalctl -q --boot -t kola-full -o cat")).Lines, Does.Contain("written after it was cleared"));
        string digest = await machine.WriteRandomAsync("/var/kola-again", 8);
        Assert.That(await machine.DigestAsync("/var/kola-again"), Is.EqualTo(digest));
    }

    [MachineTest("storage.inodes-full", Needs = [Feature.ExtraDisks])]
    public async Task Without_inodes_no_file_is_made_but_files_grow([Spec(Disks = [Spare.DiskOne, Spare.DiskTwo])] Machine machine)
    {
        await machine.SudoAsync($"mkfs.ext4 -q -N 128 {Spare.One} 64M");
        await machine.MountByUnitAsync("data", Spare.One, "ext4");
        CommandResult full = await machine.RunAsync("""
            cd /mnt/data; sudo bash -c 'echo first >file; i=0; while : 2>/dev/null >made-$i; do i=$((i + 1)); done; echo $i'
            sudo touch one-more 2>&1; df --output=iavail . | tail -n 1 | tr -d ' '
            echo second | sudo tee -a file >/dev/null; cat file
            sudo rm made-0; sudo touch one-more && echo made
            """);
        Assert.That(int.Parse(full.Lines[0]), Is.InRange(50, 128), "files made before there was no inode left");
        Assert.That(full.Lines[1], Does.Contain("No space left on device"));
        Assert.That(full.Lines.Skip(2), Is.EqualTo(new[] { "0", "first", "second", "made" }));
    }

    [MachineTest("storage.tmpfs-limit")]
    public async Task A_tmpfs_takes_no_more_memory_than_it_may(Machine machine)
    {
        await machine.SudoAsync("mkdir -p /run/kola && mount -t tmpfs -o size=8M,nr_inodes=16 kola /run/kola && echo first >/run/kola/file");
        await machine.FillAsync("/run/kola");
        CommandResult full = await machine.RunAsync("""
            stat --format %s /run/kola/filler; cat /run/kola/file; sudo rm /run/kola/filler
            sudo bash -c 'i=0; while : 2>/dev/null >/run/kola/made-$i; do i=$((i + 1)); done; echo $i'; sudo umount /run/kola
            """);
        Assert.That(long.Parse(full.Lines[0]), Is.InRange(7 << 20, 8 << 20), "bytes a tmpfs of 8 MiB took");
        Assert.That(full.Lines[1], Is.EqualTo("first"));
        Assert.That(int.Parse(full.Lines[2]), Is.LessThan(16), "files a tmpfs of 16 inodes took");
    }
}
