using System.Text.RegularExpressions;

namespace Kola.Checks;

/// <summary>Text as a serial console prints it.</summary>
public static partial class TerminalText
{
    /// <summary>The text without escape sequences and control characters.</summary>
    public static string Strip(string text) => Sequence().Replace(text, "");

    // ESC [ 0 ; 1 ; 31 m        ESC ] 0 ; title BEL        ESC c
    [GeneratedRegex(@"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07|\x1b[@-_a-z]|[\x00-\x08\x0b-\x1f\x7f]")]
    private static partial Regex Sequence();
}
