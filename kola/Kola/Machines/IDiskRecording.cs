namespace Kola.Machines;

/// <summary>What a platform has recorded of a boot disk. It ends with the first loss of power; later boots add nothing.</summary>
public interface IDiskRecording
{
    /// <summary>Entries so far. May be asked while the machine runs; what it is being given at the moment may be missing.</summary>
    int Count { get; }

    /// <summary>The entries so far, in the order the disk was given them.</summary>
    IReadOnlyList<DiskWrite> Writes { get; }
}
