using System.Buffers.Binary;
using System.Text;

namespace Flatcar.Reference.Gpt;

/// <summary>
/// A GUID partition table of a disk with 512-byte sectors: read from either copy, changed as a value, written to both.
/// </summary>
/// <param name="DiskId">The disk's GUID.</param>
/// <param name="Partitions">Used entries, in order of their number.</param>
public sealed record GuidPartitionTable(Guid DiskId, IReadOnlyList<GptPartition> Partitions)
{
    public const int SectorSize = 512;

    /// <summary>Entries a table has room for; every tool writes 128.</summary>
    public const int EntryCount = 128;

    private const int EntrySize = 128;
    private const int HeaderSize = 92;
    private const int EntrySectors = EntryCount * EntrySize / SectorSize;

    /// <summary>First sector a partition may use: after the protective MBR, the header and the entries.</summary>
    public const ulong FirstUsableSector = 2 + EntrySectors;

    private static ReadOnlySpan<byte> Signature => "EFI PART"u8;

    /// <summary>Last sector a partition may use on a disk of that many sectors: the backup copy lies behind it.</summary>
    public static ulong LastUsableSector(ulong diskSectors) => diskSectors - EntrySectors - 2;

    /// <summary>
    /// Reads the table, from the backup when the primary copy is damaged; null when the disk has neither.
    /// </summary>
    /// <param name="disk">Readable and seekable.</param>
    /// <param name="diskSectors">Size of the disk. The backup is sought in its last sector and where the primary says it is.</param>
    public static GuidPartitionTable? Read(Stream disk, ulong diskSectors)
    {
        ArgumentNullException.ThrowIfNull(disk);
        return diskSectors < FirstUsableSector * 2
            ? null
            : ReadCopy(disk, 1, diskSectors) ?? ReadCopy(disk, diskSectors - 1, diskSectors);
    }

    /// <summary>
    /// Writes protective MBR, backup and primary copy. The backup goes first, so that a cut at any point leaves one whole table.
    /// Boot code in the first 440 bytes of the disk is kept.
    /// </summary>
    public void Write(Stream disk, ulong diskSectors)
    {
        ArgumentNullException.ThrowIfNull(disk);
        var entries = EncodeEntries();
        var lastSector = diskSectors - 1;
        WriteAt(disk, lastSector - EntrySectors, entries);
        WriteAt(disk, lastSector, EncodeHeader(lastSector, 1, lastSector - EntrySectors, diskSectors, entries));
        disk.Flush();
        WriteAt(disk, 2, entries);
        WriteAt(disk, 1, EncodeHeader(1, lastSector, 2, diskSectors, entries));
        WriteProtectiveMbr(disk, diskSectors);
        disk.Flush();
    }

    /// <summary>The table with the entry of the same number replaced by <paramref name="partition"/>.</summary>
    public GuidPartitionTable With(GptPartition partition)
    {
        ArgumentNullException.ThrowIfNull(partition);
        return this with
        {
            Partitions = [.. Partitions.Where(p => p.Number != partition.Number).Append(partition).OrderBy(p => p.Number)],
        };
    }

    /// <summary>
    /// The resizable root partition with the space behind it, up to the next partition or the end of the disk, in whole MiB as
    /// partitioning tools leave it. Null when there is no such partition or no such space.
    /// </summary>
    public GptPartition? GrownRoot(ulong diskSectors)
    {
        const ulong alignment = 2048;
        if (Partitions.FirstOrDefault(p => p.TypeId == FlatcarDisk.ResizableRootType) is not { } root)
            return null;
        var limit = Partitions.Where(p => p.FirstSector > root.LastSector).Select(p => p.FirstSector)
            .Append(LastUsableSector(diskSectors) + 1).Min();
        var last = limit / alignment * alignment - 1;
        return last > root.LastSector ? root with { LastSector = last } : null;
    }

