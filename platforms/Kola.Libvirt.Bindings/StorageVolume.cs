using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kola.Libvirt.Bindings;

/// <summary>A disk or a file in a pool. Disposing it lets go of it and does nothing to the volume.</summary>
public sealed unsafe partial class StorageVolume : IDisposable
{
    private const int PartBytes = 256 << 10;
    private const uint Sparse = 1;
    private const int SeekData = 3;
    private const int SeekHole = 4;
    private const int NoSuchData = 6;

    private readonly VolumeHandle _handle;

    internal StorageVolume(VolumeHandle handle) => _handle = handle;

    /// <summary>Its name, unique in its pool.</summary>
    public string Name => Result.Borrowed(Native.virStorageVolGetName(_handle));

    /// <summary>Where it is on its host.</summary>
    public string Path => Result.Owned(Native.virStorageVolGetPath(_handle));

    /// <summary>Its size as a machine sees it, and what it takes of the host, bytes.</summary>
    public (long Capacity, long Allocation) Size
    {
        get
        {
            NativeVolumeInfo info;
            Result.Check(Native.virStorageVolGetInfo(_handle, &info));
            return ((long)info.Capacity, (long)info.Allocation);
        }
    }

    /// <summary>Writes a file into it, from its begin. Holes of the file become holes of the volume and are not sent.</summary>
    /// <param name="connection">The connection the volume is of.</param>
    /// <param name="file">The file.</param>
    /// <param name="cancel">Ends it: the volume holds a part then.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public void Upload(Connection connection, string file, CancellationToken cancel)
    {
        using SafeFileHandle content = File.OpenHandle(file);
        long length = RandomAccess.GetLength(content);
        using StreamHandle stream = Result.Check(Native.virStreamNew(connection.Handle, 0));
        Result.Check(Native.virStorageVolUpload(_handle, stream, 0, (ulong)length, Sparse));
        try
        {
            Send(stream, content, length, cancel);
            Result.Check(Native.virStreamFinish(stream));
        }
        catch
        {
            _ = Native.virStreamAbort(stream);
            throw;
        }
    }

    /// <summary>Writes bytes into it, from its begin.</summary>
    /// <param name="connection">The connection the volume is of.</param>
    /// <param name="bytes">At most as many as it holds.</param>
    public void Upload(Connection connection, ReadOnlySpan<byte> bytes)
    {
        using StreamHandle stream = Result.Check(Native.virStreamNew(connection.Handle, 0));
        Result.Check(Native.virStorageVolUpload(_handle, stream, 0, (ulong)bytes.Length, 0));
        try
        {
            SendAll(stream, bytes);
            Result.Check(Native.virStreamFinish(stream));
        }
        catch
        {
            _ = Native.virStreamAbort(stream);
            throw;
        }
    }

    /// <summary>Reads its first bytes.</summary>
    /// <param name="connection">The connection the volume is of.</param>
    /// <param name="most">How many at most.</param>
    public byte[] Download(Connection connection, int most)
    {
        using StreamHandle stream = Result.Check(Native.virStreamNew(connection.Handle, 0));
        Result.Check(Native.virStorageVolDownload(_handle, stream, 0, (ulong)most, 0));
        var bytes = new byte[most];
        int read = 0;
        fixed (byte* first = bytes)
        {
            int count;
            while (read < most && (count = Result.Check(Native.virStreamRecv(stream, first + read, (nuint)(most - read)))) > 0)
                read += count;
        }

        Result.Check(Native.virStreamFinish(stream));
        return bytes[..read];
    }

    /// <summary>Deletes it.</summary>
    public void Delete() => Result.Check(Native.virStorageVolDelete(_handle, 0));

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private static void Send(StreamHandle stream, SafeFileHandle content, long length, CancellationToken cancel)
    {
        byte[] part = new byte[PartBytes];
        for (long at = 0; at < length;)
        {
            long data = Seek(content, at, SeekData, length);
            if (data > at)
                Result.Check(Native.virStreamSendHole(stream, data - at, 0));
            long end = data < length ? Seek(content, data, SeekHole, length) : length;
            for (at = data; at < end;)
            {
                cancel.ThrowIfCancellationRequested();
                int count = RandomAccess.Read(content, part.AsSpan(0, (int)Math.Min(PartBytes, end - at)), at);
                if (count == 0)
                    throw new EndOfStreamException("the file became shorter while it was sent");
                SendAll(stream, part.AsSpan(0, count));
                at += count;
            }
        }
    }

    private static void SendAll(StreamHandle stream, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* first = bytes)
        {
            for (int sent = 0; sent < bytes.Length;)
                sent += Result.Check(Native.virStreamSend(stream, first + sent, (nuint)(bytes.Length - sent)));
        }
    }

    // Beyond the last data there is nothing but a hole; a filesystem that knows none has data all over.
    private static long Seek(SafeFileHandle file, long from, int what, long length)
    {
        long found = lseek(file, from, what);
        if (found >= 0)
            return Math.Min(found, length);
        return what == SeekHole || Marshal.GetLastPInvokeError() == NoSuchData ? length : from;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial long lseek(SafeFileHandle file, long offset, int whence);
}
