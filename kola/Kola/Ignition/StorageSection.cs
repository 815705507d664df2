using System.Globalization;

namespace Kola.Ignition;

/// <summary>Section <c>storage</c>. What it names is made in this order: disks, RAID arrays, encrypted volumes, filesystems, directories, files, links.</summary>
public sealed record StorageSection
{
    /// <summary>Disks and their partitions.</summary>
    public IReadOnlyList<Disk> Disks { get; init; } = [];

    /// <summary>RAID arrays.</summary>
    public IReadOnlyList<RaidArray> Raid { get; init; } = [];

    /// <summary>Encrypted volumes.</summary>
    [Since(2)]
    public IReadOnlyList<LuksVolume> Luks { get; init; } = [];

    /// <summary>Filesystems.</summary>
    public IReadOnlyList<Filesystem> Filesystems { get; init; } = [];

    /// <summary>Directories. A path stands once among directories, files and links.</summary>
    [SharesKeys("Node")]
    public IReadOnlyList<StorageDirectory> Directories { get; init; } = [];

    /// <summary>Files.</summary>
    [SharesKeys("Node")]
    public IReadOnlyList<StorageFile> Files { get; init; } = [];

    /// <summary>Symbolic and hard links.</summary>
    [SharesKeys("Node")]
    public IReadOnlyList<StorageLink> Links { get; init; } = [];
}

/// <summary>A disk.</summary>
public sealed record Disk : IKeyed
{
    /// <summary>Absolute path of its device.</summary>
    public required string Device { get; init; }

    /// <summary>Whether its partition table is made anew.</summary>
    public bool? WipeTable { get; init; }

    /// <summary>Its partitions; those there that none of these matches are left alone.</summary>
    public IReadOnlyList<Partition> Partitions { get; init; } = [];

    string IKeyed.Key => Device;
}

/// <summary>A partition: told by its number, or by its label where that is 0.</summary>
public sealed record Partition : IKeyed
{
    /// <summary>At most 36 bytes, no colon: <c>/dev/disk/by-partlabel/</c>.</summary>
    public string? Label { get; init; }

    /// <summary>From 1; 0 is the next free one.</summary>
    public long Number { get; init; }

    /// <summary>Size in MiB; 0 is all that is left.</summary>
    public long? SizeMiB { get; init; }

    /// <summary>Start in MiB; 0 is the largest free place.</summary>
    public long? StartMiB { get; init; }

    /// <summary>Its type.</summary>
    public string? TypeGuid { get; init; }

    /// <summary>Its own.</summary>
#pragma warning disable CA1720 // the spec's name for it
    public string? Guid { get; init; }
#pragma warning restore CA1720

    /// <summary>Whether one that does not match is made anew instead of an error.</summary>
    public bool? WipePartitionEntry { get; init; }

    /// <summary>False: taken away.</summary>
    public bool? ShouldExist { get; init; }

    /// <summary>Whether one that differs in size only is resized.</summary>
    [Since(2)]
    public bool? Resize { get; init; }

    string IKeyed.Key => Number != 0 ? string.Create(CultureInfo.InvariantCulture, $"number:{Number}") : Label is not null ? $"label:{Label}" : "";
}

/// <summary>A RAID array.</summary>
public sealed record RaidArray : IKeyed
{
    /// <summary><c>/dev/md/</c> and this.</summary>
    public required string Name { get; init; }

    /// <summary>linear, raid0, raid1, raid4, raid5, raid6, raid10, or mdadm's other words for them.</summary>
    public string? Level { get; init; }

    /// <summary>Absolute paths, one at least.</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];

    /// <summary>How many of them wait. Default 0.</summary>
    public long? Spares { get; init; }

    /// <summary>For mdadm.</summary>
    [Repeats]
    public IReadOnlyList<string> Options { get; init; } = [];

    string IKeyed.Key => Name;
}

