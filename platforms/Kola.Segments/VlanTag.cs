using System.Buffers.Binary;

namespace Kola.Segments;

/// <summary>The tag of a frame in a VLAN (IEEE 802.1Q): four bytes behind the two addresses.</summary>
internal static class VlanTag
{
    private const int At = 12;
    private const int Bytes = 4;
    private const ushort Type = 0x8100;

    /// <summary>Bytes of a frame that are not the packet's.</summary>
    public static int Overhead(ReadOnlySpan<byte> frame) => 14 + (Of(frame) is null ? 0 : Bytes);

    /// <summary>Number of the VLAN; null without a tag.</summary>
    public static int? Of(ReadOnlySpan<byte> frame) =>
        frame.Length >= At + Bytes && BinaryPrimitives.ReadUInt16BigEndian(frame[At..]) == Type ? BinaryPrimitives.ReadUInt16BigEndian(frame[(At + 2)..]) & 0xFFF : null;

    /// <summary>The frame with a tag.</summary>
    public static byte[] Add(ReadOnlySpan<byte> frame, int vlan)
    {
        byte[] tagged = new byte[frame.Length + Bytes];
        frame[..At].CopyTo(tagged);
        BinaryPrimitives.WriteUInt16BigEndian(tagged.AsSpan(At), Type);
        BinaryPrimitives.WriteUInt16BigEndian(tagged.AsSpan(At + 2), (ushort)vlan);
        frame[At..].CopyTo(tagged.AsSpan(At + Bytes));
        return tagged;
    }

    /// <summary>The frame without the tag it has.</summary>
    public static byte[] Remove(ReadOnlySpan<byte> frame)
    {
        byte[] plain = new byte[frame.Length - Bytes];
        frame[..At].CopyTo(plain);
        frame[(At + Bytes)..].CopyTo(plain.AsSpan(At));
        return plain;
    }
}
