using System.Globalization;
using System.Text;

namespace Kola.Ignition;

/// <summary>
/// JSON (RFC 8259) with the place of every value, as strict as Ignition's own reader: no comments, no commas at the end, nothing after the value.
/// Members written twice are kept; whoever reads the object says what becomes of them. Half a surrogate pair becomes U+FFFD, as in Ignition.
/// </summary>
internal static class JsonText
{
    /// <summary>Objects and lists within one another. Ignition's reader stops at 10000; no config has more than a dozen.</summary>
    internal const int DeepestNesting = 500;

    /// <summary>Reads a text. Never throws, whatever it is; the first mistake ends the reading.</summary>
    /// <param name="json">The text. A byte order mark at its beginning is an error, as it is to Ignition.</param>
    /// <returns>An object, or why there is none, with its place.</returns>
    internal static ConfigReading<ObjectNode> Read(string json)
    {
        try
        {
            return new Reader(json).Whole() is ObjectNode root ? new(root, []) : Wrong(new Position(1, 1), "not an Ignition config", "a JSON object with ignition.version");
        }
        catch (JsonMistake mistake)
        {
            return Wrong(mistake.At, $"not JSON: {mistake.Message}", "an Ignition config, JSON with ignition.version");
        }
    }

    /// <summary>Whether a text is one JSON value.</summary>
    internal static bool IsJson(string text)
    {
        try
        {
            new Reader(text).Whole();
            return true;
        }
        catch (JsonMistake)
        {
            return false;
        }
    }

    private static ConfigReading<ObjectNode> Wrong(Position at, string message, string wanted) =>
        new(null, [new ConfigProblem(ProblemSeverity.Error, "$", at, message, wanted)]);

    private sealed class JsonMistake(Position at, string message) : Exception(message)
    {
        internal Position At { get; } = at;
    }

    private sealed class Reader(string text)
    {
        private int _at;
        private int _line = 1;
        private int _lineStart;
        private int _depth;

        private Position Here => new(_line, _at - _lineStart + 1);

        private char Now => _at < text.Length ? text[_at] : '\0';

        internal ConfigNode Whole()
        {
            if (string.IsNullOrWhiteSpace(text))
                throw Mistake("there is nothing in it");
            if (Now == '\uFEFF')
                throw Mistake("it begins with a byte order mark");
            ConfigNode value = Value();
            Space();
            return _at == text.Length ? value : throw Mistake($"{Shown()} after the end of the config");
        }

        private ConfigNode Value()
        {
            Space();
            Position at = Here;
            switch (Now)
            {
                case '{':
                    return new ObjectNode(Items('}', Member), at);
                case '[':
                    return new ArrayNode(Items(']', Value), at);
                case '"':
                    return new StringNode(Text(), at);
                case 't':
                    Word("true");
                    return new BooleanNode(true, at);
                case 'f':
                    Word("false");
                    return new BooleanNode(false, at);
                case 'n':
                    Word("null");
                    return new NullNode(at);
                case '-' or (>= '0' and <= '9'):
                    return new NumberNode(Number(), at);
                default:
                    throw Mistake($"{Shown()} where a value should begin");
            }
        }

        private List<T> Items<T>(char end, Func<T> read)
        {
            if (++_depth > DeepestNesting)
                throw Mistake($"more than {DeepestNesting} objects and lists within one another");
            _at++;
            var items = new List<T>();
            Space();
            if (Now != end || _at >= text.Length)
            {
                items.Add(read());
                for (Space(); Now == ','; Space())
                {
                    _at++;
                    items.Add(read());
                }

                if (Now != end)
                    throw Mistake($"{Shown()} where , or {end} should be");
            }

            _at++;
            _depth--;
            return items;
        }

        private ConfigMember Member()
        {
            Space();
            Position at = Here;
            if (Now != '"')
                throw Mistake($"{Shown()} where a key in double quotes should be");
            string name = Text();
            Space();
            if (Now != ':')
                throw Mistake($"{Shown()} where : should be");
            _at++;
            return new ConfigMember(name, Value(), at);
        }

        private string Text()
        {
            var value = new StringBuilder();
            for (_at++; ; _at++)
            {
                if (_at >= text.Length)
                    throw Mistake("a text without its closing quote");
                char c = text[_at];
                if (c == '"')
                    break;
                if (c < ' ')
                    throw Mistake(string.Create(CultureInfo.InvariantCulture, $"control character U+{(int)c:X4} in a text; a line feed is written \\n"));
                value.Append(c == '\\' ? Escaped() : c);
            }

            _at++;
            return WithoutHalves(value);
        }

        // At the backslash; leaves the place at the last character of the escape.
        private char Escaped()
        {
            _at++;
            switch (Now)
            {
                case '"' or '\\' or '/':
                    return Now;
                case 'b':
                    return '\b';
                case 'f':
                    return '\f';
                case 'n':
                    return '\n';
                case 'r':
                    return '\r';
                case 't':
                    return '\t';
                case 'u' when _at + 4 < text.Length && ushort.TryParse(text.AsSpan(_at + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort unit):
                    _at += 4;
                    return (char)unit;
                default:
                    throw Mistake(_at < text.Length ? $"\\{Now} is no escape JSON knows" : "a text without its closing quote");
            }
        }

        // 420, -1, 1.5, 1e3
        private string Number()
        {
            int start = _at;
            if (Now == '-')
                _at++;
            if (Now == '0')
                _at++;
            else
                Digits();
            if (Now == '.')
            {
                _at++;
                Digits();
            }

            if (Now is 'e' or 'E')
            {
                _at++;
                if (Now is '+' or '-')
                    _at++;
                Digits();
            }

            if (char.IsAsciiDigit(Now))
                throw Mistake("a number that begins with 0; modes are written in decimal: 420 for 0644");
            return text[start.._at];
        }

        private void Digits()
        {
            if (!char.IsAsciiDigit(Now))
                throw Mistake($"{Shown()} where a digit should be");
            while (char.IsAsciiDigit(Now))
                _at++;
        }

        private void Word(string word)
        {
            foreach (char c in word)
            {
                if (Now != c)
                    throw Mistake($"{Shown()} in what began as {word}");
                _at++;
            }
        }

        private void Space()
        {
            for (; Now is ' ' or '\t' or '\r' or '\n'; _at++)
            {
                if (Now == '\n')
                    (_line, _lineStart) = (_line + 1, _at + 1);
            }
        }

        private string Shown() => _at >= text.Length ? "the end of the text" : char.IsControl(Now) ? string.Create(CultureInfo.InvariantCulture, $"U+{(int)Now:X4}") : $"\"{Now}\"";

        private JsonMistake Mistake(string message) => new(Here, message);
    }

    private static string WithoutHalves(StringBuilder value)
    {
        for (int i = 0; i < value.Length; i++)
        {
            if (!char.IsSurrogate(value[i]))
                continue;
            if (char.IsHighSurrogate(value[i]) && i + 1 < value.Length && char.IsLowSurrogate(value[i + 1]))
                i++;
            else
                value[i] = '\uFFFD';
        }

        return value.ToString();
    }
}
