namespace Flatcar.Reference.UpdateEngine;

/// <summary>How far an update had come that was cut short.</summary>
/// <param name="Operation">Operations that are applied and on disk.</param>
/// <param name="DataOffset">Bytes of data, from the end of the manifest, that these took.</param>
/// <param name="MetadataSize">Bytes of header and manifest.</param>
/// <param name="MetadataSha256">Of those.</param>
/// <param name="Hash">Of all that came in.</param>
internal sealed record Resume(int Operation, long DataOffset, long MetadataSize, byte[] MetadataSha256, Sha256 Hash)
{
    private const int MaxFailures = 10;

    /// <summary>What can be taken up again of the update to that offer; null: it begins anew.</summary>
    public static Resume? Plan(Prefs prefs, OmahaOffer offer) =>
        prefs.Text(Prefs.ResponseHash) == offer.Sha256
        && prefs.Number(Prefs.NextOperation) is > 0 and <= int.MaxValue and var operation
        && prefs.Number(Prefs.NextDataOffset) is >= 0 and var offset
        && prefs.Number(Prefs.MetadataSize) is > 0 and var metadata && metadata + offset <= offer.Size
        && prefs.Bytes(Prefs.MetadataSha256) is { Length: 32 } metadataSha256
        && prefs.Bytes(Prefs.HashState) is { } state && Sha256.Resume(state) is { } hash
        && (prefs.Number(Prefs.ResumedFailures) ?? 0) <= MaxFailures
            ? new((int)operation, offset, metadata, metadataSha256, hash)
            : null;

    /// <summary>Notes progress. What was applied has to be on disk before.</summary>
    public void Save(Prefs prefs)
    {
        // The mark goes first and comes last: whatever is cut in between begins anew.
        prefs.Remove(Prefs.NextOperation);
        prefs.Set(Prefs.HashState, Hash.State);
        prefs.Set(Prefs.MetadataSize, MetadataSize);
        prefs.Set(Prefs.MetadataSha256, MetadataSha256);
        prefs.Set(Prefs.NextDataOffset, DataOffset);
        prefs.Set(Prefs.NextOperation, Operation);
    }

    public static void Forget(Prefs prefs)
    {
        prefs.Remove(Prefs.NextOperation);
        foreach (var name in (string[])[Prefs.NextDataOffset, Prefs.HashState, Prefs.SignedHashState, Prefs.SignatureBlob, Prefs.MetadataSize, Prefs.MetadataSha256, Prefs.ResponseHash, Prefs.ResumedFailures])
            prefs.Remove(name);
    }
}
