using System.Globalization;
using System.Text;

namespace Kola.Ignition;

/// <summary>A unit as Ignition reads it, which is less strict than systemd: sections of <c>Name=value</c>, a backslash continues a line.</summary>
/// <param name="Mistake">Why it is none, in Ignition's words; null when it is one.</param>
/// <param name="HasInstall">Whether something stands in its [Install] section.</param>
internal sealed record UnitText(string? Mistake, bool HasInstall)
{
    private static readonly char[] s_spaces = [.. " \t\n\v\f\r\u0085\u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u2028\u2029\u202F\u205F\u3000"];

    /// <summary>Reads a unit; nothing is an empty one.</summary>
    internal static UnitText Read(string? text)
    {
        var reader = new Reader(Encoding.UTF8.GetBytes(text ?? ""));
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

    // What the reader of go-systemd does, step by step: it looks for lines that are too long before each step and in what its buffer then holds, so
    // whether one is too long depends on where the buffer ends.
    private sealed class Reader(byte[] text)
    {
        private const int Buffer = 4096;
        private const int LongestLine = 2048;

        private int _at;
        private int _filled;

        private enum Step
        {
            Section,
            SectionName,
            SectionEnd,
            SectionOrOption,
            Comment,
            OptionName,
            OptionValue,
            Done,
        }

        internal bool HasInstall { get; private set; }

        internal string? Mistake()
        {
            string? section = null;
            for (Step step = Step.Section; step != Step.Done;)
            {
                if (_filled - _at >= LongestLine && text.AsSpan(_at, LongestLine).IndexOfAny("\r\n"u8) < 0)
                    return "line too long (max 2048 bytes)";
                switch (step)
                {
                    case Step.Section or Step.SectionOrOption:
                        step = Begun(step);
                        break;
                    case Step.SectionName:
                        if (Until((byte)']') is not { } name)
                            return "unable to find end of section";
                        section = name;
                        step = Step.SectionEnd;
                        break;
                    case Step.SectionEnd:
                        string garbage = Line().Trim(s_spaces);
                        if (garbage.Length > 0)
                            return $"found garbage after section name : {Quoted(garbage)}";
                        step = Step.SectionOrOption;
                        break;
                    case Step.Comment:
                        while (WithoutOneSpace(Line()).EndsWith('\\'))
                        {
                        }

                        step = section is null ? Step.Section : Step.SectionOrOption;
                        break;
                    case Step.OptionName:
                        if (OptionName() is { } mistake)
                            return mistake;
                        step = Step.OptionValue;
                        break;
                    case Step.OptionValue:
                        string line = Line();
                        HasInstall |= section == "Install";
                        step = line.Trim(s_spaces).Length > 0 && line.EndsWith('\\') ? Step.OptionValue : Step.SectionOrOption;
                        break;
                }
            }

            return null;
        }

        private Step Begun(Step step)
        {
            int start = _at;
            return Letter() switch
            {
                null => Step.Done,
                '[' => Step.SectionName,
                '#' or ';' => Step.Comment,
                _ when step == Step.Section => step,
                { } space when s_spaces.Contains((char)space) => step,
                _ => Back(start),
            };
        }

        private Step Back(int to)
        {
            _at = to;
            return Step.OptionName;
        }

        private string? OptionName()
        {
            while (true)
            {
                switch (Letter())
                {
                    case null:
                        return "EOF";
                    case '\n' or '\r':
                        return "unexpected newline encountered while parsing option name";
                    case '=':
                        return null;
                }
            }
        }

        private int? Letter()
        {
            if (_at + 4 > _filled && Rune.DecodeFromUtf8(text.AsSpan(_at, _filled - _at), out _, out _) != System.Buffers.OperationStatus.Done)
                Fill();
            if (_at >= text.Length)
                return null;
            Rune.DecodeFromUtf8(text.AsSpan(_at), out Rune rune, out int bytes);
            _at += bytes;
            return rune.Value;
        }

        // The rest of the line; behind it afterwards.
        private string Line()
        {
            int start = _at;
            return Until((byte)'\n') ?? Encoding.UTF8.GetString(text.AsSpan(start, text.Length - start));
        }

        // What is before a byte, and behind that byte afterwards; null, and at the end, when it does not come.
        private string? Until(byte end)
        {
            int start = _at;
            while (true)
            {
                int found = text.AsSpan(_at, _filled - _at).IndexOf(end);
                if (found >= 0)
                {
                    _at += found + 1;
                    return Encoding.UTF8.GetString(text.AsSpan(start, _at - 1 - start));
                }

                if (_filled == text.Length)
                {
                    _at = text.Length;
                    return null;
                }

                if (_filled - _at >= Buffer)
                    _at = _filled;
                Fill();
            }
        }

        private void Fill() => _filled = Math.Min(text.Length, _at + Buffer);

        private static string WithoutOneSpace(string line) => line.EndsWith(' ') ? line[..^1] : line;
    }
}
