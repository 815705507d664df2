using System.Security.Cryptography;
using Kola.Updates.Payloads;

namespace Kola.Updates;

/// <summary>A payload on disk: what it says of itself, and whether that holds.</summary>
internal sealed class PayloadFile
{
    // A client refuses no larger one, but nobody's operation has more data than the MiB it writes and a little.
    private const ulong LongestData = 64 << 20;

    // No partition of a system reaches as far: 1 TiB.
    private const ulong FarthestByte = 1UL << 40;

    private PayloadFile(string path, long length, PayloadHeader header, PayloadManifest manifest, IReadOnlyList<PayloadSignature> signatures) =>
        (Path, Length, Header, Manifest, Signatures) = (path, length, header, manifest, signatures);

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>Bytes.</summary>
    public long Length { get; }

    public PayloadHeader Header { get; }

    public PayloadManifest Manifest { get; }

    /// <summary>As they stand in the file; empty where there are none.</summary>
    public IReadOnlyList<PayloadSignature> Signatures { get; }

    /// <summary>Bytes that are signed.</summary>
    public long SignedLength => Manifest.SignaturesOffset is { } offset ? Header.MetadataSize + (long)offset : Length;

    /// <summary>Reads header, manifest and signatures, and no data.</summary>
    /// <exception cref="PayloadException">It is no payload, or cut off.</exception>
    /// <exception cref="UsageException">There is no such file.</exception>
    public static PayloadFile Open(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            return Read(path, stream);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path}: cannot be read: {fault.Message}\n  wanted:  an update payload", fault);
        }
    }

    /// <summary>Goes over all of it: places, sizes and hashes of all data, and what comes of it.</summary>
    /// <param name="target">What the operations are carried out on.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>sha256 of the bytes that are signed.</returns>
    /// <exception cref="PayloadException">The first thing that does not hold.</exception>
    public async Task<byte[]> ApplyAsync(PayloadTarget target, CancellationToken cancel)
    {
        await using var stream = new FileStream(Path, new FileStreamOptions { Options = FileOptions.Asynchronous | FileOptions.SequentialScan, BufferSize = 0 });
        return await ApplyAsync(stream, target, cancel);
    }

    internal async Task<byte[]> ApplyAsync(Stream stream, PayloadTarget target, CancellationToken cancel)
    {
        using var signed = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] metadata = new byte[Header.MetadataSize];
        await stream.ReadExactlyAsync(metadata, cancel);
        signed.AppendData(metadata);
        ulong at = 0;
        at = await CarryOutAsync(Manifest.PartitionOperations, target.Partition, stream, signed, at, cancel);
        foreach (InstallProcedure procedure in Manifest.Procedures)
            at = await CarryOutAsync(procedure.Operations, procedure.Type == ProcedureType.Kernel ? target.Kernel : null, stream, signed, at, cancel);
        ulong data = Manifest.SignaturesOffset ?? (ulong)(Length - Header.MetadataSize);
        if (at != data)
            throw Wrong(PayloadFault.Operation, $"the operations take {at} bytes of data, {data} are there", at);
        return signed.GetHashAndReset();
    }

    /// <exception cref="PayloadException">It is not signed by the key.</exception>
    public void CheckSignature(byte[] sha256, RSA key)
    {
        if (Signatures.Count == 0)
            throw new PayloadException(PayloadFault.SignatureMissing, "it is not signed");
        if (!PayloadSignature.Accepts(Signatures, sha256, key))
            throw new PayloadException(PayloadFault.Signature, $"none of its {Signatures.Count} signatures of version {PayloadSignature.ClientVersion} is by the key", SignedLength);
    }

    internal static PayloadFile Read(string path, Stream stream)
    {
        byte[] first = new byte[PayloadHeader.Length];
        int there = stream.ReadAtLeast(first, first.Length, throwOnEndOfStream: false);
        PayloadHeader header = PayloadHeader.Parse(first.AsSpan(0, there));
        if (header.MetadataSize > stream.Length)
            throw new PayloadException(PayloadFault.Manifest, $"its manifest is said to be {header.ManifestSize} bytes long, {stream.Length - PayloadHeader.Length} are left", stream.Length);
        byte[] message = new byte[header.ManifestSize];
        stream.ReadExactly(message);
        PayloadManifest manifest = PayloadManifest.Parse(message);
        return new PayloadFile(path, stream.Length, header, manifest, ReadSignatures(stream, header, manifest));
    }

    private static IReadOnlyList<PayloadSignature> ReadSignatures(Stream stream, PayloadHeader header, PayloadManifest manifest)
    {
        if (manifest.SignaturesOffset is not { } offset)
            return [];
        ulong size = manifest.SignaturesSize ?? throw new PayloadException(PayloadFault.Manifest, "its manifest says where the signatures are and not how large");
        ulong left = (ulong)(stream.Length - header.MetadataSize);
        if (offset > left || size != left - offset)
            throw new PayloadException(PayloadFault.Manifest, $"its signatures are said to be {size} bytes from byte {offset} of {left}, to the end", stream.Length);
        if (size > 1 << 20)
            throw new PayloadException(PayloadFault.Manifest, $"its signatures are said to be {size} bytes long");
        stream.Position = header.MetadataSize + (long)offset;
        byte[] blob = new byte[size];
        stream.ReadExactly(blob);
        return PayloadSignature.ParseAll(blob, header.MetadataSize + (long)offset);
    }

    private async Task<ulong> CarryOutAsync(IReadOnlyList<InstallOperation> operations, IBlockTarget? target, Stream stream, IncrementalHash signed, ulong at, CancellationToken cancel)
    {
        foreach (InstallOperation operation in operations)
        {
            cancel.ThrowIfCancellationRequested();
            if (operation.DataLength == 0)
            {
                if (operation.Type != OperationType.Move)
                    throw Wrong(PayloadFault.Operation, $"an operation of type {operation.Type} has no data", at);
                BytesOf(operation.SourceExtents, at);
                BytesOf(operation.TargetExtents, at);
                target?.Move(operation, Manifest.BlockSize);
                continue;
            }

            if (operation.DataOffset != at)
                throw Wrong(PayloadFault.Operation, $"an operation's data is said to be at {operation.DataOffset}, the one before ends at {at}", at);
            if (operation.DataLength > LongestData || operation.DataLength > (ulong)(Length - Header.MetadataSize) - at)
                throw Wrong(PayloadFault.Operation, $"an operation's data is said to be {operation.DataLength} bytes long", at);
            byte[] data = new byte[operation.DataLength];
            await stream.ReadExactlyAsync(data, cancel);
            signed.AppendData(data);
            if (operation.DataSha256 is not { } hash)
                throw Wrong(PayloadFault.OperationHashMissing, "an operation has data and no sha256 of it", at);
            if (!hash.Span.SequenceEqual(SHA256.HashData(data)))
                throw Wrong(PayloadFault.OperationHash, "an operation's data has another sha256 than its manifest says", at);
            if (target is not null)
                Write(operation, Unpacked(operation, data, at), target);
            at += operation.DataLength;
        }

        return at;
    }

    private ReadOnlyMemory<byte> Unpacked(InstallOperation operation, byte[] data, ulong at)
    {
        ulong room = BytesOf(operation.TargetExtents, at);
        switch (operation.Type)
        {
            case OperationType.Replace:
                return (ulong)data.Length <= room ? data : throw Wrong(PayloadFault.Operation, $"an operation writes {data.Length} bytes where there is room for {room}", at);
            case OperationType.ReplaceBzip:
                byte[] unpacked = new byte[room];
                return Bzip2.Decompress(data, unpacked) is { } length
                    ? unpacked.AsMemory(0, length)
                    : throw Wrong(PayloadFault.Operation, $"an operation's data does not unpack to at most {room} bytes", at);
            default:
                throw Wrong(PayloadFault.Operation, $"an operation of type {operation.Type} has data: it changes what is there, which kola does not do", at);
        }
    }

    private ulong BytesOf(IReadOnlyList<Extent> extents, ulong at)
    {
        ulong most = LongestData / Manifest.BlockSize, blocks = 0;
        foreach (Extent extent in extents)
        {
            if (extent.Blocks > most || (blocks += extent.Blocks) > most)
                throw Wrong(PayloadFault.Operation, $"an operation has more than {LongestData} bytes", at);
            if (extent.StartBlock != Extent.Hole && extent.StartBlock > FarthestByte / Manifest.BlockSize)
                throw Wrong(PayloadFault.Operation, $"an operation is for block {extent.StartBlock}", at);
        }

        return blocks * Manifest.BlockSize;
    }

    // What an operation does not fill of its last block is zero.
    private void Write(InstallOperation operation, ReadOnlyMemory<byte> bytes, IBlockTarget target)
    {
        foreach (Extent extent in operation.TargetExtents)
        {
            int length = checked((int)(extent.Blocks * Manifest.BlockSize));
            ReadOnlyMemory<byte> part = bytes[..Math.Min(length, bytes.Length)];
            bytes = bytes[part.Length..];
            if (extent.StartBlock == Extent.Hole)
                continue;
            target.Write(checked((long)(extent.StartBlock * Manifest.BlockSize)), part.Span, length);
        }
    }

    private PayloadException Wrong(PayloadFault fault, string what, ulong at) => new(fault, what, Header.MetadataSize + (long)at);
}
