using System.Runtime.InteropServices;

namespace Flatcar.Reference.UpdateEngine;

/// <summary>Copies the running slot and its kernel over the other one, which the payload then changes.</summary>
internal static unsafe class BlockCopy
{
    private const int BufferSize = 4 << 20, Alignment = 4096;

    /// <summary>The whole partition, past the page cache, which would only lose what others need.</summary>
    /// <remarks>It is not hashed on the way: only a payload that names its old partition needs that, and is not at hand yet.</remarks>
    public static void Partition(string source, string target, CancellationToken cancel)
    {
        var memory = NativeMemory.AlignedAlloc(BufferSize, Alignment);
        try
        {
            using var from = Native.OpenDirect(source, write: false);
            using var to = Native.OpenDirect(target, write: true);
            var buffer = new Span<byte>(memory, BufferSize);
            for (long at = 0; ;)
            {
                cancel.ThrowIfCancellationRequested();
                var read = RandomAccess.Read(from, buffer, at);
                if (read == 0)
                    break;
                RandomAccess.Write(to, buffer[..read], at);
                at += read;
            }
            RandomAccess.FlushToDisk(to);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UpdateException(ErrorCode.FileSystemCopier, $"Failed to copy {source} to {target}: {e.Message}");
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    public static void Kernel(string source, string target, CancellationToken cancel)
    {
        try
        {
            using var from = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            using var to = new FileStream(target, FileMode.Create, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            var buffer = new byte[1 << 20];
            for (int read; (read = from.Read(buffer)) > 0;)
            {
                cancel.ThrowIfCancellationRequested();
                to.Write(buffer, 0, read);
            }
            to.Flush(flushToDisk: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UpdateException(ErrorCode.FileSystemCopier, $"Failed to copy kernel from {source} to {target}");
        }
    }
}
