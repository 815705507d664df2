namespace Kola.Machines;

/// <summary>What a disk with a write cache holds after a power cut.</summary>
public static class DiskState
{
    // 4 KiB: the page of every cache above the disk, and the sector of the disks of today.
    private const long PieceSectors = 8;

    /// <summary>How many of the first entries are there whatever is lost: all up to the last flush at or before the point.</summary>
    /// <exception cref="UsageException">The recording does not go as far as the point.</exception>
    public static int DurableEntries(IReadOnlyList<DiskWrite> writes, CutPoint point)
    {
        if (point.Entry < 0 || point.Entry > writes.Count)
            throw new UsageException($"a power cut after write {point.Entry} is not in the recording\n  wanted:  0 to {writes.Count}\n  got:     {point.Entry}");
        int durable = point.Entry;
        while (durable > 0 && writes[durable - 1].Kind != DiskWriteKind.Flush)
            durable--;
        return durable;
    }

    /// <summary>What is there of the entries behind <see cref="DurableEntries"/>, in the order in which it was written: a later piece covers an earlier one.</summary>
    /// <inheritdoc cref="DurableEntries" path="/exception"/>
    public static IEnumerable<DiskExtent> Survivors(IReadOnlyList<DiskWrite> writes, CutPoint point)
    {
        for (int entry = DurableEntries(writes, point); entry < point.Entry; entry++)
        {
            DiskWrite write = writes[entry];
            foreach (DiskExtent kept in write.Durable ? [new DiskExtent(entry, write.Sector, write.Sectors)] : Kept(entry, write, point.Lost))
                yield return kept;
        }
    }

    // Neighbours that are kept come as one.
    private static IEnumerable<DiskExtent> Kept(int entry, DiskWrite write, LostWrites lost)
    {
        long end = write.Sector + write.Sectors;
        long? from = null;
        for (long at = write.Sector; at < end; at = (at / PieceSectors + 1) * PieceSectors)
        {
            bool kept = !lost.Takes(entry, at / PieceSectors);
            if (!kept && from is { } begun)
                yield return new DiskExtent(entry, begun, at - begun);
            from = kept ? from ?? at : null;
        }

        if (from is { } last)
            yield return new DiskExtent(entry, last, end - last);
    }
}

/// <summary>Sectors an entry of a recording has written.</summary>
/// <param name="Entry">Index of the entry.</param>
/// <param name="Sector">First sector.</param>
/// <param name="Sectors">How many, at least 1.</param>
public readonly record struct DiskExtent(int Entry, long Sector, long Sectors);
