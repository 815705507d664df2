using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Kola.Updates.Payloads;

namespace Kola.Updates;

/// <summary>What a payload says of itself, and what a server says of it.</summary>
internal sealed record PayloadSummary
{
    /// <summary>Bytes of the file.</summary>
    public required long Size { get; init; }

    /// <summary>Of the whole file, base64: <c>hash</c> of an Omaha package.</summary>
    public required string Sha1 { get; init; }

    /// <summary>Of the whole file, base64: <c>sha256</c> of an Omaha action.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Bytes before the data.</summary>
    public required long MetadataSize { get; init; }

    /// <summary>Bytes that are signed.</summary>
    public required long SignedSize { get; init; }

    public required uint BlockSize { get; init; }

    /// <summary>Operations on the partition, by type.</summary>
    public required IReadOnlyDictionary<string, int> Operations { get; init; }

    /// <summary>Bytes of data for the partition, as stored.</summary>
    public required long DataSize { get; init; }

    /// <summary>What the partition has to be before; null where that is no matter.</summary>
    public PayloadPart? OldPartition { get; init; }

    public PayloadPart? NewPartition { get; init; }

    /// <summary>Null where it brings none.</summary>
    public PayloadPart? Kernel { get; init; }

    /// <summary>Version and bytes of each.</summary>
    public required IReadOnlyList<string> Signatures { get; init; }

    public static async Task<PayloadSummary> OfAsync(PayloadFile payload, CancellationToken cancel)
    {
        using var sha1 = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await ReadAsync(payload, payload.Length, bytes =>
        {
            sha1.AppendData(bytes);
            sha256.AppendData(bytes);
        }, cancel);
        PayloadManifest manifest = payload.Manifest;
        return new PayloadSummary
        {
            Size = payload.Length,
            Sha1 = Convert.ToBase64String(sha1.GetHashAndReset()),
            Sha256 = Convert.ToBase64String(sha256.GetHashAndReset()),
            MetadataSize = payload.Header.MetadataSize,
            SignedSize = payload.SignedLength,
            BlockSize = manifest.BlockSize,
            Operations = manifest.PartitionOperations.GroupBy(o => o.Type).OrderBy(g => g.Key).ToDictionary(g => NameOf(g.Key), g => g.Count()),
            DataSize = manifest.PartitionOperations.Sum(o => (long)o.DataLength),
            OldPartition = PayloadPart.Of(manifest.OldPartition),
            NewPartition = PayloadPart.Of(manifest.NewPartition),
            Kernel = PayloadPart.Of(manifest.Kernel?.NewInfo),
            Signatures = [.. payload.Signatures.Select(s => string.Create(CultureInfo.InvariantCulture, $"version {s.Version}, {s.Data.Length} bytes"))],
        };
    }

    /// <summary>sha256 of what is signed.</summary>
    public static async Task<byte[]> SignedHashAsync(PayloadFile payload, CancellationToken cancel)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await ReadAsync(payload, payload.SignedLength, bytes => hash.AppendData(bytes), cancel);
        return hash.GetHashAndReset();
    }

    public string ForPeople()
    {
        var text = new StringBuilder();
        void Add(string name, string value) => text.Append(CultureInfo.InvariantCulture, $"{name,-16}{value}\n");
        Add("size", Size.ToString(CultureInfo.InvariantCulture));
        Add("sha1", Sha1);
        Add("sha256", Sha256);
        Add("metadata", $"{MetadataSize} bytes");
        Add("operations", $"{string.Join(", ", Operations.Select(o => $"{o.Value} {o.Key}"))}: {DataSize} bytes of data, blocks of {BlockSize}");
        if (OldPartition is not null)
            Add("old partition", OldPartition.ToString());
        Add("partition", NewPartition?.ToString() ?? "not said");
        Add("kernel", Kernel?.ToString() ?? "none");
        Add("signatures", Signatures.Count == 0 ? "none" : string.Join("; ", Signatures));
        return text.ToString();
    }

    private static string NameOf(OperationType type) => type switch
    {
        OperationType.Replace => "REPLACE",
        OperationType.ReplaceBzip => "REPLACE_BZ",
        OperationType.Move => "MOVE",
        _ => "BSDIFF",
    };

    private static async Task ReadAsync(PayloadFile payload, long length, Action<ReadOnlySpan<byte>> take, CancellationToken cancel)
    {
        await using FileStream stream = File.OpenRead(payload.Path);
        byte[] buffer = new byte[1 << 20];
        for (long left = length; left > 0;)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)), cancel);
            if (read == 0)
                break;
            take(buffer.AsSpan(0, read));
            left -= read;
        }
    }
}

/// <summary>What a part is to be.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">Of those, hex digits.</param>
internal sealed record PayloadPart(long Size, string Sha256)
{
    internal static PayloadPart? Of(InstallInfo? info) => info is null ? null : new PayloadPart((long)info.Size, Convert.ToHexStringLower(info.Sha256.Span));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Size} bytes, sha256 {Sha256}");
}
