namespace Kola.Machines;

/// <summary>What a template is made of: a machine without a role, a run or a test.</summary>
public sealed record TemplateSpec
{
    /// <summary>Stands in <see cref="Ignition"/> for the line of authorized_keys of whoever makes the template.</summary>
    public const string PublicKeyPlaceholder = "ssh-ed25519 @kola-public-key@";

    /// <summary>The author's spec. Only its shape counts: memory, CPUs, disks, firmware, user.</summary>
    public required MachineSpec Machine { get; init; }

    /// <summary>The image.</summary>
    public required Image Image { get; init; }

    /// <summary>The final Ignition config, with <see cref="PublicKeyPlaceholder"/> for the key.</summary>
    public required string Ignition { get; init; }

    /// <summary>Cards for segments, beside the first.</summary>
    public int Cards { get; init; }

    /// <summary>
    /// What was done with the machine when it was ready, and by which code: <c>docker-busybox@MVID</c>. Null when nothing was.
    /// </summary>
    public string? Preparation { get; init; }

    /// <summary>
    /// Digest of the checks its console was held against. Part of the key: a copy's console begins anew, and nobody reads its template's again.
    /// </summary>
    public string Checks { get; init; } = "";
}
