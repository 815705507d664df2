namespace Kola.Updates.Omaha;

/// <summary>What is wrong with a server for now. Thread-safe.</summary>
internal sealed class FaultList
{
    private readonly Lock _lock = new();
    private readonly List<Active> _active = [];
    private readonly List<Stall> _stalls = [];

    /// <param name="fault">What happens.</param>
    /// <param name="times">How often; null until mended.</param>
    internal void Add(ServerFault fault, int? times)
    {
        lock (_lock)
            _active.Add(new Active(fault) { Left = times });
    }

    internal void Clear()
    {
        lock (_lock)
            _active.Clear();
    }

    internal Stall StallAt(long at)
    {
        var stall = new Stall(at);
        lock (_lock)
            _stalls.Add(stall);
        return stall;
    }

    internal void Release(Stall stall)
    {
        lock (_lock)
            _stalls.Remove(stall);
        stall.Release();
    }

    /// <summary>The first fault of these kinds, which happens now; null for none.</summary>
    internal ServerFault? Take(params ReadOnlySpan<FaultKind> kinds)
    {
        lock (_lock)
        {
            foreach (Active active in _active)
            {
                if (kinds.Contains(active.Fault.Kind))
                    return Use(active);
            }
        }

        return null;
    }

    /// <summary>A fault of these kinds at one byte, which is reached now; null for none.</summary>
    internal ServerFault? TakeAt(long at, params ReadOnlySpan<FaultKind> kinds)
    {
        lock (_lock)
        {
            foreach (Active active in _active)
            {
                if (active.Fault.Number == at && kinds.Contains(active.Fault.Kind))
                    return Use(active);
            }
        }

        return null;
    }

    /// <summary>The stall at one byte; null for none.</summary>
    internal Stall? StallOf(long at)
    {
        lock (_lock)
            return _stalls.Find(s => s.At == at);
    }

    /// <summary>The first byte after <paramref name="from"/> and before <paramref name="end"/> where something is to happen; <paramref name="end"/> for none.</summary>
    internal long NextStop(long from, long end)
    {
        lock (_lock)
        {
            IEnumerable<long> places = _active.Where(a => a.Fault.Kind is FaultKind.PackageReset or FaultKind.PackageCut or FaultKind.PackageCorrupt).Select(a => a.Fault.Number).Concat(_stalls.Select(s => s.At));
            return places.Where(at => at > from && at < end).DefaultIfEmpty(end).Min();
        }
    }

    private ServerFault Use(Active active)
    {
        if (active.Left is { } left && (active.Left = left - 1) == 0)
            _active.Remove(active);
        return active.Fault;
    }

    private sealed class Active(ServerFault fault)
    {
        internal ServerFault Fault => fault;

        internal int? Left { get; set; }
    }
}
