using System.Runtime.InteropServices;
using Flatcar.Reference.Gpt;

namespace Flatcar.Reference.Building;

/// <summary>The raw disk, put together from one file per partition; holes stay holes.</summary>
internal sealed partial class DiskImage : IDisposable
{
    private const int SeekData = 3, SeekHole = 4;

    private readonly FileStream disk;

    public DiskImage(string path)
    {
        disk = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        disk.SetLength((long)DiskLayout.DiskSectors * GuidPartitionTable.SectorSize);
    }

    public void WriteTable() => DiskLayout.Table.Write(disk, DiskLayout.DiskSectors);

    /// <summary>Writes bytes at the start of the disk, or at an offset of it.</summary>
    public void Write(long offset, ReadOnlySpan<byte> data)
    {
        disk.Position = offset;
        disk.Write(data);
    }

    /// <summary>Copies what is not a hole in <paramref name="file"/> to the start of a partition.</summary>
    public void Fill(int partition, string file)
    {
        var target = DiskLayout.Partition(partition);
        using var source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        if (source.Length > target.ByteLength)
            throw new InvalidOperationException($"{file} is larger than partition {target.Name}");
        var handle = source.SafeFileHandle.DangerousGetHandle();
        var buffer = new byte[4 << 20];
        for (long end = 0, start; (start = Seek(handle, end, SeekData)) >= 0;)
        {
            end = Seek(handle, start, SeekHole);
            source.Position = start;
            disk.Position = target.ByteOffset + start;
            for (var left = end - start; left > 0;)
            {
                var read = source.Read(buffer, 0, (int)Math.Min(left, buffer.Length));
                if (read == 0)
                    break;
                disk.Write(buffer, 0, read);
                left -= read;
            }
        }
    }

    public void Dispose() => disk.Dispose();

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(nint file, long offset, int whence);
}
