using System.Net.Sockets;
using System.Threading.Channels;
using Kola.Segments;

namespace Kola.Qemu;

/// <summary>One card's port of a <see cref="Segment"/>, with its cable.</summary>
internal sealed class SegmentPort : IAsyncDisposable
{
    // QEMU's own buffer for a frame is this large; without offloads none is longer than the MTU.
    private const int LongestFrame = 4096 + 65536;

    // A card that is reset or slow loses frames as on any wire; it must not hold up the others.
    private const int QueuedFrames = 1024;

    private static readonly TimeSpan s_shortestPause = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromMilliseconds(16);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly Segment _segment;
    private readonly UnixDomainSocketEndPoint _card;
    private readonly string _path;
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _unplugged = new();
    private readonly Channel<byte[]> _outgoing = Channel.CreateBounded<byte[]>(
        new BoundedChannelOptions(QueuedFrames) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private Task _work = Task.CompletedTask;
    private int _disposed;

    internal SegmentPort(Segment segment, string cardSocket, string portSocket, int? vlan)
    {
        _segment = segment;
        _card = new UnixDomainSocketEndPoint(cardSocket);
        _path = portSocket;
        _socket.Bind(new UnixDomainSocketEndPoint(portSocket));
        _socket.Blocking = false;
        Cable = new Cable(vlan, segment.Clock, frame => _outgoing.Writer.TryWrite(frame), frame => segment.Switch(this, frame));
    }

    /// <summary>What lies between the card and the segment.</summary>
    public Cable Cable { get; }

    /// <summary>Its way into the kernel's bridge; null on a switch in user space.</summary>
    public Tap? Tap { get; private set; }

    /// <summary>Pulls the cable and removes the socket.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
            return;
        _segment.Unplug(this);
        await _unplugged.CancelAsync();
        await _work;
        Cable.Dispose();
        if (Tap is not null)
            await Tap.DisposeAsync();
        _socket.Dispose();
        File.Delete(_path);
        _unplugged.Dispose();
    }

    internal void Start(Tap? tap)
    {
        Tap = tap;
        _work = Task.WhenAll(ReceiveAsync(_unplugged.Token), SendAsync(_unplugged.Token));
    }

    private async Task ReceiveAsync(CancellationToken unplugged)
    {
        byte[] buffer = new byte[LongestFrame];
        try
        {
            while (true)
            {
                int length = await _socket.ReceiveAsync(buffer, SocketFlags.None, unplugged);
                Cable.Take(buffer[..length]);
            }
        }
        catch (OperationCanceledException)
        {
            // Unplugged.
        }
    }

    private async Task SendAsync(CancellationToken unplugged)
    {
        try
        {
            await foreach (byte[] frame in _outgoing.Reader.ReadAllAsync(unplugged))
            {
                long start = TimeProvider.System.GetTimestamp();
                TimeSpan pause = s_shortestPause;
                // A card without a driver yet takes ten frames and no more; what it has not taken in a second is lost.
                while (!TrySend(frame) && TimeProvider.System.GetElapsedTime(start) < s_patience)
                {
                    await Task.Delay(pause, TimeProvider.System, unplugged);
                    pause = pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Unplugged.
        }
    }

    // Not by SendToAsync: a socket that is not connected counts as writable however full the other one is, so that would ask again and again without a pause.
    private bool TrySend(byte[] frame)
    {
        try
        {
            _socket.SendTo(frame, SocketFlags.None, _card);
            return true;
        }
        catch (SocketException full) when (full.SocketErrorCode is SocketError.WouldBlock or SocketError.NoBufferSpaceAvailable)
        {
            return false;
        }
        catch (SocketException)
        {
            // Nobody receives there now: the machine is off or being switched on. The frame is lost, as on a wire.
            return true;
        }
    }
}
