using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Kola.Policies;

/// <summary>
/// A value of a YAML file with its place. YamlDotNet's own tree ends at the first duplicate key; here every problem of a file is wanted at once.
/// </summary>
internal sealed partial record YamlValue
{
    private const int Deepest = 16;

    /// <summary>1 for the first.</summary>
    internal required long Line { get; init; }

    /// <summary>1 for the first.</summary>
    internal required long Column { get; init; }

    /// <summary>Of a scalar; null of a list and of a map.</summary>
    internal string? Scalar { get; private init; }

    /// <summary>Whether a scalar is written without quotes, so that <c>5</c> is a number and <c>yes</c> is not.</summary>
    internal bool Plain { get; private init; }

    /// <summary>Of a list; null of anything else.</summary>
    internal IReadOnlyList<YamlValue>? Items { get; private init; }

    /// <summary>Of a map, in order, duplicates too; null of anything else.</summary>
    internal IReadOnlyList<(YamlValue Key, YamlValue Value)>? Members { get; private init; }

    /// <summary>By the core schema of YAML 1.2, which JSON has too.</summary>
    internal bool IsNull => Plain && Scalar is "" or "~" or "null" or "Null" or "NULL";

    /// <summary>A text: quoted, or nothing that YAML takes for null, a truth value or a number.</summary>
    internal string? Text => Scalar is not null && !(Plain && (IsNull || Other().IsMatch(Scalar))) ? Scalar.TrimEnd('\n') : null;

    /// <summary>What it is, for a message.</summary>
    internal string Kind => Items is not null ? "a list" : Members is not null ? "a map" : IsNull ? "nothing" : Text is not null ? $"\"{Text}\"" : $"{Scalar}, which YAML takes for no text";

    /// <exception cref="YamlException">It is no YAML, or uses what a policy has no use for; its start says where.</exception>
    internal static YamlValue Parse(string text)
    {
        var parser = new Parser(new StringReader(text));
        parser.Consume<StreamStart>();
        if (parser.Accept<StreamEnd>(out StreamEnd? end))
            throw new YamlException(end.Start, end.End, "the file is empty");
        parser.Consume<DocumentStart>();
        YamlValue value = Read(parser, 0);
        parser.Consume<DocumentEnd>();
        if (parser.Accept<DocumentStart>(out DocumentStart? second))
            throw new YamlException(second!.Start, second.End, "a second document begins");
        return value;
    }

    private static YamlValue Read(Parser parser, int depth)
    {
        ParsingEvent next = parser.Consume<ParsingEvent>();
        if (depth > Deepest)
            throw new YamlException(next.Start, next.End, string.Create(CultureInfo.InvariantCulture, $"more than {Deepest} lists and maps within each other"));
        var value = new YamlValue { Line = next.Start.Line, Column = next.Start.Column };
        switch (next)
        {
            case Scalar scalar:
                return value with { Scalar = scalar.Value, Plain = scalar.Style == ScalarStyle.Plain };
            case SequenceStart:
                List<YamlValue> items = [];
                while (!parser.TryConsume<SequenceEnd>(out _))
                    items.Add(Read(parser, depth + 1));
                return value with { Items = items };
            case MappingStart:
                List<(YamlValue, YamlValue)> members = [];
                while (!parser.TryConsume<MappingEnd>(out _))
                    members.Add((Read(parser, depth + 1), Read(parser, depth + 1)));
                return value with { Members = members };
            default:
                throw new YamlException(next.Start, next.End, "an alias; say it again instead");
        }
    }

    // true        5        -1.5e3        0x1f        .inf        .nan
    [GeneratedRegex(@"^(?:true|True|TRUE|false|False|FALSE|[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$")]
    private static partial Regex Other();
}
