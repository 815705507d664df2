using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Kola;

/// <summary>
/// A value of a YAML file with its place. YamlDotNet's own tree ends at the first duplicate key; here every problem of a file is wanted at once.
/// </summary>
/// <remarks>What an alias stands for is the value itself, with its own place: it is not copied.</remarks>
internal sealed partial record YamlValue
{
    /// <summary>What is said of a file with nothing in it.</summary>
    internal const string Empty = "the file is empty";

    // What aliases of aliases may swell a file by: yaml.v3, which Butane reads with, begins to count there.
    private const long MostAliased = 400_000;

    /// <summary>1 for the first.</summary>
    internal required long Line { get; init; }

    /// <summary>1 for the first.</summary>
    internal required long Column { get; init; }

    /// <summary>Of a scalar; null of a list and of a map.</summary>
    internal string? Scalar { get; private init; }

    /// <summary>Of a scalar or anything else with an explicit tag, <c>tag:yaml.org,2002:str</c> for <c>!!str</c>; null without.</summary>
    internal string? Tag { get; private init; }

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

    /// <summary>Whether more documents follow the one that was read.</summary>
    internal bool MoreFollows { get; private init; }

    // How many values it has, each alias counted as what it stands for.
    private long Size { get; init; } = 1;

    // How many lists and maps stand within each other in it, by aliases too.
    private int Height { get; init; }

    /// <summary>The one document of a file that has no use for aliases: a policy.</summary>
    /// <exception cref="YamlException">It is no YAML, or has an alias, or a second document; its start says where.</exception>
    internal static YamlValue Parse(string text) => new Reader(text, aliases: false, deepest: 16).Document(alone: true);

    /// <summary>The first document of a file that may have aliases.</summary>
    /// <param name="text">The file.</param>
    /// <param name="deepest">How many lists and maps may stand within each other.</param>
    /// <exception cref="YamlException">It is no YAML, an anchor is unknown or contains itself, or its aliases swell it beyond reason; its start says where.</exception>
    internal static YamlValue ParseFirst(string text, int deepest) => new Reader(text, aliases: true, deepest).Document(alone: false);

    private sealed class Reader(string text, bool aliases, int deepest)
    {
        private readonly Parser _parser = new(new StringReader(text.StartsWith('\uFEFF') ? text[1..] : text));
        private readonly Dictionary<string, YamlValue?> _anchors = [];

        internal YamlValue Document(bool alone)
        {
            RefuseControls();
            try
            {
                return Whole(alone);
            }
            catch (YamlException fault) when (fault.Message.Contains("tab", StringComparison.Ordinal) && TabbedLine() is { } line)
            {
                // The parser tells where what the tab spoils begins.
                var at = new Mark(0, line, 1);
                throw new YamlException(at, at, fault.Message, fault);
            }
            catch (Exception fault) when (fault is InvalidOperationException or ArgumentException or IndexOutOfRangeException or NullReferenceException or FormatException or OverflowException)
            {
                // The parser has more ways to refuse a text than its own exception.
                Mark at = _parser.Current?.End ?? Mark.Empty;
                throw new YamlException(at, at, "not YAML", fault);
            }
        }

        private YamlValue Whole(bool alone)
        {
            _parser.Consume<StreamStart>();
            if (_parser.Accept<StreamEnd>(out StreamEnd? end))
                throw new YamlException(end.Start, end.End, Empty);
            _parser.Consume<DocumentStart>();
            YamlValue value = Read(0);
            _parser.Consume<DocumentEnd>();
            if (!_parser.Accept<DocumentStart>(out DocumentStart? second))
                return value;
            return alone ? throw new YamlException(second.Start, second.End, "a second document begins") : value with { MoreFollows = true };
        }

        private int? TabbedLine() => Array.FindIndex(text.Split('\n'), line => line.TrimStart(' ').StartsWith('\t')) is >= 0 and var index ? index + 1 : null;

