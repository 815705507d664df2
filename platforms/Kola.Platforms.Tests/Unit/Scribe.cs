using System.Buffers.Binary;
using Kola.Qemu;

namespace Kola.Platforms.Tests.Unit;

/// <summary>Writes logs of a disk's writes by hand, as QEMU does, and does the same to a disk in memory.</summary>
internal sealed class Scribe : IDisposable
{
    private readonly FileStream _log;

    public Scribe(string file)
    {
        _log = new FileStream(file, FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        byte[] superblock = new byte[512];
        BinaryPrimitives.WriteUInt64LittleEndian(superblock, DiskLog.Magic);
        _log.Write(superblock);
        _log.Flush();
    }

    public void Write(long sector, byte[] data, ulong flags = 0)
    {
        Header(sector, data.Length / 512, flags);
        _log.Write(data);
        _log.Flush();
    }

    public void Flush() => Header(0, 0, 1);

    public void Discard(long sector, long sectors) => Header(sector, sectors, 4);

    /// <summary>Header alone: the data of a write may be missing yet.</summary>
    public void Header(long sector, long sectors, ulong flags)
    {
        byte[] header = new byte[512];
        BinaryPrimitives.WriteInt64LittleEndian(header, sector);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(8), sectors);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(16), flags);
        _log.Write(header);
        _log.Flush();
    }

    public void Skip(long bytes) => _log.Position += bytes;

    public void Dispose() => _log.Dispose();
}
