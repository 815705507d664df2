using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Storage;

/// <summary>Where pages go that find no room in memory.</summary>
[Category("storage")]
public sealed class PagingTests
{
    [MachineTest("storage.swap", Needs = [Feature.ExtraDisks])]
    public async Task Pages_go_out_to_a_swap_disk_and_come_back_as_they_were([Spec(Disks = [Spare.DiskOne, Spare.DiskTwo])] Machine machine)
    {
        await machine.SudoAsync($"mkswap -q {Spare.One}");
        await machine.WriteFileAsync("/etc/systemd/system/dev-disk-by\\x2did-virtio\\x2done.swap", $"[Swap]\nWhat={Spare.One}\nPriority=7\n");
        await machine.SudoAsync("systemctl daemon-reload && systemctl start 'dev-disk-by\\x2did-virtio\\x2done.swap'");
        await GoesOutAsync(machine, $"{Spare.One}");
    }

    [MachineTest("storage.zram", Needs = [Feature.FullSpeed])]
    public async Task Pages_go_out_to_compressed_memory_and_come_back_as_they_were(Machine machine)
    {
        if ((await machine.TryRunAsync("sudo modprobe zram")).ExitCode != 0)
            Lab.Skip("the image has no zram", "Run it on an image whose kernel has the module zram.");
        await machine.SudoAsync("udevadm settle; echo 128M >/sys/block/zram0/disksize && mkswap -q /dev/zram0 && swapon /dev/zram0");
        await GoesOutAsync(machine, "/dev/zram0");
        await machine.SudoAsync("swapon /dev/zram0");
        // 32 MiB of one line over and over are next to nothing when they are compressed.
        string[] stored = (await machine.RunAsync("""
            sudo systemd-run --quiet --wait --pipe --property=MemoryMax=16M sh -c 'yes kola | head -c 32M >/dev/shm/even; cut -c1-200 /sys/block/zram0/mm_stat; rm /dev/shm/even'
            """)).Text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(long.Parse(stored[0]), Is.GreaterThan(12 << 20), "bytes that went out");
        Assert.That(long.Parse(stored[1]), Is.LessThan(long.Parse(stored[0]) / 4), "bytes they take");
    }

    // Above MemoryHigh a unit is slowed down while its pages go out; above MemoryMax it would be killed where the disk is slow. Random bytes, of which none can be left out; their digest is taken again once there is no swap to read them from but memory.
    private static async Task GoesOutAsync(Machine machine, string device)
    {
        string unit = """
            sudo systemd-run --quiet --wait --pipe --property=MemoryHigh=16M sh -c '
                head -c 32M /dev/urandom >/dev/shm/kola; sha256sum </dev/shm/kola; cat /sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)/memory.swap.current'
            """;
        CommandResult used = await machine.RunAsync($"{unit}; grep '^pswpout' /proc/vmstat; swapon --noheadings --bytes --show=USED");
        Assert.That(long.Parse(used.Lines[1]), Is.GreaterThan(12 << 20), "bytes of the unit in swap");
        Assert.That(long.Parse(used.Lines[2].Split(' ')[1]), Is.GreaterThan((12 << 20) / 4096), "pages that went out");
        CommandResult back = await machine.SudoAsync($"swapoff {device} && sha256sum </dev/shm/kola; rm /dev/shm/kola; cat /proc/swaps | wc -l");
        Assert.That(back.Lines, Is.EqualTo(new[] { used.Lines[0], "1" }), "what came back");
    }
}
