namespace Kola.Ignition;

/// <summary>What a value of a Butane config may be.</summary>
/// <param name="Kind">Of which kind.</param>
internal sealed record ButaneShape(ButaneKind Kind)
{
    /// <summary>Of an object: what it is, since a few are more than a change of names.</summary>
    internal string? Name { get; init; }

    /// <summary>Of a list: of what.</summary>
    internal ButaneShape? Item { get; init; }

    /// <summary>Of an object: its keys, in Butane's spelling.</summary>
    internal IReadOnlyDictionary<string, ButaneShape>? Fields { get; init; }

    /// <summary>What would be right, for a message.</summary>
    internal string Wanted => Kind switch
    {
        ButaneKind.Text => "a text",
        ButaneKind.Number => "a whole number",
        ButaneKind.Truth => "true or false",
        ButaneKind.List => Item!.Kind switch { ButaneKind.Object => "a list; begin each entry with \"- \"", _ => "a list: [one, two]" },
        _ => $"a map with {string.Join(", ", Fields!.Keys)}",
    };
}

/// <summary>The kinds of values.</summary>
internal enum ButaneKind
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
