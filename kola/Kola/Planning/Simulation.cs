using Kola.Scheduling;

namespace Kola.Planning;

/// <summary>The rules of <see cref="Schedule"/> without waiting: a clock that jumps from end to end, and as many hosts as one likes.</summary>
internal sealed class Simulation
{
    private readonly Capacity[] _hosts;
    private readonly Capacity[] _left;
    private readonly Capacity[] _kinds;
    private readonly WorkQueue _queue;
    private readonly PriorityQueue<Running, (double End, int Number)> _running = new();
    private readonly SortedSet<Running>[] _runningOn;
    private readonly List<Running> _turns = [];
    private Waiting? _tried;
    private int _cursor;

    internal Simulation(IReadOnlyList<Capacity> hosts, int seed)
    {
        _hosts = [.. hosts];
        _left = [.. hosts];
        _kinds = [.. hosts.Distinct().OrderByDescending(h => h.MemoryMiB)];
        _queue = new WorkQueue(seed);
        _runningOn = [.. hosts.Select(_ => new SortedSet<Running>(Comparer<Running>.Create((a, b) => (a.End, a.Number).CompareTo((b.End, b.Number)))))];
    }

    /// <summary>All turns, in the order they are given.</summary>
    internal IReadOnlyList<ForecastTurn> Run(IEnumerable<WorkItem> items, IEnumerable<string> complete, IReadOnlySet<string> templates)
    {
        foreach (string id in complete)
            _queue.Complete(id);
        foreach (WorkItem item in items)
            _queue.Add(new Waiting(item));
        Give(0, null);
        while (_running.TryDequeue(out Running? done, out (double End, int) at))
        {
            _runningOn[done.Host].Remove(done);
            _left[done.Host] = _left[done.Host].Plus(done.Taken);
            _queue.Complete(done.Item.Id);
            Give(at.End, done.Host);
        }

        return [.. _turns.Select(t => new ForecastTurn(t.Item.Id, templates.Contains(t.Item.Id), t.Host, t.Start, t.End))];
    }

    private void Give(double now, int? changed)
    {
        while (_queue.First is { } next)
        {
            Capacity need = Possible(next.Item.Need);
            // Who did not fit anywhere can now only fit where something was given back.
            int host = next == _tried && changed is { } only ? (Fits(need, only) ? only : -1) : HostFor(need);
            if (host < 0)
            {
                _tried = next;
                for (int other = changed ?? 0; other <= (changed ?? _hosts.Length - 1); other++)
                    Fill(other, next, now);
                return;
            }

            Begin(next, host, now);
        }
    }

    // As if the first were bound to begin on each of them: it is held up nowhere.
    private void Fill(int host, Waiting first, double now)
    {
        while (Filling(host, first, now) is { } next)
            Begin(next, host, now);
    }

    private Waiting? Filling(int host, Waiting first, double now)
    {
        Capacity need = Possible(first.Item.Need);
        bool ever = _hosts[host].HoldsButForCores(need);
        var kept = new Lazy<Reservation>(() => Reservation.Of(need.AtMost(_hosts[host]), _left[host], _runningOn[host].Select(turn => (turn.End, turn.Taken))));
        return _queue.Behind.FirstOrDefault(other =>
        {
            Capacity wanted = Possible(other.Item.Need);
            return Fits(wanted, host) && (!ever || kept.Value.Allows(wanted.AtMost(_hosts[host]), now + other.Item.Seconds));
        });
    }

    private void Begin(Waiting next, int host, double now)
    {
        _queue.Remove(next);
        var turn = new Running(next.Item, host, now, Possible(next.Item.Need).AtMost(_hosts[host]), _turns.Count + 1);
        _left[host] = _left[host].Minus(turn.Taken);
        _turns.Add(turn);
        _runningOn[host].Add(turn);
        _running.Enqueue(turn, (turn.End, turn.Number));
    }

    // What is too large for every host is cut down to the one with most memory, as the schedule of a single host would.
    private Capacity Possible(Capacity need) => Array.Exists(_kinds, k => k.HoldsButForCores(need)) ? need : need.AtMost(_kinds[0]);

    // From the host after the last one on: work is spread, and while there is room the first look finds it.
    private int HostFor(Capacity need)
    {
        for (int i = 0; i < _hosts.Length; i++)
        {
            int host = (_cursor + i) % _hosts.Length;
            if (!Fits(need, host))
                continue;
            _cursor = (host + 1) % _hosts.Length;
            return host;
        }

        return -1;
    }

    // Too few cores make work slower, not impossible: on a host that has fewer than it needs it takes all.
    private bool Fits(Capacity need, int host) =>
        _left[host].HoldsButForCores(need) && (_left[host].Holds(need) || _left[host].Holds(need.AtMost(_hosts[host])));

    private sealed record Running(WorkItem Item, int Host, double Start, Capacity Taken, int Number)
    {
        internal double End => Start + Item.Seconds;
    }
}
