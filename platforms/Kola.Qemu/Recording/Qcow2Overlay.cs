using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Kola.Qemu;

/// <summary>
/// Writes a qcow2 image over another one, sector by sector and without reading the other: clusters have 32 subclusters (QEMU 5.2 and later), which at
/// 16 KiB a cluster are the sectors of the disk. What is not written is the image's underneath.
/// </summary>
/// <remarks>
/// Layout, by QEMU's docs/interop/qcow2.rst: the header in the first cluster, the table of refcount blocks in the second, the first table (L1), and
/// behind that in the order of need second tables (L2), data, and blocks of refcounts. An entry of a second table has two words: the cluster's place, and
/// a bit for each subcluster that is there (the lower half) or reads as zeroes (the upper). All numbers are big-endian.
/// </remarks>
internal sealed class Qcow2Overlay : IDisposable
{
    private const int ClusterBits = 14;
    private const int ClusterBytes = 1 << ClusterBits;
    private const int ClusterSectors = ClusterBytes / DiskWrite.SectorBytes;
    private const int EntriesInL2 = ClusterBytes / (2 * sizeof(ulong));
    private const int RefcountsInBlock = ClusterBytes / sizeof(ushort);

    // One cluster of places of refcount blocks: 256 GiB of file.
    private const int MostBlocks = ClusterBytes / sizeof(ulong);
    private const ulong Copied = 1UL << 63;
    private const int CopyBytes = 1 << 20;

    private readonly SafeFileHandle _file;
    private readonly long _bytes;
    private readonly byte[] _l1;
    private readonly Dictionary<int, byte[]> _l2 = [];
    private readonly List<long> _blocks = [];
    private readonly byte[] _buffer = new byte[CopyBytes];
    private long _next;

    private Qcow2Overlay(SafeFileHandle file, long bytes)
    {
        _file = file;
        _bytes = bytes;
        long tables = (bytes + (long)ClusterBytes * EntriesInL2 - 1) / ((long)ClusterBytes * EntriesInL2);
        _l1 = new byte[(tables * sizeof(ulong) + ClusterBytes - 1) / ClusterBytes * ClusterBytes];
        _next = 2L * ClusterBytes + _l1.Length;
    }

    /// <summary>Begins an overlay in a file, which is made anew. It can be opened after <see cref="Flush"/>.</summary>
    /// <param name="file">The file.</param>
    /// <param name="under">File of the image underneath, at most 1023 bytes.</param>
    /// <param name="format">Its format: <c>raw</c>, <c>qcow2</c>.</param>
    /// <param name="bytes">Size of the disk as the guest sees it.</param>
    public static Qcow2Overlay Create(string file, string under, string format, long bytes)
    {
        var overlay = new Qcow2Overlay(File.OpenHandle(file, FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete), bytes);
        overlay.WriteHeader(Encoding.UTF8.GetBytes(under), Encoding.UTF8.GetBytes(format));
        return overlay;
    }

    /// <summary>Copies sectors out of another file.</summary>
    /// <param name="from">The other file.</param>
    /// <param name="at">Where in it they begin, in bytes.</param>
    /// <param name="sector">Where on the disk they belong.</param>
    /// <param name="sectors">How many.</param>
    public void Write(SafeFileHandle from, long at, long sector, long sectors)
    {
        (long Host, long From, long Bytes) run = default;
        foreach ((long index, int first, int count) in Parts(sector, sectors))
        {
            Span<byte> entry = Entry(index);
            long host = (long)(BinaryPrimitives.ReadUInt64BigEndian(entry) & ~Copied);
            if (host == 0)
            {
                host = Allocate();
                BinaryPrimitives.WriteUInt64BigEndian(entry, (ulong)host | Copied);
            }

            uint bits = Bits(first, count);
            SetSubclusters(entry, there: bits, zero: 0, cleared: bits);
            long place = host + first * DiskWrite.SectorBytes;
            long bytes = count * DiskWrite.SectorBytes;
            // Clusters that lie in a row in the file, as they do when they are written in a row, are copied in one go.
            if (run.Host + run.Bytes == place && run.Bytes > 0)
            {
                run.Bytes += bytes;
                continue;
            }

            Copy(from, run);
            run = (place, at + (index * ClusterSectors + first - sector) * DiskWrite.SectorBytes, bytes);
        }

        Copy(from, run);
    }

    /// <summary>Has sectors read as zeroes.</summary>
    public void Zero(long sector, long sectors)
    {
        foreach ((long index, int first, int count) in Parts(sector, sectors))
        {
            uint bits = Bits(first, count);
            SetSubclusters(Entry(index), there: 0, zero: bits, cleared: bits);
        }
    }

