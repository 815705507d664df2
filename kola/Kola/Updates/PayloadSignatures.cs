using System.Security.Cryptography;
using Kola.Updates.Payloads;

namespace Kola.Updates;

/// <summary>Signing what was made before.</summary>
internal static class PayloadSignatures
{
    /// <summary>
    /// Writes a payload again with other signatures. Signatures made elsewhere, of the payload's hash, only fit where the payload has room for just them:
    /// what is signed says how long the signatures are.
    /// </summary>
    /// <param name="payload">The payload.</param>
    /// <param name="keys">Private keys to sign by.</param>
    /// <param name="made">Signatures made elsewhere; instead of keys.</param>
    /// <param name="file">Where to.</param>
    /// <param name="cancel">Ends it; nothing is left then.</param>
    /// <exception cref="UsageException">Signatures made elsewhere do not fit.</exception>
    public static Task WriteAsync(PayloadFile payload, IReadOnlyList<RSA> keys, IReadOnlyList<ReadOnlyMemory<byte>> made, string file, CancellationToken cancel)
    {
        int[] had = [.. payload.Signatures.Select(s => s.Data.Length)];
        int[] sizes = made.Count > 0 ? [.. made.Select(m => m.Length)] : [.. keys.Select(k => k.KeySize / 8)];
        if (made.Count > 0 && !had.SequenceEqual(sizes))
            throw new UsageException($"{payload.Path}: it has room for signatures of {Said(had)} bytes\n  wanted:  signatures that fill it\n  got:     {Said(sizes)} bytes\n  next:    kola payload create … --signature-size {sizes[0]}");
        return NewFile.WriteAsync(file, async (path, token) =>
        {
            await using FileStream data = File.OpenRead(payload.Path);
            data.Position = payload.Header.MetadataSize;
            PayloadManifest manifest = PayloadSigning.WithRoomFor(sizes, payload.Manifest, payload.SignedLength - payload.Header.MetadataSize);
            await PayloadSigning.AssembleAsync(manifest, data, path, made.Count > 0 ? _ => made : PayloadSigning.By(keys, []), token);
        }, cancel);
    }

    private static string Said(int[] sizes) => sizes.Length == 0 ? "no" : string.Join(" and ", sizes);
}
