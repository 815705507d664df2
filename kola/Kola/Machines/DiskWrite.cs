namespace Kola;

/// <summary>One request a machine's boot disk was given, without its data.</summary>
/// <param name="Kind">What was asked of the disk.</param>
/// <param name="Sector">First sector, of 512 bytes each; 0 of a flush.</param>
/// <param name="Sectors">How many; 0 of a flush.</param>
public readonly record struct DiskWrite(DiskWriteKind Kind, long Sector, long Sectors)
{
    /// <summary>Bytes of a sector: what a disk writes whole or not at all.</summary>
    public const int SectorBytes = 512;

    /// <summary>The write is on the medium when it is done, whatever the cache holds (FUA). Default no.</summary>
    public bool Durable { get; init; }
}

/// <summary>What a disk is asked.</summary>
public enum DiskWriteKind
{
    /// <summary>To take data, of zeroes perhaps. It may stay in the disk's cache.</summary>
    Write,

    /// <summary>To bring all that was written before onto the medium.</summary>
    Flush,

    /// <summary>To forget what sectors hold. They read as zeroes afterwards.</summary>
    Discard,
}
