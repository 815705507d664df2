using System.Globalization;
using System.Text;

namespace Kola.Ignition;

/// <summary>A unit as Ignition reads it, which is less strict than systemd: sections of <c>Name=value</c>, a backslash continues a line.</summary>
/// <param name="Mistake">Why it is none, in Ignition's words; null when it is one.</param>
/// <param name="HasInstall">Whether something stands in its [Install] section.</param>
internal sealed record UnitText(string? Mistake, bool HasInstall)
{
    private const string AnySpace = " \t\n\v\f\r\u0085\u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u2028\u2029\u202F\u205F\u3000";

    /// <summary>Reads a unit; nothing is an empty one.</summary>
    internal static UnitText Read(string? text)
    {
        var reader = new Reader(text ?? "");
        return new UnitText(reader.Mistake() is { } mistake ? $"invalid unit content: {mistake}" : null, reader.HasInstall);
    }

    /// <summary>A text in double quotes as Go writes it.</summary>
    internal static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (char c in text)
        {
            quoted.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\a' => "\\a",
                '\b' => "\\b",
                '\f' => "\\f",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\v' => "\\v",
                < ' ' or '\x7f' => string.Create(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
                _ => c.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }

    private sealed class Reader(string text)
    {
        private int _at;

        internal bool HasInstall { get; private set; }

        internal string? Mistake()
        {
            string? section = null;
            while (_at < text.Length)
            {
                char c = text[_at++];
                if (c == '[')
                {
                    int end = text.IndexOf(']', _at);
                    if (end < 0)
                        return "unable to find end of section";
                    section = text[_at..end];
                    _at = end + 1;
                    string garbage = Line().Trim(AnySpace.ToCharArray());
                    if (garbage.Length > 0)
                        return $"found garbage after section name : {Quoted(garbage)}";
                }
                else if (c is '#' or ';')
                {
                    while (_at < text.Length && WithoutOneSpace(Line()).EndsWith('\\'))
                    {
                    }
                }
                else if (section is not null && !AnySpace.Contains(c, StringComparison.Ordinal))
                {
                    _at--;
                    int end = text.IndexOfAny(['=', '\n', '\r'], _at);
                    if (end < 0)
                        return "EOF";
                    if (text[end] != '=')
                        return "unexpected newline encountered while parsing option name";
                    _at = end + 1;
                    for (string line = Line(); line.Trim(AnySpace.ToCharArray()).Length > 0 && line.EndsWith('\\'); line = Line())
                    {
                    }

                    HasInstall |= section == "Install";
                }
            }

            return null;
        }

        // The rest of the line; behind it afterwards.
        private string Line()
        {
            int end = text.IndexOf('\n', _at);
            string line = end < 0 ? text[_at..] : text[_at..end];
            _at = end < 0 ? text.Length : end + 1;
            return line;
        }

        private static string WithoutOneSpace(string line) => line.EndsWith(' ') ? line[..^1] : line;
    }
}
