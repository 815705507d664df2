using System.Text.RegularExpressions;

namespace Kola.Ignition;

/// <summary>
/// A word of a config's text that stands for something only the run knows: <c>${hub.address}</c>. The dot tells it from the variables of shells and
/// units, whose names have none; <c>$${hub.address}</c> is the text itself.
/// </summary>
/// <param name="Name">A machine of the test, or <see cref="Files"/>.</param>
/// <param name="Member">What of it.</param>
/// <param name="At">Where it stands.</param>
internal sealed partial record Reference(string Name, string Member, Position At)
{
    /// <summary>The harness's server of files.</summary>
    internal const string Files = "files";

    /// <summary>The one thing of a machine: its IPv4 address on the segment the machines of its test share.</summary>
    internal const string Address = "address";

    /// <summary>What there is of <see cref="Files"/>: where it is reached, without a slash at the end, and its CA's certificate as a data URL.</summary>
    internal static IReadOnlyList<string> OfFiles { get; } = ["http", "https", "tftp", "ca"];

    /// <summary>Whether it is about the harness's server.</summary>
    internal bool IsFiles => Name == Files && Member != Address;

    /// <summary><c>hub.address</c></summary>
    internal string Key => $"{Name}.{Member}";

    /// <summary>All of a text, in order.</summary>
    internal static IReadOnlyList<Reference> In(string? text)
    {
        // Most configs have none, and there may be ten thousand of them.
        if (text is null || !text.Contains("${", StringComparison.Ordinal))
            return [];
        return [.. Written().Matches(text).Where(m => !m.Groups["escape"].Success).Select(m => new Reference(m.Groups["name"].Value, m.Groups["member"].Value, PositionOf(text, m.Index)))];
    }

    /// <summary>The text with every reference replaced.</summary>
    /// <param name="text">A config.</param>
    /// <param name="values">What each stands for, by <see cref="Key"/>; one that is not there stays as it is.</param>
    internal static string Resolve(string text, IReadOnlyDictionary<string, string> values)
    {
        if (!text.Contains("${", StringComparison.Ordinal))
            return text;
        return Written().Replace(text, m => m.Groups["escape"].Success ? m.Value[1..] : values.GetValueOrDefault($"{m.Groups["name"].Value}.{m.Groups["member"].Value}", m.Value));
    }

    private static Position PositionOf(string text, int index)
    {
        ReadOnlySpan<char> before = text.AsSpan(0, index);
        return new Position(before.Count('\n') + 1, index - before.LastIndexOf('\n'));
    }

    // source: http://${hub.address}:8080/second.ign
    // ExecStart=/usr/bin/echo $${hub.address} ${HOME}
    [GeneratedRegex(@"(?<escape>\$)?\$\{(?<name>[a-z][a-z0-9-]*)\.(?<member>[a-z]+)\}")]
    private static partial Regex Written();
}
