using System.Text.RegularExpressions;

namespace Kola.Reporting;

/// <summary>Reads the lines every message of kola is made of.</summary>
internal static partial class MessageLines
{
    /// <summary>What was wanted; null when the message does not say.</summary>
    internal static string? Wanted(string? message) => Find(message, "wanted");

    /// <summary>What was seen instead; null when the message does not say.</summary>
    internal static string? Got(string? message) => Find(message, "got");

    private static string? Find(string? message, string word) =>
        Line().Matches(PlainText.Clean(message)).FirstOrDefault(line => line.Groups[1].Value == word)?.Groups[2].Value.Trim();

    //   wanted:  active within 120 s
    [GeneratedRegex(@"^  (wanted|got): +(.*)$", RegexOptions.Multiline)]
    private static partial Regex Line();
}
