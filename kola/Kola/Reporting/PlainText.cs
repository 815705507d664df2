using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Kola.Reporting;

/// <summary>Makes text from a machine fit for XML, TAP and a person's terminal.</summary>
internal static partial class PlainText
{
    /// <summary>
    /// Without escape sequences and control characters, line ends as <c>\n</c>; whatever XML 1.0 cannot hold becomes U+FFFD.
    /// </summary>
    internal static string Clean(string? text)
    {
        if (text is null)
            return "";
        var clean = new StringBuilder(text.Length);
        foreach (Rune rune in EscapeSequence().Replace(text, "").ReplaceLineEndings("\n").EnumerateRunes())
        {
            if (rune.Value is '\n' or '\t' || !Rune.IsControl(rune))
                clean.Append(rune.Value is 0xfffe or 0xffff ? Rune.ReplacementChar.ToString() : rune.ToString());
        }

        return clean.ToString();
    }

    /// <summary>The clean text's first line: what stands alone in a list.</summary>
    internal static string FirstLine(string? text) => Clean(text).Split('\n')[0].TrimEnd();

    /// <summary>The clean text on one line.</summary>
    internal static string OneLine(string? text) => Clean(text).Replace('\n', ' ').Replace('\t', ' ').Trim();

    /// <summary><c>0.03 s</c>, <c>42.1 s</c>, <c>12 min 3 s</c>, <c>2 h 5 min</c>.</summary>
    internal static string Duration(double seconds)
    {
        CultureInfo plain = CultureInfo.InvariantCulture;
        if (!double.IsFinite(seconds))
            return "?";
        long whole = (long)Math.Round(Math.Clamp(seconds, 0, 1e9));
        return seconds switch
        {
            < 9.995 => string.Create(plain, $"{Math.Max(0, seconds):0.00} s"),
            < 59.95 => string.Create(plain, $"{seconds:0.0} s"),
            < 3599.5 => string.Create(plain, $"{whole / 60} min {whole % 60} s"),
            _ => string.Create(plain, $"{whole / 3600} h {whole % 3600 / 60} min"),
        };
    }

    /// <summary><c>1 test</c>, <c>2 tests</c>.</summary>
    internal static string Count(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");

    // ESC [ 0 ; 1 ; 31 m        ESC ] 0 ; title BEL        ESC ( B        ESC c
    [GeneratedRegex(@"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)|[()].|[@-Z\\^-~])")]
    private static partial Regex EscapeSequence();
}
