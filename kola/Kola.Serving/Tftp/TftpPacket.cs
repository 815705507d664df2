using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Kola.Serving.Tftp;

/// <summary>Packets of TFTP (RFC 1350) with options (RFC 2347): bytes in, data out, and the other way round.</summary>
internal static class TftpPacket
{
    internal const int ReadRequest = 1;
    internal const int WriteRequest = 2;
    internal const int Data = 3;
    internal const int Acknowledgement = 4;
    internal const int Error = 5;
    internal const int OptionAcknowledgement = 6;

    internal const int NotDefined = 0;
    internal const int NotFound = 1;
    internal const int AccessViolation = 2;
    internal const int IllegalOperation = 4;
    internal const int UnknownTransfer = 5;

    /// <summary>What kind of packet it is; 0 for none.</summary>
    internal static int KindOf(ReadOnlySpan<byte> packet) => packet.Length < 4 ? 0 : BinaryPrimitives.ReadUInt16BigEndian(packet);

    /// <summary>The block of an acknowledgement or of data, the code of an error.</summary>
    internal static int NumberOf(ReadOnlySpan<byte> packet) => BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);

    // 00 01  hello.txt 00  octet 00  blksize 00  1428 00
    /// <summary>Reads a request; null when it is none, or not well-formed.</summary>
    internal static TftpRequest? ParseRequest(ReadOnlySpan<byte> packet)
    {
        if (KindOf(packet) is not (ReadRequest or WriteRequest) || packet[^1] != 0)
            return null;
        string[] words = Encoding.UTF8.GetString(packet[2..^1]).Split('\0');
        if (words.Length < 2 || words.Length % 2 != 0 || words[0].Length == 0 || words[1].Length == 0)
            return null;
        var options = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (int at = 2; at < words.Length; at += 2)
            options.TryAdd(words[at], words[at + 1]);
        return new TftpRequest(KindOf(packet) == WriteRequest, words[0], words[1], options);
    }

    internal static byte[] DataOf(int block, ReadOnlySpan<byte> content) => [.. Head(Data, block), .. content];

    internal static byte[] AcknowledgementOf(int block) => Head(Acknowledgement, block);

    internal static byte[] ErrorOf(int code, string message) => [.. Head(Error, code), .. Encoding.ASCII.GetBytes(message), 0];

    internal static byte[] OptionsOf(IEnumerable<KeyValuePair<string, int>> options) =>
        [0, OptionAcknowledgement, .. Encoding.ASCII.GetBytes(string.Concat(options.Select(o => $"{o.Key}\0{o.Value.ToString(CultureInfo.InvariantCulture)}\0")))];

    private static byte[] Head(int kind, int number) => [0, (byte)kind, (byte)(number >> 8), (byte)number];
}

/// <summary>A request of TFTP.</summary>
/// <param name="Write">To write a file, not to read one.</param>
/// <param name="File">As it was asked for.</param>
/// <param name="Mode"><c>octet</c>, <c>netascii</c>, in any case.</param>
/// <param name="Options">By name, in any case.</param>
internal sealed record TftpRequest(bool Write, string File, string Mode, IReadOnlyDictionary<string, string> Options);
