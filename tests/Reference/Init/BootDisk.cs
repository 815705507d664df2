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
            // Each path to an NVMe disk has a directory of its own (nvme0c0n1) and no node.
            if (!File.Exists("/dev/" + name))
                continue;
            var sectors = ulong.Parse(File.ReadAllText(path + "/size"));
            if (sectors == 0)
                continue;
            using var file = BlockDevice.Open("/dev/" + name, FileAccess.Read);
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
        using var file = BlockDevice.Open(Device, FileAccess.ReadWrite);
        table.Write(file, Sectors);
        file.Flush(flushToDisk: true);
        Table = table;
    }

    /// <summary>Gives a disk that never ran its own GUID.</summary>
    public void Adopt()
    {
        if (Table.DiskId == FlatcarDisk.PristineDiskId)
        {
            // Guid.NewGuid would load OpenSSL.
            Write(Table with { DiskId = Guid.Parse(File.ReadAllText("/proc/sys/kernel/random/uuid")) });
        }
    }

    /// <summary>
    /// Lets a resizable root partition take what is free behind it, up to the next partition or to the end of a disk that has grown.
    /// Not before Ignition has made the config's own partitions, which may want some of that.
    /// </summary>
    public void GrowRoot()
    {
        if (Table.GrownRoot(Sectors) is not { } root)
            return;
        Write(Table.With(root));
        PartitionResize.Tell(Device, root);
    }
}
