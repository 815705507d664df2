using System.Security.Cryptography;
using System.Text;

namespace Kola.Reporting;

/// <summary>UUIDs that are the same whenever the same run is rendered.</summary>
internal static class StableId
{
    /// <summary>Version 8 of RFC 9562, made of SHA-256 of the parts; other parts, or others in number, give another one.</summary>
    internal static string Of(params ReadOnlySpan<string> parts)
    {
        var text = new StringBuilder();
        foreach (string part in parts)
            text.Append(part.Length).Append(':').Append(part);
        Span<byte> bytes = SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 16);
        bytes[6] = (byte)((bytes[6] & 0x0f) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        return new Guid(bytes, bigEndian: true).ToString();
    }
}
