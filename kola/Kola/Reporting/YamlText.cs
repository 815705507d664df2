using System.Globalization;
using System.Text;

namespace Kola.Reporting;

/// <summary>Text as YAML 1.1 and 1.2 read it back, on one line whatever is in it.</summary>
internal static class YamlText
{
    /// <summary>In double quotes. Not JSON's way: JSON may write a rune in two halves, which YAML does not put together.</summary>
    internal static string Quote(string? text)
    {
        var quoted = new StringBuilder("\"");
        foreach (Rune rune in PlainText.Clean(text).EnumerateRunes())
        {
            quoted.Append(rune.Value switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\t' => "\\t",
                // Line ends to some readers, invisible to all.
                0x2028 or 0x2029 or 0xfeff => string.Create(CultureInfo.InvariantCulture, $"\\u{rune.Value:X4}"),
                _ => rune.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }
}
