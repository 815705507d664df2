namespace Kola.Machines;

/// <summary>What makes a copy of a template a machine of its own.</summary>
internal sealed record CloneIdentity
{
    /// <summary>The template it is a copy of.</summary>
    internal required TemplateFacts Template { get; init; }

    /// <summary>Ethernet address of its first card.</summary>
    internal required string Mac { get; init; }

    /// <summary>Its cards on segments: the address each is to have, and what networkd calls one that is ready.</summary>
    internal IReadOnlyList<(string Mac, string State)> Cards { get; init; } = [];

    /// <summary>Files to write, absolute path to content: what would be in its config if it had been booted for its test.</summary>
    internal IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>();
}
