namespace Flatcar.Reference.Gpt;

/// <summary>One used entry of a partition table.</summary>
/// <param name="Number">1-based, as in /dev/vda<b>9</b>.</param>
/// <param name="FirstSector">First 512-byte sector.</param>
/// <param name="LastSector">Last sector, inclusive.</param>
/// <param name="Attributes">The raw 64 bits; 48–51 priority, 52–55 tries, 56 successful on a slot of the A/B scheme.</param>
/// <param name="Name">At most 36 UTF-16 code units; /dev/disk/by-partlabel shows it.</param>
public sealed record GptPartition(
    int Number, Guid TypeId, Guid UniqueId, ulong FirstSector, ulong LastSector, ulong Attributes, string Name)
{
    public ulong Sectors => LastSector - FirstSector + 1;

    public long ByteOffset => checked((long)FirstSector * GuidPartitionTable.SectorSize);

    public long ByteLength => checked((long)Sectors * GuidPartitionTable.SectorSize);

    /// <summary>0–15; the bootable slot with the highest one is taken. 0 is the lowest priority, not a ban.</summary>
    public int Priority => (int)(Attributes >> 48) & 0xF;

    /// <summary>0–15 boots this slot may still be tried while it is not known to be good.</summary>
    public int Tries => (int)(Attributes >> 52) & 0xF;

    /// <summary>The slot has once run long enough to be called good.</summary>
    public bool Successful => ((Attributes >> 56) & 1) != 0;

    public GptPartition WithSlotState(int priority, int tries, bool successful)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)priority, 15u, nameof(priority));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)tries, 15u, nameof(tries));
        var slot = ((ulong)priority << 48) | ((ulong)tries << 52) | (successful ? 1UL << 56 : 0);
        return this with { Attributes = (Attributes & ~(0x1FFUL << 48)) | slot };
    }
}
