using System.Globalization;
using System.Xml.Linq;

namespace Kola.Reporting;

/// <summary>
/// Draws the power cuts of a test as SVG: a row for each phase the machine was in, a dot for each cut where it lies in the recording, green where the machine came
/// back as it should and red where not. Readable on light and on dark.
/// </summary>
internal static class PowerCutChart
{
    private const int Width = 1000;
    private const int Left = 190;
    private const int Right = 20;
    private const int Top = 78;
    private const int RowHeight = 30;

    private const string Style = """
        text { font: 12px system-ui, sans-serif; fill: #1b1f24; } .page { fill: #ffffff; } .title { font-size: 15px; font-weight: 600; } .faint { fill: #57606a; }
        .row { fill: #eef1f4; } .held { fill: #1a7f37; } .broke { fill: #b3001b; } .unknown { fill: #9a6700; }
        @media (prefers-color-scheme: dark) {
          text { fill: #e6edf3; } .page { fill: #0d1117; } .faint { fill: #9198a1; } .row { fill: #1b222c; } .held { fill: #3fb950; } .broke { fill: #ff5c6c; } .unknown { fill: #d29922; }
        }
        """;

    /// <summary>The drawing as a whole file.</summary>
    /// <param name="attempt">With at least one power cut.</param>
    /// <param name="title">Stands over it: whose cuts they are.</param>
    internal static string Render(AttemptReport attempt, string title)
    {
        Cut[] cuts = Cuts(attempt);
        string[] phases = [.. cuts.Select(c => c.Phase).Distinct()];
        int last = Math.Max(1, cuts.Max(c => c.Made.Recorded));
        int height = Top + phases.Length * RowHeight + 34;
        double X(int entry) => Left + (double)entry / last * (Width - Left - Right);
        var parts = new List<XElement>
        {
            Svg.Element("rect", ("class", "page"), ("width", Width), ("height", height)),
            Svg.Text(16, 26, "title", title),
            Svg.Text(16, 46, "faint", Said(cuts)),
        };
        for (int row = 0; row < phases.Length; row++)
        {
            Cut[] own = [.. cuts.Where(c => c.Phase == phases[row])];
            int y = Top + row * RowHeight;
            parts.Add(Svg.Element("rect", ("class", "row"), ("x", Left), ("y", y + 3), ("width", Width - Left - Right), ("height", RowHeight - 6), ("rx", 3)));
            parts.Add(Svg.Text(16, y + 19, null, $"{phases[row]}: {PlainText.Count(own.Length, "cut")}"));
            parts.AddRange(own.Select(c => Svg.Hinted(Svg.Element("circle", ("class", c.Kind), ("cx", X(c.Made.Entry)), ("cy", y + RowHeight / 2), ("r", c.Kind == "held" ? 4 : 6)), Hint(c))));
        }

        parts.Add(Svg.Text(Left, height - 12, "faint", "write 0"));
        parts.Add(Svg.Text(Width - Right, height - 12, "faint", string.Create(CultureInfo.InvariantCulture, $"write {last}"), end: true));
        return Svg.Document(Width, height, title, Style, parts);
    }

    /// <summary>Cuts by phase, and how they ended, in a line.</summary>
    internal static string Said(AttemptReport attempt) => Said(Cuts(attempt));

    private static string Said(Cut[] cuts) =>
        $"{PlainText.Count(cuts.Length, "power cut")}: {string.Join(", ", cuts.GroupBy(c => c.Phase).Select(g => $"{g.Key} {g.Count()}"))}; {cuts.Count(c => c.Kind == "held")} held, {cuts.Count(c => c.Kind == "broke")} did not{(cuts.Any(c => c.Kind == "unknown") ? $", {cuts.Count(c => c.Kind == "unknown")} were not looked at by a step" : "")}";

    // A cut is judged by the part of the test it was made in: the first one that ended after it, and before the next cut.
    private static Cut[] Cuts(AttemptReport attempt) => [.. attempt.PowerCuts.Select((made, i) =>
    {
        DateTimeOffset next = i + 1 < attempt.PowerCuts.Count ? attempt.PowerCuts[i + 1].At : DateTimeOffset.MaxValue;
        StepEnded? step = attempt.Steps.FirstOrDefault(s => s.At >= made.At && s.At <= next);
        return new Cut(made, PlainText.OneLine(made.Phase ?? "no phase named"), step is null ? "unknown" : step.Outcome == Outcome.Passed ? "held" : "broke");
    })];

    private static string Hint(Cut cut) => string.Create(CultureInfo.InvariantCulture, $"after write {cut.Made.Entry} of {cut.Made.Recorded}, {PlainText.OneLine(cut.Made.Lost)}");

    private sealed record Cut(PowerWasCut Made, string Phase, string Kind);
}