    private static GuidPartitionTable? ReadCopy(Stream disk, ulong headerSector, ulong diskSectors)
    {
        var header = ReadAt(disk, headerSector, SectorSize);
        if (!header.AsSpan(0, 8).SequenceEqual(Signature))
            return null;
        var size = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(12));
        var entrySector = BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(72));
        var count = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(80));
        var entrySize = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(84));
        if (size is < HeaderSize or > SectorSize || count is 0 or > 1024 || entrySize != EntrySize || entrySector >= diskSectors)
            return null;
        var expected = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(16));
        header.AsSpan(16, 4).Clear();
        if (Crc32.Of(header.AsSpan(0, (int)size)) != expected)
            return null;
        var entries = ReadAt(disk, entrySector, (int)(count * entrySize));
        if (Crc32.Of(entries) != BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(88)))
            return null;
        return new(new Guid(header.AsSpan(56, 16)), DecodeEntries(entries));
    }

    private static List<GptPartition> DecodeEntries(byte[] entries)
    {
        var partitions = new List<GptPartition>();
        for (var index = 0; index < entries.Length / EntrySize; index++)
        {
            var entry = entries.AsSpan(index * EntrySize, EntrySize);
            var type = new Guid(entry[..16]);
            if (type == Guid.Empty)
                continue;
            partitions.Add(new(
                index + 1, type, new Guid(entry[16..32]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[32..]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[40..]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[48..]),
                Encoding.Unicode.GetString(entry[56..]).TrimEnd('\0')));
        }
        return partitions;
    }

    private byte[] EncodeEntries()
    {
        var entries = new byte[EntryCount * EntrySize];
        foreach (var partition in Partitions)
        {
            if (partition.Number is < 1 or > EntryCount)
                throw new InvalidOperationException($"partition number {partition.Number} is outside 1–{EntryCount}");
            var entry = entries.AsSpan((partition.Number - 1) * EntrySize, EntrySize);
            partition.TypeId.TryWriteBytes(entry);
            partition.UniqueId.TryWriteBytes(entry[16..]);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[32..], partition.FirstSector);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[40..], partition.LastSector);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[48..], partition.Attributes);
            Encoding.Unicode.GetBytes(partition.Name, entry[56..]);
        }
        return entries;
    }

    private byte[] EncodeHeader(ulong self, ulong other, ulong entrySector, ulong diskSectors, byte[] entries)
    {
        var header = new byte[SectorSize];
        var span = header.AsSpan();
        Signature.CopyTo(span);
        BinaryPrimitives.WriteUInt32LittleEndian(span[8..], 0x0001_0000);
        BinaryPrimitives.WriteUInt32LittleEndian(span[12..], HeaderSize);
        BinaryPrimitives.WriteUInt64LittleEndian(span[24..], self);
        BinaryPrimitives.WriteUInt64LittleEndian(span[32..], other);
        BinaryPrimitives.WriteUInt64LittleEndian(span[40..], FirstUsableSector);
        BinaryPrimitives.WriteUInt64LittleEndian(span[48..], LastUsableSector(diskSectors));
        DiskId.TryWriteBytes(span[56..]);
        BinaryPrimitives.WriteUInt64LittleEndian(span[72..], entrySector);
        BinaryPrimitives.WriteUInt32LittleEndian(span[80..], EntryCount);
        BinaryPrimitives.WriteUInt32LittleEndian(span[84..], EntrySize);
        BinaryPrimitives.WriteUInt32LittleEndian(span[88..], Crc32.Of(entries));
        BinaryPrimitives.WriteUInt32LittleEndian(span[16..], Crc32.Of(span[..HeaderSize]));
        return header;
    }

    private static void WriteProtectiveMbr(Stream disk, ulong diskSectors)
    {
        var mbr = ReadAt(disk, 0, SectorSize);
        var span = mbr.AsSpan();
        span[446..510].Clear();
        // One entry of type EE over the whole disk; CHS fields as gdisk writes them.
        ReadOnlySpan<byte> entry = [0x00, 0x00, 0x02, 0x00, 0xEE, 0xFF, 0xFF, 0xFF, 0x01, 0x00, 0x00, 0x00];
        entry.CopyTo(span[446..]);
        BinaryPrimitives.WriteUInt32LittleEndian(span[458..], (uint)Math.Min(diskSectors - 1, uint.MaxValue));
        span[510] = 0x55;
        span[511] = 0xAA;
        WriteAt(disk, 0, mbr);
    }

    private static byte[] ReadAt(Stream disk, ulong sector, int length)
    {
        var buffer = new byte[length];
        disk.Position = checked((long)sector * SectorSize);
        disk.ReadAtLeast(buffer, length, throwOnEndOfStream: false);
        return buffer;
    }

    private static void WriteAt(Stream disk, ulong sector, byte[] data)
    {
        disk.Position = checked((long)sector * SectorSize);
        disk.Write(data);
    }
}
