namespace Flatcar.Tests.Boot;

/// <summary>Swap on a file made at the first boot.</summary>
[Category("boot")]
public sealed class SwapTests
{
    [MachineTest("cl.swap_activation", Since = "3033.0.0", Fresh = true)]
    public async Task A_swap_file_is_made_and_used([Spec(Config = "swap.ign")] Machine machine)
    {
        // The peer asks once, while the file may still be written.
        await machine.WaitForUnitAsync("var-vm-swapfile1.swap");
        CommandResult swap = await machine.RunAsync("sudo swapon --show=NAME,SIZE --noheadings; cat /proc/sys/vm/swappiness");
        string[] words = swap.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        Assert.That(words, Is.EqualTo(new[] { "/var/vm/swapfile1", "1024M", "10" }));

        // 64 MiB of shared memory where 24 are allowed: that goes with working swap, or ends with the out-of-memory killer.
        CommandResult used = await machine.RunAsync("""
            sudo systemd-run --quiet --wait --pipe --property=MemoryMax=24M --property=MemoryAccounting=yes sh -c '
                head -c 64M /dev/zero >/dev/shm/kola && cat /sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)/memory.swap.current; rm /dev/shm/kola'
            """);
        Assert.That(long.Parse(used.Text), Is.GreaterThan(30 << 20), "bytes in swap");
    }
}
