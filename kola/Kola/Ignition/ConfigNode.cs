namespace Kola.Ignition;

/// <summary>
/// A value of a config with its place: what JSON and YAML have in common. A config translated from another language keeps the places of what it was
/// translated from, so that a message always points at what a person wrote.
/// </summary>
/// <param name="At">Where it begins; null of what was made up by a translation.</param>
internal abstract record ConfigNode(Position? At);

/// <summary>An object. Members are in the order they were written, those written twice too.</summary>
internal sealed record ObjectNode(IReadOnlyList<ConfigMember> Members, Position? At) : ConfigNode(At)
{
    /// <summary>The last member of a name; null when there is none.</summary>
    internal ConfigNode? this[string name] => Members.LastOrDefault(m => m.Name == name)?.Value;
}

/// <summary>A member of an object.</summary>
/// <param name="Name">Its key.</param>
/// <param name="Value">Its value.</param>
/// <param name="At">Where the key begins.</param>
internal sealed record ConfigMember(string Name, ConfigNode Value, Position? At);

/// <summary>A list.</summary>
internal sealed record ArrayNode(IReadOnlyList<ConfigNode> Items, Position? At) : ConfigNode(At);

/// <summary>A text.</summary>
internal sealed record StringNode(string Value, Position? At) : ConfigNode(At);

/// <summary>A number as it was written: <c>420</c>, <c>1e3</c>. Of a language with other notations, its decimal form.</summary>
internal sealed record NumberNode(string Text, Position? At) : ConfigNode(At);

/// <summary>A truth value.</summary>
internal sealed record BooleanNode(bool Value, Position? At) : ConfigNode(At);

/// <summary>Nothing, said in so many words.</summary>
internal sealed record NullNode(Position? At) : ConfigNode(At);
