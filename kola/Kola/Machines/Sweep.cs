namespace Kola.Machines;

/// <summary>Chooses where to cut the power.</summary>
internal static class Sweep
{
    internal static IReadOnlyList<CutPoint> Points(IReadOnlyList<DiskWrite> writes, int from, int to, int most, int seed)
    {
        (int Begin, int End)[] stretches = [.. Stretches(writes, from, to)];
        int total = Math.Min(most, stretches.Sum(s => s.End - s.Begin));
        var points = new SortedDictionary<int, CutPoint>();
        for (int turn = 0; points.Count < total; turn++)
        {
            // Of fewer stretches than points, each gets its turn until all are chosen.
            (int begin, int end) = total < stretches.Length ? stretches[(int)((long)turn * stretches.Length / total)] : stretches[turn % stretches.Length];
            int entry = begin + 1 + (int)((uint)HashCode(seed, turn) % (uint)(end - begin));
            // A point that is taken gives way to the next free one of its stretch; one that has none is passed over.
            for (int tried = begin; tried < end && points.ContainsKey(entry); tried++)
                entry = entry == end ? begin + 1 : entry + 1;
            int i = points.Count;
            if (points.ContainsKey(entry))
                continue;
            points[entry] = new CutPoint { Entry = entry, Lost = (i % 4) switch { 0 => LostWrites.All, 2 => LostWrites.None, _ => LostWrites.Random(seed + i) } };
        }

        return [.. points.Values];
    }

    // From behind a flush to before the next: points in (Begin, End] have something unflushed.
    private static IEnumerable<(int Begin, int End)> Stretches(IReadOnlyList<DiskWrite> writes, int from, int to)
    {
        int begin = from;
        for (int at = from; at <= to; at++)
        {
            if (at < to && writes[at].Kind != DiskWriteKind.Flush)
                continue;
            if (at > begin)
                yield return (begin, at);
            begin = at + 1;
        }
    }

    private static int HashCode(int seed, int index)
    {
        uint z = unchecked((uint)seed * 0x9E3779B9 + (uint)index * 0x85EBCA6B);
        z = (z ^ (z >> 16)) * 0x45D9F3B;
        return (int)(z ^ (z >> 16));
    }
}
