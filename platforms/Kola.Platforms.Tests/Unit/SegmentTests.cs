using System.Net.Sockets;
using Kola.Qemu;

namespace Kola.Platforms.Tests.Unit;

/// <summary>The switch of a private segment, with sockets in the place of cards.</summary>
[Category("unit")]
public sealed class SegmentTests
{
    private static readonly byte[] s_everyone = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_never = TimeSpan.FromMilliseconds(300);

    private Segment _segment = null!;
    private List<Card> _cards = null!;
    private Scratch _scratch = null!;

    [SetUp]
    public void PlugThreeCardsIn()
    {
        _scratch = new Scratch();
        _segment = new Segment();
        _cards = [new Card(_segment, _scratch, 1), new Card(_segment, _scratch, 2), new Card(_segment, _scratch, 3)];
    }

    [TearDown]
    public async Task CleanUp()
    {
        foreach (Card card in _cards)
            await card.DisposeAsync();
        Assert.That(_segment.Count, Is.Zero);
        _scratch.Dispose();
    }

    [Test]
    public async Task A_broadcast_reaches_everyone_else()
    {
        await _cards[0].SendAsync(s_everyone, "hello");
        Assert.That(await _cards[1].ReceiveAsync(), Is.EqualTo("hello"));
        Assert.That(await _cards[2].ReceiveAsync(), Is.EqualTo("hello"));
        Assert.That(await _cards[0].ReceiveAsync(s_never), Is.Null);
    }

    [Test]
    public async Task A_frame_to_a_known_card_reaches_only_that()
    {
        await _cards[1].SendAsync(s_everyone, "here I am");
        await _cards[0].ReceiveAsync();
        await _cards[2].ReceiveAsync();

        await _cards[0].SendAsync(_cards[1].Address, "secret");

        Assert.That(await _cards[1].ReceiveAsync(), Is.EqualTo("secret"));
        Assert.That(await _cards[2].ReceiveAsync(s_never), Is.Null);
    }

    [Test]
    public async Task A_frame_to_a_card_nobody_has_heard_of_floods()
    {
        await _cards[0].SendAsync(_cards[1].Address, "anyone?");
        Assert.That(await _cards[1].ReceiveAsync(), Is.EqualTo("anyone?"));
        Assert.That(await _cards[2].ReceiveAsync(), Is.EqualTo("anyone?"));
    }

    [Test]
    public async Task A_card_that_is_off_holds_nobody_up_and_may_come_back()
    {
        _cards[1].SwitchOff();
        for (int i = 0; i < 2000; i++)
            await _cards[0].SendAsync(s_everyone, "lost");
        _cards[1].SwitchOn();
        await _cards[2].DrainAsync();
        await _cards[1].DrainAsync();

        await _cards[0].SendAsync(s_everyone, "back?");

        Assert.That(await _cards[1].ReceiveAsync(), Is.EqualTo("back?"));
        Assert.That(await _cards[2].ReceiveAsync(), Is.EqualTo("back?"));
    }

    [Test]
    [NonParallelizable] // It looks at the time of the whole process.
    public async Task A_card_that_takes_nothing_yet_is_waited_for_without_asking_all_the_time()
    {
        for (int i = 0; i < 200; i++)
            await _cards[0].SendAsync(s_everyone, "too early");
        TimeSpan before = Environment.CpuUsage.TotalTime;
        long start = TimeProvider.System.GetTimestamp();
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        double share = (Environment.CpuUsage.TotalTime - before) / TimeProvider.System.GetElapsedTime(start);
        // Two that ask without a pause take all of two cores.
        TestContext.Out.WriteLine($"share {share}");
        Assert.That(share, Is.LessThan(0.5));
        Assert.That(await _cards[1].ReceiveAsync(), Is.EqualTo("too early"), "what had room is there");
    }

