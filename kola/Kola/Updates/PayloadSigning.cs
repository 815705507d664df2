using System.Security.Cryptography;
using Kola.Updates.Payloads;

namespace Kola.Updates;

/// <summary>Room for signatures in a manifest, and the signatures at the end of the file.</summary>
internal static class PayloadSigning
{
    private const int CopyBytes = 1 << 20;

    /// <summary>What signs: the sha256 of all before the signatures in, the signatures out.</summary>
    public delegate IReadOnlyList<ReadOnlyMemory<byte>> Signer(byte[] sha256);

    /// <summary>The keys' signatures, then zeroes where others will come.</summary>
    public static Signer By(IReadOnlyList<RSA> keys, IReadOnlyList<int> room) => sha256 =>
    [
        .. keys.Select(key => (ReadOnlyMemory<byte>)key.SignHash(sha256, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)),
        .. room.Select(size => (ReadOnlyMemory<byte>)new byte[size]),
    ];

    /// <summary>The manifest with room for signatures of these sizes, in place of those it had.</summary>
    /// <param name="sizes">Bytes of each; none takes the room away.</param>
    /// <param name="manifest">The manifest.</param>
    /// <param name="dataLength">Bytes of data before the signatures.</param>
    public static PayloadManifest WithRoomFor(IReadOnlyList<int> sizes, PayloadManifest manifest, long dataLength)
    {
        IEnumerable<InstallOperation> others = manifest.NoopOperations.Where(o => manifest.SignaturesOffset is null || o.DataOffset != manifest.SignaturesOffset);
        if (sizes.Count == 0)
            return manifest with { NoopOperations = [.. others], SignaturesOffset = null, SignaturesSize = null };
        ulong size = (ulong)PayloadSignature.ToBytes([.. sizes.Select(s => (ReadOnlyMemory<byte>)new byte[s])]).Length;
        var noop = new InstallOperation
        {
            Type = OperationType.Replace,
            DataOffset = (ulong)dataLength,
            DataLength = size,
            TargetExtents = [new Extent(Extent.Hole, (size + manifest.BlockSize - 1) / manifest.BlockSize)],
        };
        return manifest with { NoopOperations = [.. others, noop], SignaturesOffset = (ulong)dataLength, SignaturesSize = size };
    }

    /// <summary>Writes header, manifest, data and signatures.</summary>
    /// <param name="manifest">With room for what <paramref name="sign"/> gives.</param>
    /// <param name="data">At the first byte of the data.</param>
    /// <param name="file">Where to.</param>
    /// <param name="sign">Signs.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task AssembleAsync(PayloadManifest manifest, Stream data, string file, Signer sign, CancellationToken cancel)
    {
        await using var output = new FileStream(file, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0, FileOptions.Asynchronous);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] message = manifest.ToBytes();
        byte[] header = new PayloadHeader(1, message.Length).ToBytes();
        await AddAsync(header);
        await AddAsync(message);
        byte[] buffer = new byte[CopyBytes];
        for (ulong left = manifest.SignaturesOffset ?? ulong.MaxValue; left > 0;)
        {
            int read = await data.ReadAsync(buffer.AsMemory(0, (int)Math.Min((ulong)buffer.Length, left)), cancel);
            if (read == 0)
                break;
            await AddAsync(buffer.AsMemory(0, read));
            left -= (ulong)read;
        }

        if (manifest.SignaturesOffset is not null)
            await output.WriteAsync(PayloadSignature.ToBytes(sign(hash.GetHashAndReset())), cancel);

        async Task AddAsync(ReadOnlyMemory<byte> bytes)
        {
            hash.AppendData(bytes.Span);
            await output.WriteAsync(bytes, cancel);
        }
    }
}
