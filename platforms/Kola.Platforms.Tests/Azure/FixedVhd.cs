using System.Buffers.Binary;

namespace Kola.Platforms.Tests.Azure;

/// <summary>What Azure wants of an uploaded disk: a fixed VHD of whole MiB, which is the raw disk and a footer of 512 bytes.</summary>
internal static class FixedVhd
{
    private const int FooterBytes = 512;
    private const int Fixed = 2;

    /// <summary>Makes the raw disk of it.</summary>
    /// <returns>What is wrong with it; null when nothing is.</returns>
    public static string? Unwrap(string file)
    {
        using FileStream disk = File.Open(file, FileMode.Open, FileAccess.ReadWrite);
        byte[] footer = new byte[FooterBytes];
        disk.Position = disk.Length - FooterBytes;
        disk.ReadExactly(footer);
        if (!footer.AsSpan(0, 8).SequenceEqual("conectix"u8))
            return "The specified cookie value in VHD footer indicates that the disk is not a supported VHD.";
        if (BinaryPrimitives.ReadInt32BigEndian(footer.AsSpan(60)) != Fixed)
            return "The disk is not a fixed VHD.";
        long size = BinaryPrimitives.ReadInt64BigEndian(footer.AsSpan(48));
        if (size % (1 << 20) != 0 || size != disk.Length - FooterBytes)
            return $"The size of the disk, {size} bytes, is not a whole number of MBs, or not that of the blob.";
        disk.SetLength(size);
        return null;
    }
}
