namespace Kola.Scheduling;

/// <summary>
/// Who goes next: of all tests that wait, the longest and largest that fits goes first, and capacity is never exceeded. A large test that
/// does not fit yet holds back the smaller ones behind it, so that it is not starved.
/// </summary>
public sealed class Schedule(Capacity capacity)
{
    private readonly Lock _gate = new();
    private readonly List<Waiting> _waiting = [];
    private Capacity _left = capacity;
    private bool _open;

    /// <summary>How many tests are waiting for a turn.</summary>
    public int Queued
    {
        get
        {
            lock (_gate)
                return _waiting.Count;
        }
    }

    /// <summary>
    /// Begins to give turns. Called when every planned test waits, so that the order does not depend on who came first.
    /// </summary>
    public void Open()
    {
        lock (_gate)
            _open = true;
        Give();
    }

    /// <summary>Waits for a turn. Disposing the turn gives back what it took.</summary>
    /// <exception cref="OperationCanceledException">Cancelled while waiting.</exception>
    public async Task<Turn> TakeTurnAsync(TestCase test, CancellationToken cancel)
    {
        var waiting = new Waiting(test, Capacity.Of(test.Machines));
        lock (_gate)
        {
            int at = _waiting.FindIndex(other => waiting.Before(other));
            _waiting.Insert(at < 0 ? _waiting.Count : at, waiting);
        }

        await using CancellationTokenRegistration _ = cancel.Register(() => Abandon(waiting, cancel));
        Give();
        return await waiting.Turn.Task;
    }

    private void Give()
    {
        while (true)
        {
            Waiting next;
            lock (_gate)
            {
                if (!_open || _waiting.Count == 0 || !_left.Holds(_waiting[0].Needed))
                    return;
                next = _waiting[0];
                _waiting.RemoveAt(0);
                _left = _left.Minus(next.Needed);
            }

            if (!next.Turn.TrySetResult(new Turn(() => Return(next.Needed))))
                Return(next.Needed);
        }
    }

    private void Return(Capacity taken)
    {
        lock (_gate)
            _left = _left.Plus(taken);
        Give();
    }

    private void Abandon(Waiting waiting, CancellationToken cancel)
    {
        lock (_gate)
            _waiting.Remove(waiting);
        waiting.Turn.TrySetCanceled(cancel);
        Give();
    }

    private sealed record Waiting(TestCase Test, Capacity Needed)
    {
        public TaskCompletionSource<Turn> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool Before(Waiting other)
        {
            int byCost = (Test.Minutes * Needed.Machines, Needed.MemoryMiB).CompareTo((other.Test.Minutes * other.Needed.Machines, other.Needed.MemoryMiB));
            return byCost != 0 ? byCost > 0 : string.CompareOrdinal(Test.Id, other.Test.Id) < 0;
        }
    }
}

/// <summary>The right to use the capacity a test needs, until disposed.</summary>
public sealed class Turn(Action giveBack) : IDisposable
{
    private Action? _giveBack = giveBack;

    /// <summary>Gives it back; a second time does nothing.</summary>
    public void Dispose() => Interlocked.Exchange(ref _giveBack, null)?.Invoke();
}
