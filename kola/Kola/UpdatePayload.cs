namespace Kola;

/// <summary>A file that updates a machine to a release.</summary>
/// <param name="Version">The release as its os-release has it in VERSION_ID: <c>4460.0.0</c>.</param>
/// <param name="File">Absolute path of the payload.</param>
public sealed record UpdatePayload(string Version, string File)
{
    /// <summary>
    /// Whether it holds the whole release, as released ones do, or only what differs between the releases of this run: quicker, and to be applied to
    /// none but those.
    /// </summary>
    public bool Whole { get; init; } = true;
}

/// <summary>What a run has to update machines with.</summary>
public sealed record UpdatePayloads
{
    /// <summary>Nothing.</summary>
    public static UpdatePayloads None { get; } = new();

    /// <summary>The payloads; the one under test first.</summary>
    public IReadOnlyList<UpdatePayload> All { get; init; } = [];

    /// <summary>Public key by which they are signed, PEM, for a machine whose image does not have it; null where the image's own is right.</summary>
    public string? Key { get; init; }
}
