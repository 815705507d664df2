using System.Globalization;
using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Cgroups;

/// <summary>NUMA nodes: what a machine sees of its own, and groups that are bound to one.</summary>
[Category("cgroups")]
public sealed class NodeTests
{
    // Pages of a file that is in memory only; a group's own statistics tell which node they are on.
    private const string Fill = "head -c 32M /dev/zero >/dev/shm/kola-node; grep '^shmem ' /sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)/memory.numa_stat; rm /dev/shm/kola-node";

    [MachineTest("cgroups.cpuset.mems")]
    public async Task Memory_is_of_the_nodes_a_unit_is_given([Spec(Cpus = 2, NumaNodes = 2)] Machine machine)
    {
        CommandResult nodes = await machine.RunAsync("cd /sys/devices/system/node; cat online node0/cpulist node1/cpulist; sed -n 's/.*MemTotal: *\\([0-9]*\\) kB/\\1/p' node1/meminfo");
        Assert.That(nodes.Lines.Take(3), Is.EqualTo(new[] { "0-1", "0", "1" }), "nodes, and the processor of each");
        Assert.That(int.Parse(nodes.Lines[3], CultureInfo.InvariantCulture), Is.GreaterThan(400 << 10), "kB of the 512 MiB of the second node");
        foreach (int node in new[] { 0, 1 })
        {
            CommandResult filled = await machine.RunInUnitAsync(Fill, string.Create(CultureInfo.InvariantCulture, $"AllowedMemoryNodes={node}"));
            long[] bytes = BytesOn(filled.Text);
            Assert.That((bytes[node] >> 20, bytes[1 - node]), Is.EqualTo((32, 0)), filled.Text);
        }
    }

    // shmem N0=0 N1=33554432
    private static long[] BytesOn(string line) => [.. line.Split(' ').Skip(1).Select(word => long.Parse(word.Split('=')[1], CultureInfo.InvariantCulture))];
}