    [Test]
    public async Task Pulling_a_cable_leaves_no_socket_and_the_others_go_on()
    {
        await _cards[1].DisposeAsync();
        await _cards[0].SendAsync(s_everyone, "still here");
        Assert.That(await _cards[2].ReceiveAsync(), Is.EqualTo("still here"));
        Assert.That(File.Exists(_scratch.File("port2")), Is.False);
    }

    [Test]
    public async Task A_card_that_ignores_another_hears_the_rest_and_is_heard()
    {
        _cards[1].Port.Cable.Ignore([_cards[0].Port.Cable]);
        await _cards[0].SendAsync(s_everyone, "not you");
        await _cards[2].SendAsync(s_everyone, "you");
        Assert.That(await _cards[1].ReceiveAsync(), Is.EqualTo("you"));
        await _cards[2].DrainAsync();
        await _cards[1].SendAsync(s_everyone, "back");
        Assert.That(await _cards[2].ReceiveAsync(), Is.EqualTo("back"));
    }

    [Test]
    public async Task Ports_of_a_VLAN_hear_it_alone_and_without_its_tag()
    {
        await using var ten = new Card(_segment, _scratch, 10, vlan: 10);
        await using var alsoTen = new Card(_segment, _scratch, 11, vlan: 10);
        await using var twenty = new Card(_segment, _scratch, 20, vlan: 20);
        await ten.SendAsync(s_everyone, "ten");
        Assert.That(await alsoTen.ReceiveAsync(), Is.EqualTo("ten"));
        Assert.That(await twenty.ReceiveAsync(s_never), Is.Null);
        Assert.That(await _cards[0].ReceiveAsync(), Does.EndWith("ten").And.Length.EqualTo("ten".Length + 4), "with the tag");
    }

    [Test]
    public async Task A_packet_that_is_longer_than_the_segment_carries_is_lost()
    {
        await _cards[0].SendAsync(s_everyone, new string('x', 1501));
        await _cards[0].SendAsync(s_everyone, new string('y', 1500));
        Assert.That(await _cards[1].ReceiveAsync(), Does.StartWith("y"));
    }

    private sealed class Card : IAsyncDisposable
    {
        private readonly Scratch _scratch;
        private readonly int _number;
        private readonly SegmentPort _port;
        private Socket? _socket;

        public Card(Segment segment, Scratch scratch, byte number, int? vlan = null)
        {
            _scratch = scratch;
            _number = number;
            Address = [0x52, 0x54, 0, 0, 0, number];
            // Without a bridge it is there at once.
            _port = segment.PlugAsync(scratch.File($"card{number}"), scratch.File($"port{number}"), vlan, CancellationToken.None).GetAwaiter().GetResult();
            SwitchOn();
        }

        public byte[] Address { get; }

        public SegmentPort Port => _port;

        public void SwitchOn()
        {
            _socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            _socket.Bind(new UnixDomainSocketEndPoint(_scratch.File($"card{_number}")));
        }

        public void SwitchOff()
        {
            _socket?.Dispose();
            File.Delete(_scratch.File($"card{_number}"));
        }

        public async Task SendAsync(byte[] to, string text)
        {
            byte[] frame = [.. to, .. Address, 8, 0, .. System.Text.Encoding.ASCII.GetBytes(text)];
            await _socket!.SendToAsync(frame, SocketFlags.None, new UnixDomainSocketEndPoint(_scratch.File($"port{_number}")));
        }

        /// <summary>The text of the next frame; null when none comes.</summary>
        /// <param name="within">How long it is waited for; default as long as it may take on a full host.</param>
        public async Task<string?> ReceiveAsync(TimeSpan? within = null)
        {
            byte[] frame = new byte[2048];
            using var limit = new CancellationTokenSource(within ?? s_patience);
            try
            {
                int length = await _socket!.ReceiveAsync(frame, SocketFlags.None, limit.Token);
                return System.Text.Encoding.ASCII.GetString(frame, 14, length - 14);
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }

        public async Task DrainAsync()
        {
            while (await ReceiveAsync(s_never) is not null)
            {
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _port.DisposeAsync();
            _socket?.Dispose();
        }
    }
}
