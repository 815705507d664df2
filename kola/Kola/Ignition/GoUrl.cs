using System.Text;

namespace Kola.Ignition;

/// <summary>A URL as Go's net/url, and so Ignition, takes it apart; .NET's Uri takes and refuses others.</summary>
/// <param name="Scheme">In small letters; empty of a relative URL.</param>
/// <param name="Opaque">What follows the scheme of one without slashes: of <c>arn:aws:s3:::b/k</c>.</param>
/// <param name="Query">What follows the first question mark.</param>
internal sealed record GoUrl(string Scheme, string Opaque, string Query)
{
    private const string InHost = "!$&'()*+,;=:[]<>\"-_.~";
    private const string InUser = "-._:~!$&'()*+,;=%@";

    /// <summary>Length in UTF-8, which is what Ignition counts.</summary>
    internal static int Bytes(string text) => Encoding.UTF8.GetByteCount(text);

    /// <summary>Takes a URL apart; null when Go cannot.</summary>
    internal static GoUrl? Parse(string text)
    {
        if (text.Any(c => c is < ' ' or '\x7f'))
            return null;
        int hash = text.IndexOf('#', StringComparison.Ordinal);
        if (hash >= 0 && !IsEscaped(text[(hash + 1)..]))
            return null;
        string rest = hash >= 0 ? text[..hash] : text;
        if (rest == "*")
            return new GoUrl("", "", "");
        int length = SchemeLength(rest);
        if (length < 0)
            return null;
        string scheme = rest[..length].ToLowerInvariant();
        rest = length > 0 ? rest[(length + 1)..] : rest;
        int mark = rest.IndexOf('?', StringComparison.Ordinal);
        string query = mark >= 0 ? rest[(mark + 1)..] : "";
        rest = mark >= 0 ? rest[..mark] : rest;
        if (!rest.StartsWith('/'))
        {
            if (scheme.Length > 0)
                return new GoUrl(scheme, rest, query);
            if (rest.Split('/')[0].Contains(':', StringComparison.Ordinal))
                return null;
        }

        if (rest.StartsWith("//", StringComparison.Ordinal) && (scheme.Length > 0 || !rest.StartsWith("///", StringComparison.Ordinal)))
        {
            int slash = rest.IndexOf('/', 2);
            string authority = slash < 0 ? rest[2..] : rest[2..slash];
            rest = slash < 0 ? "" : rest[slash..];
            if (!IsAuthority(authority))
                return null;
        }

        return IsEscaped(rest) ? new GoUrl(scheme, "", query) : null;
    }

    /// <summary>The first value of a name in the query; null when there is none. Pairs that cannot be decoded are passed over.</summary>
    internal string? FirstQuery(string name) => Query.Split('&')
        .Where(pair => !pair.Contains(';', StringComparison.Ordinal) && pair.Length > 0 && IsEscaped(pair))
        .Select(pair => pair.Split('=', 2))
        .Where(pair => Uri.UnescapeDataString(pair[0].Replace('+', ' ')) == name)
        .Select(pair => pair.Length > 1 ? pair[1] : "")
        .FirstOrDefault();

    // -1: it begins with a colon. 0: there is none.
    private static int SchemeLength(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == ':')
                return i == 0 ? -1 : i;
            if (!char.IsAsciiLetter(c) && (i == 0 || !(char.IsAsciiDigit(c) || c is '+' or '-' or '.')))
                return 0;
        }

        return 0;
    }

    private static bool IsAuthority(string authority)
    {
        int at = authority.LastIndexOf('@');
        if (at >= 0 && !(authority[..at].All(c => char.IsAsciiLetterOrDigit(c) || InUser.Contains(c, StringComparison.Ordinal)) && IsEscaped(authority[..at])))
            return false;
        string host = authority[(at + 1)..];
        if (!host.StartsWith('['))
            return IsPort(host.LastIndexOf(':') is >= 0 and var colon ? host[colon..] : "") && IsHost(host);
        int end = host.LastIndexOf(']');
        if (end < 0 || !IsPort(host[(end + 1)..]))
            return false;
        // [fe80::1%25eth0]: what follows the zone's mark is free but for its escapes.
        int zone = host[..end].IndexOf("%25", StringComparison.Ordinal);
        return zone < 0 ? IsHost(host) : IsHost(host[..zone]) && IsEscaped(host[zone..end]) && IsHost(host[end..]);
    }

    private static bool IsPort(string text) => text.Length == 0 || (text[0] == ':' && text.Skip(1).All(char.IsAsciiDigit));

    // Of escapes in a host only those of bytes beyond ASCII, and of the percent sign.
    private static bool IsHost(string host)
    {
        for (int i = 0; i < host.Length; i++)
        {
            if (host[i] == '%')
            {
                if (!IsEscape(host, i) || (host[i + 1] < '8' && host[i..(i + 3)] != "%25"))
                    return false;
                i += 2;
            }
            else if (host[i] < 0x80 && !char.IsAsciiLetterOrDigit(host[i]) && !InHost.Contains(host[i], StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsEscaped(string text) => !Enumerable.Range(0, text.Length).Any(i => text[i] == '%' && !IsEscape(text, i));

    private static bool IsEscape(string text, int at) => at + 2 < text.Length && char.IsAsciiHexDigit(text[at + 1]) && char.IsAsciiHexDigit(text[at + 2]);
}
