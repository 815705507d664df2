namespace Flatcar.Tests.Guest;

/// <summary>One of the two partitions that take turns at holding /usr.</summary>
public enum UsrSlot
{
    /// <summary>Partition USR-A, which a fresh image boots.</summary>
    A,

    /// <summary>Partition USR-B, empty in a fresh image.</summary>
    B,
}
