using System.Globalization;

namespace Kola.Reporting;

/// <summary>The templates of a run, and how far their copies were held against machines booted cold.</summary>
public sealed record TemplatesReport
{
    /// <summary>Those this run made, in order.</summary>
    public IReadOnlyList<TemplateMade> Made { get; init; } = [];

    /// <summary>How many of an earlier run, or of another at the same time, were used.</summary>
    public int Reused { get; init; }

    /// <summary>Those that were not used any further, and why.</summary>
    public IReadOnlyList<TemplateDropped> Dropped { get; init; } = [];

    /// <summary>How many tests had a copy for a machine.</summary>
    public int Tests { get; init; }

    /// <summary>Those of them that were repeated on machines booted cold.</summary>
    public IReadOnlyList<ParityChecked> Parity { get; init; } = [];

    // templates: 3 made in 61 s, 2 reused; parity: 2 tests of 31 checked, all agreed; seed 4711
    internal string Line(int seed)
    {
        string made = Made.Count == 0 ? "none made" : $"{Made.Count} made in {PlainText.Duration(Made.DistinctBy(made => made.Together ?? made.Template).Sum(made => made.ElapsedSeconds))}";
        string dropped = Dropped.Count == 0 ? "" : $", {Dropped.Count} dropped";
        return string.Create(CultureInfo.InvariantCulture, $"templates: {made}, {Reused} reused{dropped}; parity: {PlainText.Count(Parity.Count, "test")} of {Tests} checked{Agreement()}; seed {seed}");
    }

    private string Agreement()
    {
        if (Parity.Count == 0)
            return "";
        int disagreed = Parity.Count(parity => parity.Disagrees);
        int silent = Parity.Count(parity => !parity.Disagrees && parity.Cloned != parity.Cold);
        if (disagreed + silent == 0)
            return ", all agreed";
        string agreed = $", {Parity.Count - disagreed - silent} agreed";
        return agreed + (disagreed == 0 ? "" : $", {disagreed} DISAGREED") + (silent == 0 ? "" : $", {silent} without a result");
    }
}
