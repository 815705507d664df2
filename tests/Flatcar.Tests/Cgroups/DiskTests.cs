using System.Globalization;
using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Cgroups;

/// <summary>Disks of groups: how fast, and who first.</summary>
[Category("cgroups")]
public sealed class DiskTests
{
    [MachineTest("cgroups.io.max")]
    public async Task Writes_are_no_faster_than_allowed(Machine machine)
    {
        string disk = (await machine.RunAsync("rootdev -s -d /")).Text;
        // 8 MiB past the cache at 2 MiB/s are four seconds of the machine's own clock.
        const string write = "read -r start _ </proc/uptime; dd if=/dev/zero of=/var/tmp/kola-io bs=256k count=32 oflag=direct status=none; read -r end _ </proc/uptime; echo $start $end";
        double free = Elapsed(await machine.RunInUnitAsync(write));
        double limited = Elapsed(await machine.RunInUnitAsync(write, $"IOWriteBandwidthMax={disk} 2M"));
        Assert.That(limited, Is.GreaterThan(3).And.GreaterThan(2 * free), $"seconds; {free:0.0} s without a limit");
    }

    [MachineTest("cgroups.io.weight")]
    public async Task Weights_share_a_disk_that_two_want(Machine machine)
    {
        string device = (await machine.RunAsync("lsblk --noheadings --nodeps --output MAJ:MIN $(rootdev -s -d /)")).Text.Trim();
        if ((await machine.TryRunAsync("test -e /sys/fs/cgroup/io.cost.qos")).ExitCode != 0)
            Lab.Skip("the kernel knows no costs of I/O (CONFIG_BLK_CGROUP_IOCOST)", "Run it on an image whose kernel does.");
        // The disk is taken for one of 8 MiB/s, so that there is something to share however fast the host's is.
        await machine.SudoAsync($"""
            for file in light heavy; do head -c 16M /dev/zero >/var/tmp/kola-$file; done; sync
            echo '{device} enable=1 ctrl=user rpct=0 rlat=0 wpct=0 wlat=0 min=100 max=100' >/sys/fs/cgroup/io.cost.qos
            echo '{device} ctrl=user model=linear rbps=8388608 rseqiops=512 rrandiops=512 wbps=8388608 wseqiops=512 wrandiops=512' >/sys/fs/cgroup/io.cost.model
            """);
        foreach ((string name, int weight) in new[] { ("light", 50), ("heavy", 400) })
            await machine.StartUnitAsync($"kola-{name}", $"while :; do dd if=/var/tmp/kola-{name} of=/dev/null bs=64k iflag=direct status=none; done", "Slice=kola_disk.slice", $"IOWeight={weight}");
        // Until both want it one has the disk to itself, and that may be seconds: shares are counted from then on.
        string[] both = ["kola-light", "kola-heavy"];
        IReadOnlyList<long> before = await machine.WaitForAsync("both to read", () => machine.GroupReadsAsync(both), seen => seen.All(read => read > 0), TimeSpan.FromMinutes(1));
        IReadOnlyList<long> after = await machine.WaitForAsync("the heavy one to have read 12 MiB more", () => machine.GroupReadsAsync(both), seen => seen[1] - before[1] > 12 << 20, TimeSpan.FromMinutes(1));
        double light = after[0] - before[0], heavy = after[1] - before[1];
        await machine.SudoAsync($"systemctl stop kola-light kola-heavy; echo '{device} enable=0' >/sys/fs/cgroup/io.cost.qos");
        Assert.That(heavy / Math.Max(light, 1), Is.GreaterThan(2), $"{heavy / (1 << 20):0.0} MiB beside {light / (1 << 20):0.0} MiB");
    }

    private static double Elapsed(CommandResult clock) => double.Parse(clock.Text.Split(' ')[1], CultureInfo.InvariantCulture) - double.Parse(clock.Text.Split(' ')[0], CultureInfo.InvariantCulture);
}
