namespace Kola.Scheduling;

/// <summary>
/// The order of turns, without clock or threads, so that what is forecast is what happens. First comes what most seconds of work hang on: its
/// own, and all that waits for it. Equals are ordered by the seed. Every step takes logarithmic time.
/// </summary>
internal sealed class WorkQueue(int seed)
{
    private readonly SortedSet<Waiting> _ready = new(Comparer<Waiting>.Create(Compare));
    private readonly Dictionary<string, Waiting> _waiting = [];
    private readonly Dictionary<string, HashSet<Waiting>> _gated = [];
    private readonly HashSet<string> _complete = [];
    private long _entered;

    /// <summary>How many wait, ready or not.</summary>
    internal int Count { get; private set; }

    /// <summary>Who is next; null when nobody is ready.</summary>
    internal Waiting? First => _ready.Min;

    /// <summary>Who comes after the first, in order: as many as are looked at.</summary>
    internal IEnumerable<Waiting> Behind => _ready.Skip(1).Take(Reservation.Depth);

    /// <exception cref="ArgumentException">It waits for itself, by way of others: nobody would ever begin.</exception>
    internal void Add(Waiting added)
    {
        string[] missing = [.. added.Item.After.Distinct().Where(id => !_complete.Contains(id))];
        if (missing.Any(id => LeadsTo(id, added.Item.Id)))
            throw new ArgumentException($"{added.Item.Id} waits for itself, by way of {string.Join(", ", missing)}");
        Count++;
        added.Missing = missing.Length;
        added.Tie = TieOf(added.Item.Id);
        added.Number = ++_entered;
        added.Rank = OwnRank(added.Item) + (_gated.TryGetValue(added.Item.Id, out HashSet<Waiting>? mine) ? mine.Sum(w => w.Rank) : 0);
        _waiting[added.Item.Id] = added;
        foreach (string id in missing)
        {
            if (!_gated.TryGetValue(id, out HashSet<Waiting>? gated))
                _gated[id] = gated = [];
            gated.Add(added);
            Raise(id, added.Rank);
        }

        if (added.Missing == 0)
            _ready.Add(added);
    }

    /// <summary>Takes one out: it goes, or has given up.</summary>
    /// <returns>False when it was out already.</returns>
    internal bool Remove(Waiting removed)
    {
        if (removed.Number == 0)
            return false;
        _ready.Remove(removed);
        removed.Number = 0;
        Count--;
        if (_waiting.GetValueOrDefault(removed.Item.Id) == removed)
            _waiting.Remove(removed.Item.Id);
        foreach (string id in Gates(removed))
        {
            _gated[id].Remove(removed);
            Raise(id, -removed.Rank);
        }

        return true;
    }

    /// <summary>What waited for this waits no more. Holds for those that come later, too.</summary>
    internal void Complete(string id)
    {
        if (!_complete.Add(id) || !_gated.Remove(id, out HashSet<Waiting>? released))
            return;
        Raise(id, -released.Sum(w => w.Rank));
        foreach (Waiting waiting in released.Where(w => --w.Missing == 0))
            _ready.Add(waiting);
    }

    // Sums are of whole milliseconds: of fractions they would depend on who came first.
    private static long OwnRank(WorkItem item) => (long)(Math.Clamp(item.Seconds, 0, 1e9) * 1000);

    private void Raise(string id, long by)
    {
        if (!_waiting.TryGetValue(id, out Waiting? raised))
            return;
        bool ready = _ready.Remove(raised);
        raised.Rank += by;
        if (ready)
            _ready.Add(raised);
        foreach (string before in Gates(raised))
            Raise(before, by);
    }

    private IEnumerable<string> Gates(Waiting waiting) =>
        waiting.Missing == 0 ? [] : waiting.Item.After.Distinct().Where(id => _gated.TryGetValue(id, out HashSet<Waiting>? gated) && gated.Contains(waiting));

    private bool LeadsTo(string from, string to) =>
        from == to || _waiting.TryGetValue(from, out Waiting? waiting) && waiting.Missing > 0 && waiting.Item.After.Any(id => LeadsTo(id, to));

    private static int Compare(Waiting a, Waiting b)
    {
        int order = b.Rank.CompareTo(a.Rank);
        order = order != 0 ? order : a.Tie.CompareTo(b.Tie);
        order = order != 0 ? order : string.CompareOrdinal(a.Item.Id, b.Item.Id);
        return order != 0 ? order : a.Number.CompareTo(b.Number);
    }

    // FNV-1a over the id, begun with the seed and mixed at the end. string.GetHashCode differs from process to process.
    private ulong TieOf(string id)
    {
        ulong hash = 14695981039346656037 ^ (uint)seed;
        foreach (char c in id)
            hash = (hash ^ c) * 1099511628211;
        hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9;
        hash = (hash ^ hash >> 27) * 0x94d049bb133111eb;
        return hash ^ hash >> 31;
    }
}

/// <summary>One that waits in a <see cref="WorkQueue"/>, which alone writes the numbers.</summary>
internal class Waiting(WorkItem item)
{
    internal WorkItem Item { get; } = item;

    /// <summary>Milliseconds of work that hang on it.</summary>
    internal long Rank { get; set; }

    /// <summary>Order among equals, by the seed.</summary>
    internal ulong Tie { get; set; }

    /// <summary>How many it still waits for.</summary>
    internal int Missing { get; set; }

    /// <summary>Order of entering, from 1; 0 when it is in no queue.</summary>
    internal long Number { get; set; }
}
