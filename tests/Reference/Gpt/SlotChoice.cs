namespace Flatcar.Reference.Gpt;

/// <summary>What to boot, and the table to write before booting it (null: nothing changes on disk).</summary>
public sealed record SlotDecision(GptPartition Slot, GuidPartitionTable? Write);

/// <summary>The choice that GRUB's gptprio.next makes.</summary>
public static class SlotChoice
{
    /// <summary>
    /// Takes, among the USR partitions that have tries left or were successful, the one of the highest priority; of equals, the
    /// one with the lowest number. Tries left are counted down in the returned table. Null: no slot may be booted.
    /// </summary>
    /// <param name="table">The disk's table.</param>
    /// <param name="exclude">Slots already found unusable in this boot.</param>
    public static SlotDecision? Next(GuidPartitionTable table, IReadOnlySet<Guid> exclude)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(exclude);
        var slot = table.Partitions
            .Where(p => p.TypeId == FlatcarDisk.UsrType && (p.Tries > 0 || p.Successful) && !exclude.Contains(p.UniqueId))
            .OrderByDescending(p => p.Priority)
            .ThenBy(p => p.Number)
            .FirstOrDefault();
        if (slot is null)
            return null;
        if (slot.Tries == 0)
            return new(slot, null);
        var tried = slot.WithSlotState(slot.Priority, slot.Tries - 1, slot.Successful);
        return new(tried, table.With(tried));
    }
}
