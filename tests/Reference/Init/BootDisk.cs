using Flatcar.Reference.Gpt;

namespace Flatcar.Reference.Init;

/// <summary>The disk that has the USR partitions.</summary>
internal sealed class BootDisk
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    private readonly string name;

    private BootDisk(string name, ulong sectors, GuidPartitionTable table) => (this.name, Sectors, Table) = (name, sectors, table);

    public string Device => "/dev/" + name;

    public ulong Sectors { get; }

    public GuidPartitionTable Table { get; private set; }

    /// <summary>Waits for up to a minute; drivers for controllers other than virtio-blk are loaded when the first look fails.</summary>
    public static BootDisk Find()
    {
        for (var waited = TimeSpan.Zero; waited < Patience; waited += Step)
        {
            if (Look() is { } disk)
                return disk;
            if (waited == TimeSpan.Zero)
                KernelModules.Load("disks");
            Native.Pause(Step);
        }
        throw new BootException($"no disk with a USR partition appeared in {Patience.TotalSeconds} s; disks: "
            + string.Join(' ', Directory.GetDirectories("/sys/block").Select(Path.GetFileName)));
    }

    private static BootDisk? Look()
    {
        foreach (var path in Directory.GetDirectories("/sys/block"))
        {
            var name = Path.GetFileName(path);
            if (name.StartsWith("loop", StringComparison.Ordinal) || name.StartsWith("ram", StringComparison.Ordinal))
                continue;
            var sectors = ulong.Parse(File.ReadAllText(path + "/size"));
            if (sectors == 0)
                continue;
            using var file = new FileStream("/dev/" + name, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            if (GuidPartitionTable.Read(file, sectors) is { } table && table.Partitions.Any(p => p.TypeId == FlatcarDisk.UsrType))
                return new(name, sectors, table);
        }
        return null;
    }

    /// <summary>/dev/vda9, /dev/nvme0n1p9.</summary>
    public string PartitionDevice(GptPartition partition) => Device + (char.IsDigit(name[^1]) ? "p" : "") + partition.Number;

    public GptPartition? Named(string label) => Table.Partitions.FirstOrDefault(p => p.Name == label);

    public void Write(GuidPartitionTable table)
    {
        using var file = new FileStream(Device, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        table.Write(file, Sectors);
        file.Flush(flushToDisk: true);
        Table = table;
    }

    /// <summary>
    /// Gives a disk that never ran its own GUID, and lets a resizable root partition reach the end of a disk that has grown.
    /// Returns whether the root partition became larger.
    /// </summary>
    public bool Adopt()
    {
        var table = Table;
        if (table.DiskId == FlatcarDisk.PristineDiskId)
        {
            // Guid.NewGuid would load OpenSSL.
            table = table with { DiskId = Guid.Parse(File.ReadAllText("/proc/sys/kernel/random/uuid")) };
        }
        var root = table.Partitions.FirstOrDefault(p => p.TypeId == FlatcarDisk.ResizableRootType);
        var grown = false;
        if (root is not null && table.Partitions.All(p => p.LastSector <= root.LastSector))
        {
            // Whole MiB, as partitioning tools leave it.
            const ulong alignment = 2048;
            var last = (GuidPartitionTable.LastUsableSector(Sectors) + 1) / alignment * alignment - 1;
            if (last > root.LastSector)
            {
                root = root with { LastSector = last };
                table = table.With(root);
                grown = true;
            }
        }
        if (ReferenceEquals(table, Table))
            return false;
        Write(table);
        if (grown)
            PartitionResize.Tell(Device, root!);
        return grown;
    }
}
