using System.Text.RegularExpressions;

namespace Kola.Checks;

/// <summary>One thing that is always wrong in a console or a journal.</summary>
public sealed record Check
{
    /// <summary>Permanent, lowercase with dashes: <c>kernel-panic</c>. What <c>[Tolerates]</c> names.</summary>
    public required string Id { get; init; }

    /// <summary>What is wrong, as a sentence without a full stop: "The kernel panicked".</summary>
    public required string Title { get; init; }

    /// <summary>A line, or lines, it fires on. A test feeds it.</summary>
    public required string Sample { get; init; }

    /// <summary>What is looked for. Matched line by line.</summary>
    public required Regex Pattern { get; init; }

    /// <summary>When this matches in the same text, the finding is dropped; null for never.</summary>
    public Regex? Silencer { get; init; }

    /// <summary>How many times the pattern must match in one boot's text before the check fires. Default 1.</summary>
    public int Times { get; init; } = 1;

    /// <summary>True when the machine cannot be used afterwards: the test is ended at once, not at its deadline.</summary>
    public bool Fatal { get; init; }

    /// <summary>Where to read more; null for none.</summary>
    public string? Link { get; init; }
}
