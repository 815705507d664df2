namespace Kola;

/// <summary>A release that a server offers, and what is wrong with the offer.</summary>
public sealed record UpdateOffer
{
    /// <summary>What the server calls it. The client only shows it; the server compares it with what runs.</summary>
    public required string Version { get; init; }

    /// <summary>The payload.</summary>
    public required string File { get; init; }

    /// <summary>Further files of the release, for its postinst: payloads of extensions, <c>oem-qemu.gz</c>. Default none.</summary>
    public IReadOnlyList<string> Packages { get; init; } = [];

    /// <summary>Tell a SHA-256 that the payload does not have. Default no.</summary>
    public bool WrongSha256 { get; init; }

    /// <summary>Bytes by which the size that is told differs from the payload's. Default 0.</summary>
    public long SizeDifference { get; init; }

    /// <summary>Leave out the action the client takes the hash from. Default no.</summary>
    public bool WithoutAction { get; init; }

    /// <summary>Offer it to a machine that runs this version already. Default no: that one is told that there is no update.</summary>
    public bool EvenIfSame { get; init; }

    /// <summary>An offer with nothing wrong.</summary>
    public static UpdateOffer Of(string version, string file) => new() { Version = version, File = file };

    /// <summary>The payload and the further files.</summary>
    internal IEnumerable<string> Files => Packages.Prepend(File);
}

/// <summary>Offers of what a run has.</summary>
public static class PayloadOffers
{
    /// <summary>Offers a payload as what it is.</summary>
    public static UpdateOffer AsOffer(this UpdatePayload payload)
    {
        ArgumentNullException.ThrowIfNull(payload);
        return UpdateOffer.Of(payload.Version, payload.File);
    }
}
