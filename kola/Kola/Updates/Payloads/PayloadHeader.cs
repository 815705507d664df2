using System.Buffers.Binary;

namespace Kola.Updates.Payloads;

/// <summary>The first bytes of a payload.</summary>
/// <param name="Version">Version of the format; nobody looks at it.</param>
/// <param name="ManifestSize">Bytes of the manifest that follows.</param>
internal readonly record struct PayloadHeader(ulong Version, int ManifestSize)
{
    /// <summary>Bytes of a header.</summary>
    public const int Length = 20;

    /// <summary>Most bytes a manifest may have: some 130 are needed for a MiB of an update.</summary>
    public const int LongestManifest = 256 << 20;

    private static ReadOnlySpan<byte> Magic => "CrAU"u8;

    /// <summary>Bytes before the data: header and manifest.</summary>
    public long MetadataSize => Length + (long)ManifestSize;

    /// <exception cref="PayloadException">It is no header.</exception>
    public static PayloadHeader Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Magic.Length || !bytes[..Magic.Length].SequenceEqual(Magic))
            throw new PayloadException(PayloadFault.Magic, "it does not begin with CrAU", 0);
        if (bytes.Length < Length)
            throw new PayloadException(PayloadFault.Manifest, $"it ends after {bytes.Length} bytes, within its header", bytes.Length);
        ulong size = BinaryPrimitives.ReadUInt64BigEndian(bytes[12..]);
        return size <= LongestManifest
            ? new PayloadHeader(BinaryPrimitives.ReadUInt64BigEndian(bytes[4..]), (int)size)
            : throw new PayloadException(PayloadFault.Manifest, $"its manifest is said to be {size} bytes long, more than {LongestManifest}", 12);
    }

    public byte[] ToBytes()
    {
        byte[] bytes = new byte[Length];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(4), Version);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(12), (ulong)ManifestSize);
        return bytes;
    }
}