/// <summary>An encrypted volume.</summary>
public sealed record LuksVolume : IKeyed
{
    /// <summary><c>/dev/mapper/</c> and this.</summary>
    public required string Name { get; init; }

    /// <summary>Absolute path of what is encrypted.</summary>
    public string? Device { get; init; }

    /// <summary>At most 47 bytes.</summary>
    public string? Label { get; init; }

    /// <summary>Its UUID.</summary>
    public string? Uuid { get; init; }

    /// <summary>The key. Default: a random one, kept on the root filesystem.</summary>
    public Resource KeyFile { get; init; } = new();

    /// <summary>Unlocked by a TPM or a server.</summary>
    public Clevis? Clevis { get; init; }

    /// <summary>Unlocked by an s390x crypto card.</summary>
    [Since(5)]
    public Cex Cex { get; init; } = new();

    /// <summary>Whether what is there is overwritten whatever it is.</summary>
    public bool? WipeVolume { get; init; }

    /// <summary>Whether freed blocks are told to the device.</summary>
    [Since(4)]
    public bool? Discard { get; init; }

    /// <summary>For cryptsetup luksFormat.</summary>
    [Repeats]
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>For cryptsetup luksOpen, kept in the volume.</summary>
    [Since(4), Repeats]
    public IReadOnlyList<string> OpenOptions { get; init; } = [];

    string IKeyed.Key => Name;
}

/// <summary>What clevis unlocks a volume with.</summary>
public sealed record Clevis
{
    /// <summary>Servers.</summary>
    public IReadOnlyList<TangServer> Tang { get; init; } = [];

    /// <summary>Whether a TPM 2.</summary>
    public bool? Tpm2 { get; init; }

    /// <summary>How many of them it takes. Default 1.</summary>
    public long? Threshold { get; init; }

    /// <summary>A pin of one's own, with none of the others.</summary>
    public ClevisPin? Custom { get; init; }
}

/// <summary>A tang server.</summary>
public sealed record TangServer : IKeyed
{
    /// <summary>http or https.</summary>
    public string? Url { get; init; }

    /// <summary>Of its signing key.</summary>
    public string? Thumbprint { get; init; }

    /// <summary>What it would answer, so that it need not be there: JSON.</summary>
    [Since(4)]
    public string? Advertisement { get; init; }

    string IKeyed.Key => Url ?? "";
}

/// <summary>A clevis pin of one's own.</summary>
public sealed record ClevisPin
{
    /// <summary>tpm2, tang or sss.</summary>
    public string? Pin { get; init; }

    /// <summary>The pin's, JSON.</summary>
    public string? Config { get; init; }

    /// <summary>Whether it takes the network.</summary>
    public bool? NeedsNetwork { get; init; }
}

/// <summary>An s390x crypto card.</summary>
public sealed record Cex
{
    /// <summary>Whether it is used.</summary>
    public bool? Enabled { get; init; }
}

/// <summary>A filesystem.</summary>
public sealed record Filesystem : IKeyed
{
    /// <summary>Absolute path of its device.</summary>
    public required string Device { get; init; }

    /// <summary>ext4, btrfs, xfs, vfat or swap; since 3.3.0 also none.</summary>
    public string? Format { get; init; }

    /// <summary>Where it is mounted while Ignition runs; the config has to mount it later.</summary>
    public string? Path { get; init; }

    /// <summary>Longest, bytes: ext4 16, btrfs 256, xfs 12, swap 15, vfat 11.</summary>
    public string? Label { get; init; }

    /// <summary>Its UUID.</summary>
    public string? Uuid { get; init; }

    /// <summary>Whether one that is there already is made anew.</summary>
    public bool? WipeFilesystem { get; init; }

    /// <summary>For mkfs.</summary>
    [Repeats]
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>For mount, while Ignition runs.</summary>
    [Since(1), Repeats]
    public IReadOnlyList<string> MountOptions { get; init; } = [];

    string IKeyed.Key => Device;
}
