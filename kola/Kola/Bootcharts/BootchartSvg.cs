using System.Globalization;
using System.Xml.Linq;
using Kola.Reporting;

namespace Kola.Bootcharts;

/// <summary>Draws a boot as SVG: its phases, a bar for each unit from its start to its end, a legend. Readable on light and on dark.</summary>
public static class BootchartSvg
{
    private const int Width = 1200;
    private const int Margin = 16;
    private const int RowHeight = 18;
    private const int PhaseHeight = 24;

    // A letter of the font, in pixels; labels that would not fit right of their bar stand left of it.
    private const double Letter = 6.4;

    // Colours of both kinds of page; red and orange differ in lightness too, for those who cannot tell them by hue.
    private const string Style = """
        text { font: 11px system-ui, sans-serif; fill: #1b1f24; }
        .page { fill: #ffffff; } .title { font-size: 15px; font-weight: 600; } .faint { fill: #57606a; }
        .grid { stroke: #d0d7de; } .mark { stroke: #1a7f37; stroke-dasharray: 4 3; } .marked { fill: #1a7f37; }
        .firmware { fill: #d8c7f0; } .kernel { fill: #f5d9a8; } .initramfs { fill: #bfe3c6; } .userspace { fill: #bcd6f5; }
        .unit { fill: #4a8fe0; } .chain { fill: #d9730d; } .failed { fill: #b3001b; } .unended { fill: none; stroke: #b3001b; stroke-dasharray: 3 2; }
        text.failed { fill: #b3001b; font-weight: 600; } text.chain { fill: #a04f00; }
        @media (prefers-color-scheme: dark) {
          text { fill: #e6edf3; } .page { fill: #0d1117; } .faint { fill: #9198a1; }
          .grid { stroke: #30363d; } .mark { stroke: #3fb950; } .marked { fill: #3fb950; }
          .firmware { fill: #4b3a66; } .kernel { fill: #6b4e16; } .initramfs { fill: #215732; } .userspace { fill: #1f4470; }
          .unit { fill: #58a6ff; } .chain { fill: #f0a04b; } .failed { fill: #ff5c6c; } .unended { stroke: #ff5c6c; }
          text.failed { fill: #ff8b96; } text.chain { fill: #f0a04b; }
        }
        """;

    /// <summary>The drawing as a whole file.</summary>
    /// <param name="boot">What is drawn.</param>
    /// <param name="title">Stands over it: whose boot it is.</param>
    public static string Render(BootRecord boot, string title)
    {
        double from = Math.Min(0, boot.Phases.Select(p => p.Start).DefaultIfEmpty(0).Min());
        double until = Math.Max(Math.Max(boot.End, from + 0.1), boot.Marks.Select(m => m.At).DefaultIfEmpty(0).Max());
        double scale = (Width - 2 * Margin) / (until - from);
        double X(double at) => Margin + (at - from) * scale;
        IReadOnlySet<string> chain = boot.Chain;
        const int top = 96;
        int rows = top + PhaseHeight + 8;
        int height = rows + boot.Units.Count * RowHeight + 24 + boot.Notes.Count * 16;
        var parts = new List<XElement>
        {
            Svg.Element("rect", ("class", "page"), ("width", Width), ("height", height)),
            Svg.Text(Margin, 26, "title", title),
            Svg.Text(Margin, 44, "faint", Said(boot)),
        };
        parts.AddRange(Legend());
        parts.AddRange(Grid(from, until, top, height - 20 - boot.Notes.Count * 16, X));
        foreach (BootPhase phase in boot.Phases)
        {
            parts.Add(Svg.Hinted(Box(phase.Name.Split(' ')[0], X(phase.Start), top, (phase.End - phase.Start) * scale, PhaseHeight), $"{phase.Name}: {Seconds(phase.End - phase.Start)}"));
            string label = $"{phase.Name} {Seconds(phase.End - phase.Start)}";
            // What does not fit is in the line under the title.
            if (label.Length * Letter < (phase.End - phase.Start) * scale)
                parts.Add(Svg.Text(X(phase.Start) + 4, top + 16, null, label));
        }

        for (int row = 0; row < boot.Units.Count; row++)
            parts.AddRange(Row(boot.Units[row], chain, rows + row * RowHeight, boot.End, scale, X));
        foreach (BootMark mark in boot.Marks)
            parts.AddRange([Svg.Element("line", ("class", "mark"), ("x1", X(mark.At)), ("x2", X(mark.At)), ("y1", top - 4), ("y2", height - 20 - boot.Notes.Count * 16)), Svg.Text(X(mark.At) - 3, top - 6, "marked", mark.Name, end: true)]);
        parts.AddRange(boot.Notes.Select((note, at) => Svg.Text(Margin, height - 8 - (boot.Notes.Count - 1 - at) * 16, "faint", note)));
        return Svg.Document(Width, height, title, Style, parts);
    }

