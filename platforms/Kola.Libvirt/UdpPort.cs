using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Kola.Segments;

namespace Kola.Libvirt;

/// <summary>One card's port of a <see cref="UdpSegment"/>, with its cable: what is to happen to frames happens here.</summary>
internal sealed class UdpPort : IAsyncDisposable
{
    // QEMU's own buffer for a frame is this large.
    private const int LongestFrame = 4096 + 65536;

    private readonly UdpSegment _segment;
    private readonly int? _vlan;
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
    private readonly IPEndPoint _card = new(IPAddress.Loopback, FreePort());
    private readonly CancellationTokenSource _unplugged = new();
    private readonly Task _receiving;
    private volatile HashSet<UdpPort> _ignored = [];
    private int _disposed;

    internal UdpPort(UdpSegment segment, int? vlan)
    {
        (_segment, _vlan) = (segment, vlan);
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Capture = new FrameRing(segment.Clock);
        ToCard = new LinkShaper(Deliver, segment.Clock, new Random());
        FromCard = new LinkShaper(frame => segment.Switch(this, frame), segment.Clock, new Random());
        _receiving = Task.Run(ReceiveAsync);
    }

    /// <summary>What happens to frames on the way to the card.</summary>
    public LinkShaper ToCard { get; }

    /// <summary>What happens to frames the card sends.</summary>
    public LinkShaper FromCard { get; }

    /// <summary>What the card sent and got.</summary>
    public FrameRing Capture { get; }

    /// <summary>What QEMU is told of it: <c>udp=127.0.0.1:40001,localaddr=127.0.0.1:20001</c>.</summary>
    public string Network => string.Create(CultureInfo.InvariantCulture, $"udp={_socket.LocalEndPoint},localaddr={_card}");

    /// <summary>Hears nothing of some other ports from now on.</summary>
    public void Ignore(IEnumerable<UdpPort> senders) => _ignored = [.. senders];

    /// <summary>Pulls the cable.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
            return;
        _segment.Unplug(this);
        await _unplugged.CancelAsync();
        await _receiving;
        ToCard.Dispose();
        FromCard.Dispose();
        _socket.Dispose();
    }

    internal void Send(byte[] frame, UdpPort sender)
    {
        if (_ignored.Contains(sender))
            return;
        if (_vlan is null)
            ToCard.Send(frame);
        else if (VlanTag.Of(frame) == _vlan)
            ToCard.Send(VlanTag.Remove(frame));
    }

    private void Deliver(byte[] frame)
    {
        Capture.Add(frame);
        try
        {
            _socket.SendTo(frame, SocketFlags.None, _card);
        }
        catch (Exception lost) when (lost is SocketException or ObjectDisposedException)
        {
            // Nobody receives there now, or not as fast. The frame is lost, as on a wire.
        }
    }

    private async Task ReceiveAsync()
    {
        byte[] buffer = new byte[LongestFrame];
        while (!_unplugged.IsCancellationRequested)
        {
            try
            {
                SocketReceiveFromResult received = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _unplugged.Token);
                // Anybody on this host can send here; only the card is heard.
                if (_card.Equals(received.RemoteEndPoint))
                    Take(buffer[..received.ReceivedBytes]);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException)
            {
                // The answer to a frame nobody received: the machine is off.
            }
        }
    }

    private void Take(byte[] frame)
    {
        Capture.Add(frame);
        if (_vlan is not { } vlan)
            FromCard.Send(frame);
        else if (frame.Length >= 14 && VlanTag.Of(frame) is null)
            FromCard.Send(VlanTag.Add(frame, vlan));
    }

    // Below those the kernel gives away, so that nobody is given it until QEMU takes it.
    private static int FreePort()
    {
        using var trial = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        while (true)
        {
            int port = RandomNumberGenerator.GetInt32(10_000, 32_000);
            try
            {
                trial.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
            }
        }
    }
}
