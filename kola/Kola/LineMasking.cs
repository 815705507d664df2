using System.Text.RegularExpressions;

namespace Kola;

/// <summary>Masks a log that comes line by line, where a key is spread over several lines. Not thread-safe: one a log.</summary>
internal sealed partial class LineMasking(Masking masking)
{
    // The longest key has 100 lines or so. Lines of others in between are counted, and left alone.
    private const int LongestKey = 300;

    private int _within;

    /// <summary>The line without secrets; the same object when there is none in it.</summary>
    internal string Mask(string line)
    {
        if (_within == 0 && !masking.MightHold(line))
            return line;
        bool ends = line.Contains("-----END ", StringComparison.Ordinal);
        if (_within > 0)
        {
            _within = ends ? 0 : _within - 1;
            if (Body().Match(line) is { Success: true, Groups: var groups })
                return string.Concat(line.AsSpan(0, groups["secret"].Index), Masking.Mark("private key"), line.AsSpan(groups["secret"].Index + groups["secret"].Length));
        }

        string masked = masking.Mask(line);
        if (!ends && Begin().IsMatch(line))
            _within = LongestKey;
        return masked;
    }

    /// <summary>A whole text, line by line.</summary>
    internal static string MaskLines(Masking masking, string text)
    {
        var lines = new LineMasking(masking);
        return string.Join('\n', text.Split('\n').Select(lines.Mask));
    }

    // Nov 22 18:15:00.123456 cat[77]: b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
    [GeneratedRegex(@"(?:^|[\s:])(?<secret>[A-Za-z0-9+/]{20,}={0,2}|[A-Za-z0-9+/]+={1,2}|-----END [A-Z0-9 ]*PRIVATE KEY-----)\s*$")]
    internal static partial Regex Body();

    // Nov 22 18:15:00.123456 cat[77]: -----BEGIN OPENSSH PRIVATE KEY-----
    [GeneratedRegex("-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----")]
    internal static partial Regex Begin();
}
