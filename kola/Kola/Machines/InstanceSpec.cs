namespace Kola.Machines;

/// <summary>One machine as a platform is asked for it: the author's spec with everything rendered.</summary>
public sealed record InstanceSpec
{
    /// <summary>Unique within the run, for process titles and tags: <c>cl.basic/machine</c>, or <c>cl.basic/2/machine</c> on a second attempt.</summary>
    public required string Id { get; init; }

    /// <summary>The author's spec: memory, CPUs, disks, firmware, TPM.</summary>
    public required MachineSpec Machine { get; init; }

    /// <summary>The image to boot.</summary>
    public required Image Image { get; init; }

    /// <summary>The final Ignition config; null boots without one.</summary>
    public string? Ignition { get; init; }

    /// <summary>
    /// User data as the author wrote it: a cloud-config, a script. Given beside the Ignition config, where coreos-cloudinit looks for it. Null for none;
    /// only asked of a platform that offers <see cref="Feature.UserData"/>.
    /// </summary>
    public string? UserData { get; init; }

    /// <summary>Existing directory for what is kept: <c>console.txt</c> is written there from the first byte.</summary>
    public required string Directory { get; init; }

    /// <summary>Its cards beside the first, in order; none for a machine that is alone.</summary>
    public IReadOnlyList<InstanceLink> Links { get; init; } = [];

    /// <summary>Ethernet address of the first card, lowercase with colons; null lets the platform choose.</summary>
    public string? Mac { get; init; }

    /// <summary>Keep disk and firmware state in <see cref="Directory"/> after the end. Default no.</summary>
    public bool Keep { get; init; }
}

/// <summary>A card of a machine, and what it is plugged into.</summary>
/// <param name="Network">Names the segments of a test; equal names within a run are one.</param>
/// <param name="Segment">Name of the segment among them.</param>
/// <param name="Mac">Ethernet address of the card, lowercase with colons.</param>
/// <param name="Vlan">See <see cref="MachineLink"/>.</param>
public sealed record InstanceLink(string Network, string Segment, string Mac, int? Vlan = null)
{
    /// <summary>Ethernet address of a card that has no role yet.</summary>
    /// <param name="card">0 for the first of them.</param>
    public static string UnconfiguredMac(int card) => $"52:54:00:6b:{card:x2}:00";
}
