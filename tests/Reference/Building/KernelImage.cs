using System.Buffers.Binary;
using System.Text;
using Flatcar.Reference.Gpt;

namespace Flatcar.Reference.Building;

/// <summary>An x86 bzImage (Linux' Documentation/arch/x86/boot.rst).</summary>
internal static class KernelImage
{
    private const int SetupSectors = 0x1F1, PayloadOffset = 0x248, PayloadLength = 0x24C, PeHeaderPointer = 0x3C, SetupMagic = 0x202;

    /// <summary>Bytes of the root hash: 64 hex digits.</summary>
    private const int RootHashLength = 64;

    /// <summary>The compressed kernel proper, without the length that follows it.</summary>
    public static (string Decompressor, byte[] Payload) Payload(byte[] kernel)
    {
        CheckMagic(kernel);
        var start = (kernel[SetupSectors] + 1) * 512 + BinaryPrimitives.ReadInt32LittleEndian(kernel.AsSpan(PayloadOffset));
        var payload = kernel.AsSpan(start, BinaryPrimitives.ReadInt32LittleEndian(kernel.AsSpan(PayloadLength)) - sizeof(uint));
        var tool = payload switch
        {
            [0x28, 0xB5, 0x2F, 0xFD, ..] => "zstd -d -c",
            [0xFD, (byte)'7', (byte)'z', ..] => "xz -d -c",
            [0x1F, 0x8B, ..] => "gzip -d -c",
            _ => throw new ReferenceBuildException("Debian's kernel is compressed in a way the recipe does not know"),
        };
        return (tool, payload.ToArray());
    }

    /// <summary>
    /// Puts the root hash where Flatcar's kernels have it. Since a stock kernel has its PE header in that place, the header moves
    /// up by 64 bytes, into what is free before the setup header: UEFI boots the result like the original.
    /// </summary>
    public static byte[] WithRootHash(byte[] kernel, string rootHash)
    {
        CheckMagic(kernel);
        ArgumentOutOfRangeException.ThrowIfNotEqual(rootHash.Length, RootHashLength, nameof(rootHash));
        const int from = FlatcarDisk.KernelRootHashOffset, to = from + RootHashLength;
        if (BinaryPrimitives.ReadInt32LittleEndian(kernel.AsSpan(PeHeaderPointer)) != from || !kernel.AsSpan(from, 4).SequenceEqual("PE\0\0"u8))
            throw new ReferenceBuildException("Debian's kernel has its PE header in another place than 0x40");
        var sections = BinaryPrimitives.ReadUInt16LittleEndian(kernel.AsSpan(from + 6));
        var optional = BinaryPrimitives.ReadUInt16LittleEndian(kernel.AsSpan(from + 20));
        var length = 24 + optional + sections * 40;
        if (to + length > SetupSectors || kernel.AsSpan(from + length, SetupSectors - from - length).ContainsAnyExcept((byte)0, (byte)0xFF))
            throw new ReferenceBuildException("Debian's kernel has no room for a root hash before its setup header");
        var result = (byte[])kernel.Clone();
        kernel.AsSpan(from, length).CopyTo(result.AsSpan(to));
        Encoding.ASCII.GetBytes(rootHash, result.AsSpan(from));
        BinaryPrimitives.WriteInt32LittleEndian(result.AsSpan(PeHeaderPointer), to);
        return result;
    }

    private static void CheckMagic(byte[] kernel)
    {
        if (kernel.Length < 4096 || !kernel.AsSpan(SetupMagic, 4).SequenceEqual("HdrS"u8))
            throw new ReferenceBuildException("Debian's kernel is not a bzImage");
    }
}
