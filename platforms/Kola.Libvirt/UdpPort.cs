using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Kola.Segments;

namespace Kola.Libvirt;

/// <summary>One card's port of a <see cref="UdpSegment"/>, with its cable.</summary>
internal sealed class UdpPort : IAsyncDisposable
{
    // QEMU's own buffer for a frame is this large.
    private const int LongestFrame = 4096 + 65536;

    private readonly UdpSegment _segment;
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
    private readonly IPEndPoint _card = new(IPAddress.Loopback, FreePort());
    private readonly CancellationTokenSource _unplugged = new();
    private readonly Task _receiving;
    private int _disposed;

    internal UdpPort(UdpSegment segment, int? vlan)
    {
        _segment = segment;
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Cable = new Cable(vlan, segment.Clock, Deliver, frame => segment.Switch(this, frame));
        _receiving = Task.Run(ReceiveAsync);
    }

    /// <summary>What lies between the card and the segment.</summary>
    public Cable Cable { get; }

    /// <summary>What QEMU is told of it: <c>udp=127.0.0.1:40001,localaddr=127.0.0.1:20001</c>.</summary>
    public string Network => string.Create(CultureInfo.InvariantCulture, $"udp={_socket.LocalEndPoint},localaddr={_card}");

    /// <summary>Pulls the cable.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
            return;
        _segment.Unplug(this);
        await _unplugged.CancelAsync();
        await _receiving;
        Cable.Dispose();
        _socket.Dispose();
    }

    private void Deliver(byte[] frame)
    {
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
                    Cable.Take(buffer[..received.ReceivedBytes]);
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
