namespace Kola;

/// <summary>The bounds of what a platform takes, as data: a test that asks for more is skipped with the reason, before anything is started.</summary>
public sealed record PlatformLimits
{
    /// <summary>No bounds.</summary>
    public static PlatformLimits None { get; } = new() { Disks = int.MaxValue, Cards = int.MaxValue, Buses = Enum.GetValues<DiskBus>(), Architectures = ["amd64", "arm64"] };

    /// <summary>Most bytes a machine's config may have; null where there is no such limit, 0 where machines are there already and take none.</summary>
    public int? ConfigBytes { get; init; }

    /// <summary>Most disks a machine may have beside its boot disk. Default 0.</summary>
    public int Disks { get; init; }

    /// <summary>What such disks can hang on. Default virtio alone.</summary>
    public IReadOnlyList<DiskBus> Buses { get; init; } = [DiskBus.Virtio];

    /// <summary>Most cards a machine may have beside the one the harness comes in by. Default 0.</summary>
    public int Cards { get; init; }

    /// <summary>
    /// Whether what it makes outlives a kola that was killed: it carries tags then, is listed while it is there, and <c>kola gc</c> takes it away. Default yes.
    /// </summary>
    public bool Outlives { get; init; } = true;

    /// <summary>Whether it is noticed when a machine has powered off or is gone. Default yes.</summary>
    public bool TellsExits { get; init; } = true;

    /// <summary>Architectures of guests. Default amd64 alone.</summary>
    public IReadOnlyList<string> Architectures { get; init; } = ["amd64"];
}
