using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Kola.Qemu;

/// <summary>
/// Reads what QEMU's <c>blklogwrites</c> writes, while it is written. It is the format of Linux' dm-log-writes: a sector with the superblock, then one
/// entry behind the other, a sector of header and its data.
/// </summary>
/// <remarks>
/// QEMU logs a request when it is given it, not when it is done. Writes that overtake each other are so in the order the guest asked for them, and a
/// write that was under way beside a flush counts as flushed; a guest that cares waits for its writes before it flushes.
/// </remarks>
internal sealed class DiskLog(SafeFileHandle file)
{
    /// <summary>First eight bytes of the superblock.</summary>
    public const ulong Magic = 0x6a736677736872;

    // The header's sector, and its four little-endian words: sector, sectors, flags, length of what a mark says.
    private const int HeaderBytes = DiskWrite.SectorBytes;
    private const int WordsBytes = 4 * sizeof(ulong);
    private const ulong Flush = 1;
    private const ulong ForceUnitAccess = 2;
    private const ulong Discard = 4;
    private const ulong Mark = 8;

    private readonly List<DiskWrite> _writes = [];
    private readonly List<long> _dataAt = [];
    private long _next = HeaderBytes;

    /// <summary>Entries that were read.</summary>
    public IReadOnlyList<DiskWrite> Writes => _writes;

    /// <summary>Where in the file an entry's data begins.</summary>
    public long DataAt(int entry) => _dataAt[entry];

    /// <summary>Takes the entries that have come. One that is being written is left for the next time.</summary>
    /// <exception cref="PlatformException">The file is no log of writes.</exception>
    public void ReadOn()
    {
        Span<byte> words = stackalloc byte[WordsBytes];
        long length = RandomAccess.GetLength(file);
        while (_next + HeaderBytes <= length)
        {
            if (RandomAccess.Read(file, words, _next) < WordsBytes)
                return;
            ulong flags = BinaryPrimitives.ReadUInt64LittleEndian(words[16..]);
            var sector = (long)BinaryPrimitives.ReadUInt64LittleEndian(words);
            var sectors = (long)BinaryPrimitives.ReadUInt64LittleEndian(words[8..]);
            // QEMU gives each entry its place before it writes it, so a later one may be there before an earlier one: a hole that fills.
            if (flags == 0 && sectors == 0)
                return;
            if (flags > (Flush | ForceUnitAccess | Discard | Mark) || sector < 0 || sectors < 0 || sectors > long.MaxValue / HeaderBytes)
                throw new PlatformException(Signal.Emulator, $"QEMU's log of the disk's writes cannot be read\n  wanted:  an entry at byte {_next}\n  got:     flags {flags}, sector {sector}, {sectors} sectors");
            bool hasData = (flags & (Discard | Mark)) == 0;
            long end = _next + HeaderBytes + (hasData ? sectors * HeaderBytes : 0);
            if (end > length)
                return;
            if ((flags & Mark) == 0)
            {
                _writes.Add(Of(flags, sector, sectors));
                _dataAt.Add(_next + HeaderBytes);
            }

            _next = end;
        }
    }

    /// <summary>Forgets the last entry, if it is a flush and of those behind the first <paramref name="kept"/>.</summary>
    public void DropLastFlush(int kept)
    {
        if (_writes.Count <= kept || _writes[^1].Kind != DiskWriteKind.Flush)
            return;
        _writes.RemoveAt(_writes.Count - 1);
        _dataAt.RemoveAt(_dataAt.Count - 1);
    }

    // A write that asks for a flush before it would be one entry for Linux; QEMU writes two.
    private static DiskWrite Of(ulong flags, long sector, long sectors) => (flags & Discard) != 0 ? new DiskWrite(DiskWriteKind.Discard, sector, sectors)
        : (flags & Flush) != 0 ? new DiskWrite(DiskWriteKind.Flush, 0, 0)
        : new DiskWrite(DiskWriteKind.Write, sector, sectors) { Durable = (flags & ForceUnitAccess) != 0 };
}
