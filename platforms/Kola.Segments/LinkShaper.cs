namespace Kola.Segments;

/// <summary>One direction of a link: frames go in, and come out late, twice, in another order, or not at all.</summary>
internal sealed class LinkShaper : IDisposable
{
    // What waits longer than that for its turn is lost, as in any buffer of a fixed size.
    private static readonly TimeSpan s_longestQueue = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_overtaken = TimeSpan.FromMilliseconds(20);

    // Preamble, checksum and gap: what a frame takes on a wire besides itself.
    private const int WireBytes = 24;

    private readonly Action<byte[]> _deliver;
    private readonly TimeProvider _clock;
    private readonly Random _random;
    private readonly Lock _gate = new();
    private readonly PriorityQueue<byte[], (long Due, long Order)> _held = new();
    private readonly ITimer _timer;
    private LinkCondition _condition = LinkCondition.Healthy;
    private long _order;
    private long _free;
    private long _last;
    private bool _releasing;
    private bool _over;

    /// <param name="deliver">Takes what comes out; must not block.</param>
    /// <param name="clock">What delays go by.</param>
    /// <param name="random">Draws.</param>
    public LinkShaper(Action<byte[]> deliver, TimeProvider clock, Random random)
    {
        (_deliver, _clock, _random) = (deliver, clock, random);
        _timer = clock.CreateTimer(_ => Release(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>What happens to frames that come from now on. Those that are held come out when they would have.</summary>
    public LinkCondition Condition
    {
        get
        {
            lock (_gate)
                return _condition;
        }

        set
        {
            lock (_gate)
                _condition = value;
        }
    }

    /// <summary>Puts a frame in.</summary>
    public void Send(byte[] frame)
    {
        lock (_gate)
        {
            if (_over)
                return;
            LinkCondition now = _condition;
            if (now != LinkCondition.Healthy || _held.Count > 0 || _releasing)
            {
                Hold(frame, now);
                return;
            }
        }

        _deliver(frame);
    }

    /// <summary>What is held is lost.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _over = true;
            _held.Clear();
        }

        _timer.Dispose();
    }

    private void Hold(byte[] frame, LinkCondition now)
    {
        if (_random.NextDouble() < now.Loss)
            return;
        long time = _clock.GetTimestamp();
        long due = time;
        if (now.BitsPerSecond is { } bits)
        {
            long start = Math.Max(time, _free);
            if (start - time > Ticks(s_longestQueue))
                return;
            due = _free = start + (long)((frame.Length + WireBytes) * 8.0 / bits * _clock.TimestampFrequency);
        }

        due += Ticks(now.Latency) + (long)(Ticks(now.Jitter) * (_random.NextDouble() * 2 - 1));
        if (_random.NextDouble() < now.Reorder)
        {
            // The others are not kept waiting by it.
            Enqueue(frame, due + Ticks(s_overtaken));
        }
        else
        {
            _last = due = Math.Max(due, _last);
            Enqueue(frame, due);
            if (_random.NextDouble() < now.Duplicate)
                Enqueue(frame, due);
        }

        Arm();
    }

    private void Enqueue(byte[] frame, long due) => _held.Enqueue(frame, (due, _order++));

    // One at a time: two would change the order of what they deliver.
    private void Release()
    {
        lock (_gate)
        {
            if (_releasing)
                return;
            _releasing = true;
        }

        while (NextDue() is { } frame)
            _deliver(frame);
    }

    private byte[]? NextDue()
    {
        lock (_gate)
        {
            if (!_over && _held.TryPeek(out _, out (long Due, long Order) next) && next.Due <= _clock.GetTimestamp())
                return _held.Dequeue();
            _releasing = false;
            Arm();
            return null;
        }
    }

    private void Arm()
    {
        if (_over || !_held.TryPeek(out _, out (long Due, long Order) next))
            return;
        TimeSpan wait = _clock.GetElapsedTime(_clock.GetTimestamp(), next.Due);
        _timer.Change(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * _clock.TimestampFrequency);
}
