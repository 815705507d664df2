using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kola.Libvirt.Bindings;

/// <summary>
/// A console or a virtual serial port, both ways. What comes is taken as soon as it is there, by callback, and kept until it is read. Reading ends, with no bytes,
/// when the machine is off or the connection is gone.
/// </summary>
public sealed class LibvirtStream : Stream
{
    private const uint NonBlocking = 1;
    private const int Readable = 1;
    private const int Writable = 2;
    private const int Trouble = 4 | 8;
    private const int WouldBlock = -2;
    private const int PartBytes = 64 << 10;

    private readonly StreamHandle _handle;
    private readonly Pipe _received = new(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));
    private readonly Stream _reading;
    private readonly SemaphoreSlim _sending = new(1);
    private readonly Lock _gate = new();
    private TaskCompletionSource? _writable;
    private bool _ended;
    private bool _disposed;

    private LibvirtStream(StreamHandle handle)
    {
        _handle = handle;
        _reading = _received.Reader.AsStream();
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Makes a stream and has something opened on it.</summary>
    internal static unsafe LibvirtStream Open(Connection connection, Func<StreamHandle, int> open)
    {
        StreamHandle handle = Result.Check(Native.virStreamNew(connection.Handle, NonBlocking));
        try
        {
            Result.Check(open(handle));
            var stream = new LibvirtStream(handle);
            nint opaque = GCHandle.ToIntPtr(GCHandle.Alloc(stream));
            if (Native.virStreamEventAddCallback(handle, Readable | Trouble, &OnEvent, opaque, &Native.FreeOpaque) >= 0)
                return stream;
            LibvirtException problem = LibvirtException.Last();
            GCHandle.FromIntPtr(opaque).Free();
            _ = Native.virStreamAbort(handle);
            throw problem;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => _reading.Read(buffer, offset, count);

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => _reading.ReadAsync(buffer, offset, count, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => _reading.ReadAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _sending.WaitAsync(cancellationToken);
        try
        {
            while (buffer.Length > 0)
            {
                (int sent, Task room) = TrySend(buffer.Span);
                if (sent == 0)
                    await room.WaitAsync(cancellationToken);
                buffer = buffer[sent..];
            }
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = true;
            _ = Native.virStreamEventRemoveCallback(_handle);
            // A stream that has ended by itself is finished, and says so.
            _ = Native.virStreamAbort(_handle);
            End();
        }

        _handle.Dispose();
        base.Dispose(disposing);
    }

    // What was received stays to be read.
    private void End()
    {
        if (_ended)
            return;
        _ended = true;
        _received.Writer.Complete();
        _writable?.TrySetResult();
    }

    private unsafe (int Sent, Task Room) TrySend(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (_ended || _disposed)
                throw new IOException("the stream of the machine has ended");
            int sent;
            fixed (byte* first = bytes)
                sent = Native.virStreamSend(_handle, first, (nuint)Math.Min(bytes.Length, PartBytes));
            if (sent >= 0)
                return (sent, Task.CompletedTask);
            if (sent != WouldBlock)
                throw new IOException($"the machine takes nothing more: {LibvirtException.Last().Message}");
            _writable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _ = Native.virStreamEventUpdateCallback(_handle, Readable | Writable | Trouble);
            return (0, _writable.Task);
        }
    }

    private void Take(int events)
    {
        lock (_gate)
        {
            if (_ended || _disposed)
                return;
            bool ended = (events & (Readable | Trouble)) != 0 && Receive();
            if (ended || (events & Trouble) != 0)
            {
                // Without this an end is told again and again.
                _ = Native.virStreamEventUpdateCallback(_handle, 0);
                End();
                return;
            }

            if ((events & Writable) == 0)
                return;
            _ = Native.virStreamEventUpdateCallback(_handle, Readable | Trouble);
            _writable?.TrySetResult();
        }
    }

    // All there is; true when no more will come.
    private unsafe bool Receive()
    {
        while (true)
        {
            int count;
            fixed (byte* first = _received.Writer.GetSpan(PartBytes))
                count = Native.virStreamRecv(_handle, first, PartBytes);
            if (count <= 0)
                return count != WouldBlock;
            _received.Writer.Advance(count);
            // Without a threshold nobody is waited for.
            _ = _received.Writer.FlushAsync().AsTask();
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnEvent(nint stream, int events, nint opaque) => ((LibvirtStream)GCHandle.FromIntPtr(opaque).Target!).Take(events);
}
