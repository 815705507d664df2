namespace Kola.Platforms.Tests.Recording;

/// <summary>A cloud that a recorder stands for, with machines under QEMU.</summary>
internal sealed record RecordedCloud
{
    /// <summary>Of its platform, its schemas, and of what GRUB calls it.</summary>
    public required string Name { get; init; }

    /// <summary>Comes to it.</summary>
    public required IPlatformDriver Driver { get; init; }

    /// <summary>How it behaves, given the recorder's address and where its machines run.</summary>
    public required Func<string, GuestHost, IProvider> Open { get; init; }

    /// <summary>What a person says to come to it, given its address.</summary>
    public required Func<string, (string Option, string Value)[]> Settings { get; init; }

    /// <summary>The environment of that person, given its address.</summary>
    public required Func<string, IReadOnlyDictionary<string, string>> Environment { get; init; }

    /// <summary>What each of its machines asks 169.254.169.254 for.</summary>
    public required string Asks { get; init; }

    /// <summary>All that is left in it but images for other runs.</summary>
    public required Func<IProvider, IEnumerable<string>> Left { get; init; }

    /// <summary>What machines are asked to be started by.</summary>
    public Firmware Firmware { get; init; }

    /// <summary>Whether it promises UEFI.</summary>
    public bool Uefi { get; init; }
}
