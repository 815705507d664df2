using Kola.Segments;
using Microsoft.Extensions.Time.Testing;

namespace Kola.Platforms.Tests.Unit;

/// <summary>One direction of a link, with a clock that obeys.</summary>
[Category("unit")]
public sealed class LinkShaperTests
{
    private readonly List<byte> _out = [];
    private FakeTimeProvider _clock = null!;
    private LinkShaper _shaper = null!;

    [SetUp]
    public void Start()
    {
        _out.Clear();
        _clock = new FakeTimeProvider();
        _shaper = new LinkShaper(frame => _out.Add(frame[0]), _clock, new Random(1));
    }

    [TearDown]
    public void End() => _shaper.Dispose();

    [Test]
    public void A_healthy_link_holds_nothing()
    {
        Send(1, 2, 3);
        Assert.That(_out, Is.EqualTo(new byte[] { 1, 2, 3 }));
    }

    [Test]
    public void Loss_loses_its_share()
    {
        _shaper.Condition = new LinkCondition { Loss = 0.25 };
        for (int i = 0; i < 4000; i++)
            Send(1);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.That(_out, Has.Count.InRange(2900, 3100));
    }

    [Test]
    public void Latency_is_kept_to_and_jitter_stays_within_its_bounds_in_order()
    {
        _shaper.Condition = new LinkCondition { Latency = TimeSpan.FromMilliseconds(100), Jitter = TimeSpan.FromMilliseconds(40) };
        Send([.. Enumerable.Range(1, 50).Select(i => (byte)i)]);
        _clock.Advance(TimeSpan.FromMilliseconds(59));
        Assert.That(_out, Is.Empty);
        _clock.Advance(TimeSpan.FromMilliseconds(82));
        Assert.That(_out, Has.Count.EqualTo(50).And.Ordered);
    }

    [Test]
    public void What_is_sent_behind_a_frame_that_is_held_does_not_overtake_it_when_the_link_heals()
    {
        _shaper.Condition = new LinkCondition { Latency = TimeSpan.FromMilliseconds(100) };
        Send(1);
        _shaper.Condition = LinkCondition.Healthy;
        Send(2);
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        Send(3);
        Assert.That(_out, Is.EqualTo(new byte[] { 1, 2, 3 }));
    }

    [Test]
    public void Duplicates_and_reordered_frames_are_those_that_were_sent()
    {
        _shaper.Condition = new LinkCondition { Duplicate = 1 };
        Send(1, 2);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.That(_out, Is.EqualTo(new byte[] { 1, 1, 2, 2 }));
        _out.Clear();
        _shaper.Condition = new LinkCondition { Reorder = 0.5 };
        Send([.. Enumerable.Range(1, 40).Select(i => (byte)i)]);
        _clock.Advance(TimeSpan.FromMilliseconds(20));
        Assert.That(_out, Is.Not.Ordered);
        Assert.That(_out.Order(), Is.EqualTo(Enumerable.Range(1, 40)));
    }

    [Test]
    public void Bandwidth_spreads_frames_and_loses_what_would_wait_too_long()
    {
        // 100 bytes and 24 of the wire's own: 992 bits, so a frame a millisecond; 500 of them wait half a second.
        _shaper.Condition = new LinkCondition { BitsPerSecond = 992_000 };
        for (int i = 0; i < 2000; i++)
            _shaper.Send(new byte[100]);
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        Assert.That(_out, Has.Count.InRange(99, 101));
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.That(_out, Has.Count.InRange(499, 503));
    }

    [Test]
    public void Nothing_comes_out_after_its_end()
    {
        _shaper.Condition = new LinkCondition { Latency = TimeSpan.FromMilliseconds(100) };
        Send(1);
        _shaper.Dispose();
        _clock.Advance(TimeSpan.FromSeconds(1));
        Send(2);
        Assert.That(_out, Is.Empty);
    }

    [TestCase(1.5, "loss is 1.5; 0 to 1")]
    [TestCase(double.NaN, "loss is NaN; 0 to 1")]
    public void A_condition_that_cannot_be_says_why(double loss, string problem) =>
        Assert.That(new LinkCondition { Loss = loss }.Validate(), Is.EqualTo(new[] { problem }));

    [Test]
    public void A_condition_reads_as_a_person_says_it() => Assert.That(
        new LinkCondition { Loss = 0.2, Latency = TimeSpan.FromMilliseconds(100), Jitter = TimeSpan.FromMilliseconds(10), BitsPerSecond = 1_000_000 }.ToString(),
        Is.EqualTo("loss 20 %, latency 100 ms ± 10 ms, 1000000 bit/s"));

    private void Send(params byte[] frames)
    {
        foreach (byte frame in frames)
            _shaper.Send([frame]);
    }
}
