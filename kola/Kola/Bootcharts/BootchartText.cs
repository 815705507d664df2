using System.Globalization;
using System.Text;
using Kola.Reporting;

namespace Kola.Bootcharts;

/// <summary>Tells a boot in lines: its phases and the units that took longest.</summary>
public static class BootchartText
{
    private const int Slowest = 20;

    /// <summary>The text, each line with its end.</summary>
    public static string Render(BootRecord boot, string title)
    {
        IReadOnlySet<string> chain = boot.Chain;
        var text = new StringBuilder();
        text.Append(PlainText.OneLine(title)).Append('\n').Append(BootchartSvg.Said(boot)).Append('\n');
        foreach (BootMark mark in boot.Marks)
            text.Append(CultureInfo.InvariantCulture, $"{mark.Name} at {BootchartSvg.Seconds(mark.At)}\n");
        BootUnit[] bad = [.. boot.Units.Where(u => u.Failed || u.End is null)];
        if (bad.Length > 0)
            text.Append("\nfailed, or not there at its end:\n");
        foreach (BootUnit unit in bad)
            text.Append(CultureInfo.InvariantCulture, $"  {BootchartSvg.Seconds(unit.Start),10}  {PlainText.OneLine(unit.Name)}: {(unit.Failed ? "failed" : $"starting since {BootchartSvg.Seconds(boot.End - unit.Start)}")}\n");
        text.Append("\nslowest units (took, from; * in the chain of those that ended last before the next began):\n");
        foreach (BootUnit unit in boot.Units.Where(u => u.End > u.Start).OrderByDescending(u => u.End - u.Start).Take(Slowest))
            text.Append(CultureInfo.InvariantCulture, $"{(chain.Contains(unit.Name) ? "* " : "  ")}{BootchartSvg.Seconds(unit.End!.Value - unit.Start),10}  {BootchartSvg.Seconds(unit.Start),10}  {PlainText.OneLine(unit.Name)}\n");
        foreach (string note in boot.Notes)
            text.Append('\n').Append(note).Append('\n');
        return text.ToString();
    }
}