    internal static string Said(BootRecord boot) =>
        $"{(boot.Finished ? "finished" : "not finished, last heard of")} after {Seconds(boot.End)}: {string.Join(", ", boot.Phases.Select(p => $"{p.Name} {Seconds(p.End - p.Start)}"))}";

    internal static string Seconds(double seconds) => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.00} s");

    private static IEnumerable<XElement> Row(BootUnit unit, IReadOnlySet<string> chain, int y, double end, double scale, Func<double, double> x)
    {
        double width = ((unit.End ?? end) - unit.Start) * scale;
        string kind = unit.Failed ? "failed" : unit.End is null ? "unended" : chain.Contains(unit.Name) ? "chain" : "unit";
        string took = unit.End is null ? $" not there after {Seconds(end - unit.Start)}" : unit.End - unit.Start >= 0.005 ? $" {Seconds(unit.End.Value - unit.Start)}" : "";
        string label = $"{PlainText.OneLine(unit.Name)}{(unit.Failed ? " failed," : "")}{took}".TrimEnd(',');
        yield return Svg.Hinted(Box(kind, x(unit.Start), y + 3, Math.Max(width, 2), RowHeight - 6), $"{label}, from {Seconds(unit.Start)}");
        double right = x(unit.Start) + Math.Max(width, 2) + 4;
        string? textKind = kind is "failed" or "unended" ? "failed" : kind is "chain" ? "chain" : null;
        yield return right + label.Length * Letter < Width - Margin ? Svg.Text(right, y + 13, textKind, label) : Svg.Text(x(unit.Start) - 4, y + 13, textKind, label, end: true);
    }

    private static IEnumerable<XElement> Legend()
    {
        (string Kind, string Says)[] kinds = [("unit", "a unit, from Starting to Started"), ("chain", "in the chain of those that ended last before the next began"), ("failed", "failed"), ("unended", "never ended")];
        double x = Margin;
        foreach ((string kind, string says) in kinds)
        {
            yield return Box(kind, x, 56, 14, 10);
            yield return Svg.Text(x + 20, 65, "faint", says);
            x += 20 + says.Length * Letter + 24;
        }
    }

    // Steps of 1, 2 or 5, of which ten or so fit.
    private static IEnumerable<XElement> Grid(double from, double until, int top, int bottom, Func<double, double> x)
    {
        double rough = (until - from) / 12;
        double power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        double step = power * (rough / power < 1.5 ? 1 : rough / power < 3.5 ? 2 : rough / power < 7.5 ? 5 : 10);
        for (double at = Math.Ceiling(from / step) * step; at <= until; at += step)
        {
            yield return Svg.Element("line", ("class", "grid"), ("x1", x(at)), ("x2", x(at)), ("y1", top - 2), ("y2", bottom));
            // Plus 0, since there is a -0.
            yield return Svg.Text(x(at), bottom + 12, "faint", string.Create(CultureInfo.InvariantCulture, $"{Math.Round(at, 3) + 0.0:0.###} s"), end: x(at) > Width - 3 * Margin);
        }
    }

    private static XElement Box(string kind, double x, double y, double width, double height) =>
        Svg.Element("rect", ("class", kind), ("x", x), ("y", y), ("width", Math.Max(0, width)), ("height", height), ("rx", 2));
}
