using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Kola.Qemu;

/// <summary>
/// A private Ethernet segment: a switch in user space. Each machine's card talks to a port of its own over a pair of unix datagram
/// sockets, one datagram a frame; nothing of it is seen on the host's network and no privileges are needed.
/// </summary>
internal sealed class Segment
{
    private readonly ConcurrentDictionary<SegmentPort, bool> _ports = new();
    private readonly ConcurrentDictionary<ulong, SegmentPort> _whereabouts = new();

    /// <summary>Ports in use.</summary>
    public int Count => _ports.Count;

    /// <summary>Plugs a card in.</summary>
    /// <param name="cardSocket">Where the card receives; need not exist yet, and may come again after a power cycle.</param>
    /// <param name="portSocket">Where the port receives; made here.</param>
    public SegmentPort Plug(string cardSocket, string portSocket)
    {
        var port = new SegmentPort(this, cardSocket, portSocket);
        _ports[port] = true;
        port.Start();
        return port;
    }

    internal void Unplug(SegmentPort port)
    {
        _ports.TryRemove(port, out _);
        foreach (KeyValuePair<ulong, SegmentPort> seen in _whereabouts.Where(w => w.Value == port))
            _whereabouts.TryRemove(seen);
    }

    // Destination, then source: six bytes each. A group address (lowest bit of the first byte) goes to everyone.
    internal void Switch(SegmentPort from, byte[] frame)
    {
        if (frame.Length < 14)
            return;
        _whereabouts[AddressAt(frame, 6)] = from;
        if ((frame[0] & 1) == 0 && _whereabouts.TryGetValue(AddressAt(frame, 0), out SegmentPort? to))
        {
            if (to != from)
                to.Send(frame);
            return;
        }

        foreach (SegmentPort port in _ports.Keys.Where(p => p != from))
            port.Send(frame);
    }

    private static ulong AddressAt(byte[] frame, int offset)
    {
        ulong address = 0;
        for (int i = 0; i < 6; i++)
            address = address << 8 | frame[offset + i];
        return address;
    }
}

/// <summary>One machine's port of a <see cref="Segment"/>.</summary>
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

    internal SegmentPort(Segment segment, string cardSocket, string portSocket)
    {
        _segment = segment;
        _card = new UnixDomainSocketEndPoint(cardSocket);
        _path = portSocket;
        _socket.Bind(new UnixDomainSocketEndPoint(portSocket));
        _socket.Blocking = false;
    }

    /// <summary>Pulls the cable and removes the socket.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
            return;
        _segment.Unplug(this);
        await _unplugged.CancelAsync();
        await _work;
        _socket.Dispose();
        File.Delete(_path);
        _unplugged.Dispose();
    }

    internal void Start() => _work = Task.WhenAll(ReceiveAsync(_unplugged.Token), SendAsync(_unplugged.Token));

    internal void Send(byte[] frame) => _outgoing.Writer.TryWrite(frame);

    private async Task ReceiveAsync(CancellationToken unplugged)
    {
        byte[] buffer = new byte[LongestFrame];
        try
        {
            while (true)
            {
                int length = await _socket.ReceiveAsync(buffer, SocketFlags.None, unplugged);
                _segment.Switch(this, buffer[..length]);
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
