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

    /// <summary>The private segment the machine is on, the same object for all machines of a test; null for none.</summary>
    public PrivateLink? Private { get; init; }

    /// <summary>Ethernet address of the first card, lowercase with colons; null lets the platform choose.</summary>
    public string? Mac { get; init; }

    /// <summary>Keep disk and firmware state in <see cref="Directory"/> after the end. Default no.</summary>
    public bool Keep { get; init; }
}

/// <summary>A machine's place on its test's private segment.</summary>
/// <param name="Segment">Names the segment; machines with equal names within a run are joined.</param>
/// <param name="Mac">Ethernet address of the card, lowercase with colons.</param>
public sealed record PrivateLink(string Segment, string Mac)
{
    /// <summary>Address of the card of a machine that has no role yet.</summary>
    public const string UnconfiguredMac = "52:54:00:6b:00:00";
}
