using System.Globalization;

namespace Kola.Ignition;

/// <summary>What a value of a config may be, in a language whose model is a table of keys: Butane, Ignition 1 and 2.</summary>
/// <param name="Kind">Of which kind.</param>
internal sealed record ValueShape(ValueKind Kind)
{
    private static readonly ValueShape s_text = new(ValueKind.Text);
    private static readonly ValueShape s_number = new(ValueKind.Number);
    private static readonly ValueShape s_truth = new(ValueKind.Truth);

    /// <summary>Of an object: what it is, since a few are more than a change of names.</summary>
    internal string? Name { get; init; }

    /// <summary>Of a list: of what.</summary>
    internal ValueShape? Item { get; init; }

    /// <summary>Of an object: its keys.</summary>
    internal IReadOnlyDictionary<string, ValueShape>? Fields { get; init; }

    /// <summary>What would be right, for a message.</summary>
    internal string Wanted => Kind switch
    {
        ValueKind.Text => "a text",
        ValueKind.Number => "a whole number",
        ValueKind.Truth => "true or false",
        ValueKind.List => Item!.Kind switch { ValueKind.Object => "a list; begin each entry with \"- \"", _ => "a list: [one, two]" },
        _ => $"a map with {string.Join(", ", Fields!.Keys)}",
    };

    /// <summary>A list.</summary>
    internal static ValueShape List(ValueShape item) => new(ValueKind.List) { Item = item };

    /// <summary>An object of texts, truth values, numbers, lists of texts, and of what else there is. <c>key@3</c> is there since schema 3.</summary>
    internal static ValueShape Object(string name, int schema, string text = "", string truth = "", string number = "", string texts = "", (string Key, ValueShape Shape)[]? parts = null)
    {
        IEnumerable<(string Key, ValueShape Shape)> fields =
            [.. All(text, s_text), .. All(texts, List(s_text)), .. All(number, s_number), .. All(truth, s_truth), .. parts ?? []];
        return new ValueShape(ValueKind.Object)
        {
            Name = name,
            Fields = fields.Select(f => (Words: f.Key.Split('@'), f.Shape))
                .Where(f => f.Words.Length == 1 || int.Parse(f.Words[1], CultureInfo.InvariantCulture) <= schema)
                .ToDictionary(f => f.Words[0], f => f.Shape),
        };
    }

    private static IEnumerable<(string, ValueShape)> All(string keys, ValueShape shape) => keys.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(k => (k, shape));
}

/// <summary>The kinds of values.</summary>
internal enum ValueKind
{
    /// <summary>Text.</summary>
    Text,

    /// <summary>Whole number.</summary>
    Number,

    /// <summary>True or false.</summary>
    Truth,

    /// <summary>List.</summary>
    List,

    /// <summary>Map with known keys.</summary>
    Object,
}
