using System.Globalization;
using System.Text;

namespace Kola.Ignition;

/// <summary>What a data URL (RFC 2397) holds, or why Ignition takes it for none, in the words of the library Ignition decodes them with.</summary>
/// <param name="Content">The bytes; empty when there is a mistake.</param>
/// <param name="Mistake">Null when it is one.</param>
internal sealed record DataUrl(byte[] Content, string? Mistake)
{
    private const string TokenDelimiters = "()<>@,;:\\\"/[]?=";
    private const string NotInData = " <>#\"{}|\\^[]`";
    private static readonly string[] s_mediaTypes = ["text", "image", "audio", "video", "application", "message", "multipart"];

    /// <summary>Takes a data URL apart: <c>data:text/plain;charset=utf-8;base64,aGVsbG8=</c>.</summary>
    internal static DataUrl Decode(string url)
    {
        if (!url.StartsWith("data:", StringComparison.Ordinal))
            return Wrong("missing data prefix");
        int at = "data:".Length;
        bool base64 = false;
        if (Head(url, ref at, ref base64) is { } mistake)
            return Wrong(mistake);
        string data = url[(at + 1)..];
        return !data.All(base64 ? IsBase64 : IsUrl) ? Wrong("invalid data character") : base64 ? FromBase64(data) : Unescaped(data);
    }

    // From behind "data:" to the comma.
    private static string? Head(string url, ref int at, ref bool base64)
    {
        const string NoComma = "missing comma before data";
        if (at >= url.Length)
            return NoComma;
        if (url[at] is not (';' or ',') && MediaType(url, ref at) is { } mistake)
            return mistake;
        while (at < url.Length && url[at] == ';')
        {
            int start = ++at;
            if (at >= url.Length || url[at] is '=' or ',')
                return "unterminated parameter sequence";
            for (; at < url.Length && url[at] is not ('=' or ','); at++)
            {
                if (!IsToken(url[at]))
                    return "invalid character for parameter attribute";
            }

            if (at >= url.Length)
                return "unterminated parameter sequence";
            if (url[at] == ',')
            {
                base64 = true;
                return url[start..at] == "base64" ? null : $"expected base64, got {url[start..at]}";
            }

            at++;
            if (Value(url, ref at) is { } wrong)
                return wrong;
            if (at < url.Length && url[at] is not (';' or ','))
                return "expected semicolon or comma";
        }

        return at < url.Length ? null : NoComma;
    }

    private static string? MediaType(string url, ref int at)
    {
        int start = at;
        if (!IsToken(url[at]))
            return "invalid character after data prefix";
        for (; at < url.Length && url[at] != '/'; at++)
        {
            if (!IsToken(url[at]))
                return "invalid character for media type";
        }

        if (at >= url.Length)
            return "missing media type slash";
        string type = url[start..at];
        if (!type.StartsWith("x-", StringComparison.OrdinalIgnoreCase) && !s_mediaTypes.Any(known => type.StartsWith(known, StringComparison.Ordinal)))
            return "invalid media type";
        for (at++; at < url.Length && url[at] is not (';' or ','); at++)
        {
            if (!IsToken(url[at]))
                return "invalid character for media subtype";
        }

        return at < url.Length ? null : "incomplete media type";
    }

    private static string? Value(string url, ref int at)
    {
        if (at >= url.Length)
            return "missing comma before data";
        int start = at;
        if (url[at] == '"')
        {
            for (at++; at < url.Length && url[at] != '"'; at++)
            {
                if (url[at] == '\\' && ++at >= url.Length)
                    return "unclosed quoted string";
                if (url[at] > '\x7f')
                    return url[at - 1] == '\\' ? "invalid escaped character" : "invalid character for parameter value";
            }

            if (at >= url.Length)
                return "unclosed quoted string";
            at++;
            return IsQuotable(url[(start + 1)..(at - 1)]) ? null : "invalid syntax";
        }

        if (!IsToken(url[at]))
            return "invalid character for parameter value";
        for (; at < url.Length && url[at] is not (';' or ','); at++)
        {
            if (!IsToken(url[at]))
                return "invalid character for parameter value";
        }

        return at >= url.Length ? "missing comma before data" : Unescaped(url[start..at]).Mistake;
    }

    // What Go takes between double quotes.
    private static bool IsQuotable(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\n')
                return false;
            if (text[i] != '\\')
                continue;
            char escape = ++i < text.Length ? text[i] : '\0';
            int digits = escape switch { 'x' => 2, 'u' => 4, 'U' => 8, >= '0' and <= '7' => 2, _ => 0 };
            if (digits == 0 && !"abfnrtv\\\"".Contains(escape, StringComparison.Ordinal))
                return false;
            if (i + digits >= text.Length && digits > 0)
                return false;
            if (!text.AsSpan(i + 1, digits).ToString().All(c => escape is >= '0' and <= '7' ? c is >= '0' and <= '7' : char.IsAsciiHexDigit(c)))
                return false;
            i += digits;
        }

        return true;
    }

    // hello%20world
    private static DataUrl Unescaped(string text)
    {
        var content = new List<byte>();
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '%')
            {
                content.Add((byte)text[i]);
                continue;
            }

            for (int digit = 1; digit <= 2; digit++)
            {
                if (i + digit >= text.Length)
                    return Wrong("rfc2396: unexpected end of unescape sequence");
                if (!char.IsAsciiHexDigit(text[i + digit]))
                    return Wrong("rfc2396: invalid char 0x25 in unescape sequence");
            }

            content.Add(Convert.ToByte(text.Substring(i + 1, 2), 16));
            i += 2;
        }

        return new DataUrl([.. content], null);
    }

    // Four characters at a time, = at the very end only; Go names the byte it stumbled over, and does not mind bits that are left over.
    private static DataUrl FromBase64(string text)
    {
        static DataUrl Corrupt(int at) => Wrong(string.Create(CultureInfo.InvariantCulture, $"illegal base64 data at input byte {at}"));
        int padding = text.IndexOf('=', StringComparison.Ordinal);
        int length = padding < 0 ? text.Length : padding;
        int last = length % 4;
        if (padding < 0 && last != 0)
            return Corrupt(text.Length - last);
        if (padding >= 0)
        {
            if (last < 2)
                return Corrupt(padding);
            if (last == 2 && padding + 1 == text.Length)
                return Corrupt(text.Length);
            if (last == 2 && text[padding + 1] != '=')
                return Corrupt(padding);
            int end = padding + (last == 2 ? 2 : 1);
            if (end < text.Length)
                return Corrupt(end);
        }

        var content = new List<byte>();
        int bits = 0;
        for (int i = 0; i < length; i++)
        {
            bits = ((bits << 6) | "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".IndexOf(text[i], StringComparison.Ordinal)) & 0xffff;
            if (i % 4 > 0)
                content.Add((byte)(bits >> (6 - (2 * (i % 4)))));
        }

        return new DataUrl([.. content], null);
    }

    private static bool IsToken(char c) => c is > ' ' and < '\x7f' && !TokenDelimiters.Contains(c, StringComparison.Ordinal);

    private static bool IsUrl(char c) => c is > ' ' and < '\x7f' && !NotInData.Contains(c, StringComparison.Ordinal);

    private static bool IsBase64(char c) => char.IsAsciiLetterOrDigit(c) || c is '+' or '/' or '=';

    private static DataUrl Wrong(string mistake) => new([], mistake);

    /// <summary>The bytes as UTF-8; null when they are none.</summary>
    internal string? AsText()
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Content);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