    /// <summary>Makes the file whole. It may be written on afterwards, as long as nobody has it open.</summary>
    public void Flush()
    {
        foreach ((int table, byte[] entries) in _l2)
            RandomAccess.Write(_file, entries, Place(table));
        RandomAccess.Write(_file, _l1, 2L * ClusterBytes);
        WriteRefcounts();
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    private static uint Bits(int first, int count) => (uint)(((1UL << count) - 1) << first);

    private static void SetSubclusters(Span<byte> entry, uint there, uint zero, uint cleared)
    {
        uint zeroes = BinaryPrimitives.ReadUInt32BigEndian(entry[8..]) & ~cleared | zero;
        uint present = BinaryPrimitives.ReadUInt32BigEndian(entry[12..]) & ~cleared | there;
        BinaryPrimitives.WriteUInt32BigEndian(entry[8..], zeroes);
        BinaryPrimitives.WriteUInt32BigEndian(entry[12..], present);
    }

    private static IEnumerable<(long Cluster, int First, int Count)> Parts(long sector, long sectors)
    {
        for (long end = sector + sectors; sector < end;)
        {
            long cluster = sector / ClusterSectors;
            int first = (int)(sector % ClusterSectors);
            int count = (int)Math.Min(ClusterSectors - first, end - sector);
            yield return (cluster, first, count);
            sector += count;
        }
    }

    private long Place(int table) => (long)(BinaryPrimitives.ReadUInt64BigEndian(_l1.AsSpan(table * sizeof(ulong))) & ~Copied);

    private Span<byte> Entry(long cluster)
    {
        if (cluster >= (_bytes + ClusterBytes - 1) / ClusterBytes)
            throw new PlatformException(Signal.Emulator, $"QEMU's log has a write behind the end of the disk\n  wanted:  less than {_bytes} bytes\n  got:     {cluster * ClusterBytes}");
        int table = (int)(cluster / EntriesInL2);
        if (!_l2.TryGetValue(table, out byte[]? entries))
        {
            _l2[table] = entries = new byte[ClusterBytes];
            BinaryPrimitives.WriteUInt64BigEndian(_l1.AsSpan(table * sizeof(ulong)), (ulong)Allocate() | Copied);
        }

        return entries.AsSpan((int)(cluster % EntriesInL2) * 2 * sizeof(ulong), 2 * sizeof(ulong));
    }

    private long Allocate()
    {
        long place = _next;
        _next += ClusterBytes;
        return place;
    }

    private void Copy(SafeFileHandle from, (long Host, long From, long Bytes) run)
    {
        while (run.Bytes > 0)
        {
            int got = RandomAccess.Read(from, _buffer.AsSpan(0, (int)Math.Min(run.Bytes, CopyBytes)), run.From);
            if (got == 0)
                throw new PlatformException(Signal.Emulator, "QEMU's log of the disk's writes ends within an entry");
            RandomAccess.Write(_file, _buffer.AsSpan(0, got), run.Host);
            run = (run.Host + got, run.From + got, run.Bytes - got);
        }
    }

    private void WriteRefcounts()
    {
        // The blocks are counted themselves.
        while ((long)_blocks.Count * RefcountsInBlock < _next / ClusterBytes)
            _blocks.Add(Allocate());
        if (_blocks.Count > MostBlocks)
            throw new PlatformException(Signal.HostStorage, $"a disk after a power cut would take {_next >> 30} GiB\n  wanted:  at most 256 GiB");
        byte[] table = new byte[ClusterBytes];
        byte[] counts = new byte[ClusterBytes];
        for (int block = 0; block < _blocks.Count; block++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(table.AsSpan(block * sizeof(ulong)), (ulong)_blocks[block]);
            for (int i = 0; i < RefcountsInBlock; i++)
                BinaryPrimitives.WriteUInt16BigEndian(counts.AsSpan(i * sizeof(ushort)), (long)block * RefcountsInBlock + i < _next / ClusterBytes ? (ushort)1 : (ushort)0);
            RandomAccess.Write(_file, counts, _blocks[block]);
        }

        RandomAccess.Write(_file, table, ClusterBytes);
        // Whole clusters, to the last one.
        if (RandomAccess.GetLength(_file) < _next)
            RandomAccess.SetLength(_file, _next);
    }

    private void WriteHeader(byte[] under, byte[] format)
    {
        const int headerBytes = 104;
        const int lazyRefcounts = 1;
        const int extendedL2 = 1 << 4;
        const uint formatOfUnder = 0xE2792ACA;
        int extension = 8 + (format.Length + 7) / 8 * 8;
        byte[] header = new byte[headerBytes + extension + 8 + under.Length];
        Span<byte> at = header;
        BinaryPrimitives.WriteUInt32BigEndian(at, 0x514649FB);
        BinaryPrimitives.WriteUInt32BigEndian(at[4..], 3);
        BinaryPrimitives.WriteUInt64BigEndian(at[8..], (ulong)(header.Length - under.Length));
        BinaryPrimitives.WriteUInt32BigEndian(at[16..], (uint)under.Length);
        BinaryPrimitives.WriteUInt32BigEndian(at[20..], ClusterBits);
        BinaryPrimitives.WriteUInt64BigEndian(at[24..], (ulong)_bytes);
        BinaryPrimitives.WriteUInt32BigEndian(at[36..], (uint)(_l1.Length / sizeof(ulong)));
        BinaryPrimitives.WriteUInt64BigEndian(at[40..], 2 * ClusterBytes);
        BinaryPrimitives.WriteUInt64BigEndian(at[48..], ClusterBytes);
        BinaryPrimitives.WriteUInt32BigEndian(at[56..], 1);
        BinaryPrimitives.WriteUInt64BigEndian(at[72..], extendedL2);
        BinaryPrimitives.WriteUInt64BigEndian(at[80..], lazyRefcounts);
        BinaryPrimitives.WriteUInt32BigEndian(at[96..], 4);
        BinaryPrimitives.WriteUInt32BigEndian(at[100..], headerBytes);
        BinaryPrimitives.WriteUInt32BigEndian(at[headerBytes..], formatOfUnder);
        BinaryPrimitives.WriteUInt32BigEndian(at[(headerBytes + 4)..], (uint)format.Length);
        format.CopyTo(at[(headerBytes + 8)..]);
        under.CopyTo(at[(header.Length - under.Length)..]);
        RandomAccess.Write(_file, header, 0);
    }
}
