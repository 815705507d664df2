using System.Text.RegularExpressions;

namespace Kola.Checks;

/// <summary>One thing that is always wrong in a console or a journal.</summary>
public sealed record Check
{
    /// <summary>Permanent, lowercase with dashes: <c>kernel-panic</c>. What <c>[Tolerates]</c> names; see <see cref="CheckId"/>.</summary>
    public required string Id { get; init; }

    /// <summary>What is wrong, as a sentence without a full stop: "The kernel panicked".</summary>
    public required string Title { get; init; }

    /// <summary>Lines it fires on, as machines print them. With <see cref="Times"/> 1 it fires on each by itself. A test feeds them.</summary>
    public required string Sample { get; init; }

    /// <summary>
    /// What is looked for. Matched line by line, escape sequences already taken out. A group named <c>what</c> is the part that is the same in
    /// the console and in the journal; without one the whole match is.
    /// </summary>
    public required Regex Pattern { get; init; }

    /// <summary>Lines that look alike and are no finding. A test feeds them.</summary>
    public string Innocent { get; init; } = "";

    /// <summary>A line this matches is not counted; null for none.</summary>
    public Regex? Exempt { get; init; }

    /// <summary>
    /// When this matches anywhere in the same boot's text, the boot's findings are dropped; null for never. It makes findings wait for the
    /// end of their boot, so a <see cref="Fatal"/> check has none.
    /// </summary>
    public Regex? Silencer { get; init; }

    /// <summary>How many lines must match in one boot's text before the check fires. Default 1.</summary>
    public int Times { get; init; } = 1;

    /// <summary>True when the machine cannot be used afterwards: the test is ended at once, not at its deadline.</summary>
    public bool Fatal { get; init; }

    /// <summary>Where to read more; null for none.</summary>
    public string? Link { get; init; }
}