        // YAML has no other control characters than these, and the parser takes a NUL for a blank.
        private void RefuseControls()
        {
            int at = text.AsSpan().IndexOfAnyInRange('\0', '\u001F');
            while (at >= 0 && text[at] is '\t' or '\n' or '\r')
            {
                int next = text.AsSpan(at + 1).IndexOfAnyInRange('\0', '\u001F');
                at = next < 0 ? -1 : at + 1 + next;
            }

            if (at < 0)
                return;
            ReadOnlySpan<char> before = text.AsSpan(0, at);
            var mark = new Mark(at, before.Count('\n') + 1, at - before.LastIndexOf('\n'));
            throw new YamlException(mark, mark, "control characters are not allowed");
        }

        private YamlValue Read(int depth)
        {
            ParsingEvent next = _parser.Consume<ParsingEvent>();
            if (depth > deepest)
                throw TooDeep(next);
            if (next is AnchorAlias alias)
                return Meant(alias);
            string? anchor = next is NodeEvent { Anchor.IsEmpty: false } anchored ? anchored.Anchor.Value : null;
            if (anchor is not null)
                _anchors[anchor] = null; // until it has ended it stands for nothing
            YamlValue value = Written(next, depth);
            if (anchor is not null)
                _anchors[anchor] = value;
            return value;
        }

        private YamlValue Written(ParsingEvent next, int depth)
        {
            var value = new YamlValue
            {
                Line = next.Start.Line,
                Column = next.Start.Column,
                Tag = next is NodeEvent { Tag: { IsEmpty: false, IsNonSpecific: false } tag } ? tag.Value : null,
            };
            switch (next)
            {
                case Scalar scalar:
                    return value with { Scalar = scalar.Value, Plain = scalar.Style == ScalarStyle.Plain };
                case SequenceStart:
                    List<YamlValue> items = [];
                    while (!_parser.TryConsume<SequenceEnd>(out _))
                        items.Add(Read(depth + 1));
                    return value with { Items = items, Size = Counted(next, items), Height = Reach(next, items) };
                case MappingStart:
                    List<(YamlValue Key, YamlValue Value)> members = [];
                    while (!_parser.TryConsume<MappingEnd>(out _))
                        members.Add((Read(depth + 1), Read(depth + 1)));
                    YamlValue[] parts = [.. members.SelectMany(m => new[] { m.Key, m.Value })];
                    return value with { Members = members, Size = Counted(next, parts), Height = Reach(next, parts) };
                default:
                    throw new YamlException(next.Start, next.End, $"a {next.GetType().Name} where a value was to be");
            }
        }

        private YamlValue Meant(AnchorAlias alias)
        {
            if (!aliases)
                throw new YamlException(alias.Start, alias.End, "an alias; say it again instead");
            if (!_anchors.TryGetValue(alias.Value.Value, out YamlValue? meant))
                throw new YamlException(alias.Start, alias.End, $"unknown anchor '{alias.Value.Value}' referenced");
            return meant ?? throw new YamlException(alias.Start, alias.End, $"anchor '{alias.Value.Value}' value contains itself");
        }

        private int Reach(ParsingEvent at, IEnumerable<YamlValue> parts)
        {
            int height = 1 + parts.Select(p => p.Height).DefaultIfEmpty().Max();
            return height <= deepest + 1 ? height : throw TooDeep(at);
        }

        private YamlException TooDeep(ParsingEvent at) =>
            new(at.Start, at.End, string.Create(CultureInfo.InvariantCulture, $"more than {deepest} lists and maps within each other"));

        private long Counted(ParsingEvent at, IEnumerable<YamlValue> parts)
        {
            long size = 1 + parts.Sum(p => p.Size);
            return size <= MostAliased + text.Length ? size : throw new YamlException(at.Start, at.End, "document contains excessive aliasing");
        }
    }

    // true        5        -1.5e3        0x1f        .inf        .nan
    [GeneratedRegex(@"^(?:true|True|TRUE|false|False|FALSE|[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$")]
    private static partial Regex Other();
}
