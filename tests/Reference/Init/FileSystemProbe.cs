using System.Buffers.Binary;
using System.Text;
using Flatcar.Reference.Gpt;

namespace Flatcar.Reference.Init;

/// <summary>A file system recognised by its superblock.</summary>
/// <param name="Type">As mount(2) names it.</param>
/// <param name="Label">"" when it has none.</param>
/// <param name="Bytes">Its own idea of its size.</param>
/// <param name="BlockSize">0 where <see cref="Probe"/> has no use for it.</param>
internal sealed record FileSystemProbe(string Type, string Label, long Bytes, int BlockSize)
{
    /// <summary>Null: nothing known is there.</summary>
    public static FileSystemProbe? Probe(string device)
    {
        var data = new byte[0x11000];
        using (var file = BlockDevice.Open(device, FileAccess.Read))
        {
            if (file.ReadAtLeast(data, data.Length, throwOnEndOfStream: false) < data.Length)
                return null;
        }
        ReadOnlySpan<byte> span = data;
        var ext = span[0x400..];
        if (BinaryPrimitives.ReadUInt16LittleEndian(ext[0x38..]) == 0xEF53)
        {
            var blockSize = 1024 << BinaryPrimitives.ReadInt32LittleEndian(ext[0x18..]);
            var blocks = BinaryPrimitives.ReadUInt32LittleEndian(ext[4..]) | ((long)BinaryPrimitives.ReadUInt32LittleEndian(ext[0x150..]) << 32);
            return new("ext4", Text(ext.Slice(0x78, 16)), blocks * blockSize, blockSize);
        }
        if (span[0x10040..].StartsWith("_BHRfS_M"u8))
            return new("btrfs", Text(span.Slice(0x1012B, 256)), BinaryPrimitives.ReadInt64LittleEndian(span[0x10070..]), 0);
        if (span.StartsWith("XFSB"u8))
        {
            var blockSize = BinaryPrimitives.ReadInt32BigEndian(span[4..]);
            return new("xfs", Text(span.Slice(0x6C, 12)), BinaryPrimitives.ReadInt64BigEndian(span[8..]) * blockSize, blockSize);
        }
        return null;
    }

    /// <summary>A LUKS volume is there, of either version.</summary>
    public static bool IsLuks(string device)
    {
        var data = new byte[6];
        using var file = BlockDevice.Open(device, FileAccess.Read);
        return file.ReadAtLeast(data, data.Length, throwOnEndOfStream: false) == data.Length && data is [(byte)'L', (byte)'U', (byte)'K', (byte)'S', 0xBA, 0xBE];
    }

    private static string Text(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }
}
