using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Kola.Libvirt;

namespace Kola.Platforms.Tests.Libvirt;

/// <summary>The switch of libvirt's segments, with sockets in place of cards.</summary>
[Category("unit")]
public sealed class UdpSegmentTests
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_never = TimeSpan.FromMilliseconds(300);

    [Test]
    public async Task A_frame_to_one_is_heard_by_one_and_a_frame_to_all_by_all_but_its_sender()
    {
        var segment = new UdpSegment(1500, TimeProvider.System);
        await using Card one = new(segment, 1), two = new(segment, 2), three = new(segment, 3);
        one.Send(Frame(to: 0xFF, from: 1));
        await two.HearsAsync(1);
        await three.HearsAsync(1);
        two.Send(Frame(to: 1, from: 2));
        await one.HearsAsync(1);
        await Task.Delay(s_never, TimeProvider.System);
        Assert.That((one.Heard, two.Heard, three.Heard), Is.EqualTo((1, 1, 1)));
    }

    [Test]
    public async Task Ports_of_a_vlan_hear_each_other_and_a_trunk_hears_all()
    {
        var segment = new UdpSegment(1500, TimeProvider.System);
        await using Card ten = new(segment, 1, vlan: 10), also = new(segment, 2, vlan: 10), twenty = new(segment, 3, vlan: 20), trunk = new(segment, 4);
        ten.Send(Frame(to: 0xFF, from: 1));
        await also.HearsAsync(1);
        await trunk.HearsAsync(1);
        await Task.Delay(s_never, TimeProvider.System);
        Assert.That(twenty.Heard, Is.Zero);
        Assert.That(also.Last, Has.Length.EqualTo(60), "the tag is the port's own");
        Assert.That(trunk.Last, Has.Length.EqualTo(64));
    }

    [Test]
    public async Task What_is_longer_than_the_segment_carries_is_lost()
    {
        var segment = new UdpSegment(1500, TimeProvider.System);
        await using Card one = new(segment, 1), two = new(segment, 2);
        one.Send(Frame(to: 0xFF, from: 1, bytes: 14 + 1501));
        one.Send(Frame(to: 0xFF, from: 1, bytes: 14 + 1500));
        await two.HearsAsync(1);
        Assert.That(two.Last, Has.Length.EqualTo(1514));
    }

    [Test]
    public async Task A_cable_can_lose_all_and_ears_be_closed_to_one()
    {
        var segment = new UdpSegment(1500, TimeProvider.System);
        await using Card one = new(segment, 1), two = new(segment, 2);
        two.Port.Cable.ToCard.Condition = new LinkCondition { Loss = 1 };
        one.Send(Frame(to: 0xFF, from: 1));
        await Task.Delay(s_never, TimeProvider.System);
        two.Port.Cable.ToCard.Condition = LinkCondition.Healthy;
        two.Port.Cable.Ignore([one.Port.Cable]);
        one.Send(Frame(to: 0xFF, from: 1));
        await Task.Delay(s_never, TimeProvider.System);
        Assert.That(two.Heard, Is.Zero);
        two.Port.Cable.Ignore([]);
        one.Send(Frame(to: 0xFF, from: 1));
        await two.HearsAsync(1);
    }

    [Test]
    public async Task Strangers_on_the_loopback_are_not_heard()
    {
        var segment = new UdpSegment(1500, TimeProvider.System);
        await using Card one = new(segment, 1), two = new(segment, 2);
        using var stranger = new UdpClient();
        await stranger.SendAsync(Frame(to: 0xFF, from: 9), one.Switch);
        one.Send(Frame(to: 0xFF, from: 1));
        await two.HearsAsync(1);
        Assert.That(two.Last![11], Is.EqualTo(1));
    }

    // Two addresses of six bytes, of which the last tells; then an IPv4 packet of nothing.
    private static byte[] Frame(byte to, byte from, int bytes = 60)
    {
        byte[] frame = new byte[bytes];
        frame.AsSpan(0, 6).Fill(to == 0xFF ? (byte)0xFF : (byte)0);
        (frame[5], frame[11], frame[12]) = (to, from, 8);
        return frame;
    }

    /// <summary>What a machine's card is to the switch.</summary>
    private sealed class Card : IAsyncDisposable
    {
        private readonly UdpClient _socket;
        private readonly ConcurrentQueue<byte[]> _heard = new();
        private readonly Task _listening;

        public Card(UdpSegment segment, int number, int? vlan = null)
        {
            Port = segment.Plug(vlan);
            // udp=127.0.0.1:40001,localaddr=127.0.0.1:20001
            string[] ends = [.. Port.Network.Split(',').Select(e => e.Split('=')[1])];
            Switch = IPEndPoint.Parse(ends[0]);
            _socket = new UdpClient(IPEndPoint.Parse(ends[1]));
            _listening = Task.Run(ListenAsync);
            Number = number;
        }

        public UdpPort Port { get; }

        public IPEndPoint Switch { get; }

        public int Number { get; }

        public int Heard => _heard.Count;

        public byte[]? Last => _heard.LastOrDefault();

        public void Send(byte[] frame) => _socket.Send(frame, Switch);

        public Task HearsAsync(int frames) => Soon.HoldsAsync(() => Heard == frames, () => $"card {Number} heard {Heard} frames", s_soon);

        public async ValueTask DisposeAsync()
        {
            await Port.DisposeAsync();
            _socket.Dispose();
            await _listening;
        }

        private async Task ListenAsync()
        {
            try
            {
                while (true)
                    _heard.Enqueue((await _socket.ReceiveAsync()).Buffer);
            }
            catch (Exception over) when (over is SocketException or ObjectDisposedException)
            {
            }
        }
    }
}
