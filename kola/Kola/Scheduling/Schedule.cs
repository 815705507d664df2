namespace Kola.Scheduling;

/// <summary>
/// Who goes next: of all that wait and can begin, what most work hangs on, by what earlier runs took; capacity is never exceeded. A large one
/// that does not fit yet is kept room for, so that it is not starved: of the smaller ones behind it those may go that are expected to end before there
/// is room for it, or to leave it that room. One that waits for another holds back nobody. Safe to use from several threads.
/// </summary>
/// <param name="capacity">What may be in use at once.</param>
/// <param name="seed">Orders equals: the same seed orders them the same way. Default 0.</param>
/// <param name="expected">What tests are expected to cost. Default: what their specs say.</param>
/// <param name="time">The clock by which what runs is expected to end. Default the system's.</param>
public sealed class Schedule(Capacity capacity, int seed = 0, Expectation? expected = null, TimeProvider? time = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly long _begun = (time ?? TimeProvider.System).GetTimestamp();
    private readonly SortedSet<Ticket> _running = new(Comparer<Ticket>.Create((a, b) => (a.End, a.Turned).CompareTo((b.End, b.Turned))));
    private readonly Lock _gate = new();
    private readonly Expectation _expected = expected ?? new Expectation();
    private readonly WorkQueue _queue = new(seed);
    private readonly Capacity _all = capacity;
    private Capacity _left = capacity;
    private bool _open;

    /// <summary>How many are waiting for a turn.</summary>
    public int Queued
    {
        get
        {
            lock (_gate)
                return _queue.Count;
        }
    }

    /// <summary>How many turns were given so far.</summary>
    internal int Given { get; private set; }

    /// <summary>
    /// Begins to give turns. Called when every planned test waits, so that the order does not depend on who came first. More may come later.
    /// </summary>
    public void Open()
    {
        lock (_gate)
        {
            _open = true;
            Give(because: null);
        }
    }

    /// <summary>As the other, for a test that waits for no template.</summary>
    public Task<Turn> TakeTurnAsync(TestCase test, CancellationToken cancel) => TakeTurnAsync(_expected.Of(test, []), cancel);

    /// <summary>
    /// Waits until all it comes after is completed, and for a turn. Disposing the turn gives back what it took and completes the item, however
    /// its work ended: whoever waited for a template looks for it, and boots cold when it is not there.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled while waiting. That completes it, too: nobody waits for what nobody does.</exception>
    /// <exception cref="ArgumentException">It waits for itself, by way of others that wait.</exception>
    public async Task<Turn> TakeTurnAsync(WorkItem item, CancellationToken cancel)
    {
        var ticket = new Ticket(item, item.Need.AtMost(_all));
        lock (_gate)
        {
            _queue.Add(ticket);
            Give(because: null);
        }

        await using CancellationTokenRegistration _ = cancel.Register(() => Abandon(ticket, cancel));
        return await ticket.Turn.Task;
    }

    /// <summary>
    /// Says that something needs no turn any more, or needs none at all: a template that is there already, or that nobody can make. What comes
    /// after it may begin. A second time does nothing.
    /// </summary>
    public void Complete(string id)
    {
        lock (_gate)
        {
            _queue.Complete(id);
            Give(id);
        }
    }

    // Under the gate: who is given a turn goes on in a thread of the pool, not here.
    private void Give(string? because)
    {
        double now = _time.GetElapsedTime(_begun).TotalSeconds;
        while (_open && Next(now) is { } next)
        {
            _queue.Remove(next);
            _left = _left.Minus(next.Taken);
            (next.End, next.Turned) = (now + next.Item.Seconds, ++Given);
            _running.Add(next);
            next.Turn.SetResult(new Turn(() => Return(next)) { Number = next.Turned, After = because });
        }
    }

    private Ticket? Next(double now)
    {
        if (_queue.First is not Ticket first || _left.Holds(first.Taken))
            return _queue.First as Ticket;
        var kept = new Lazy<Reservation>(() => Reservation.Of(first.Taken, _left, _running.Select(ticket => (ticket.End, ticket.Taken))));
        return _queue.Behind.OfType<Ticket>().FirstOrDefault(other => _left.Holds(other.Taken) && kept.Value.Allows(other.Taken, now + other.Item.Seconds));
    }

    private void Return(Ticket done)
    {
        lock (_gate)
        {
            _running.Remove(done);
            _left = _left.Plus(done.Taken);
            _queue.Complete(done.Item.Id);
            Give(done.Item.Id);
        }
    }

    private void Abandon(Ticket ticket, CancellationToken cancel)
    {
        lock (_gate)
        {
            if (!_queue.Remove(ticket))
                return;
            _queue.Complete(ticket.Item.Id);
            ticket.Turn.SetCanceled(cancel);
            Give(ticket.Item.Id);
        }
    }

    private sealed class Ticket(WorkItem item, Capacity taken) : Waiting(item)
    {
        internal Capacity Taken => taken;

        /// <summary>When it is expected to end, in seconds of the schedule's clock; of a turn that was given.</summary>
        internal double End { get; set; }

        /// <summary>Number of its turn; 0 while it waits.</summary>
        internal int Turned { get; set; }

        internal TaskCompletionSource<Turn> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>The right to use the capacity a piece of work needs, until disposed.</summary>
public sealed class Turn(Action giveBack) : IDisposable
{
    private Action? _giveBack = giveBack;

    /// <summary>1 for the first turn of its schedule.</summary>
    internal int Number { get; init; }

    /// <summary>Id of the work whose end made room for it; null when there was room as soon as it was asked for.</summary>
    internal string? After { get; init; }

    /// <summary>Gives it back; a second time does nothing.</summary>
    public void Dispose() => Interlocked.Exchange(ref _giveBack, null)?.Invoke();
}
