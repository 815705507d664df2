namespace Kola.Platforms.Tests.Recording;

/// <summary>A provider's machine as QEMU is to make it.</summary>
internal sealed record GuestShape
{
    /// <summary>What the provider calls it.</summary>
    public required string Name { get; init; }

    /// <summary>Raw file of the image; it is never written.</summary>
    public required string Image { get; init; }

    /// <summary>Its address on this host's loopback; null for another one each time it is switched on.</summary>
    public string? Address { get; init; }

    /// <summary>Size of its disk; null for the image's.</summary>
    public int? DiskGiB { get; init; }

    /// <summary>Whether UEFI firmware starts it.</summary>
    public bool Uefi { get; init; }

    /// <summary>Where its disk is.</summary>
    public DiskBus Bus { get; init; } = DiskBus.Virtio;

    /// <summary>Image of the disc in its drive; null where it has no drive.</summary>
    public string? Disc { get; init; }

    /// <summary>What 169.254.169.254 answers it.</summary>
    public required Func<Received, Answer> Metadata { get; init; }
}
