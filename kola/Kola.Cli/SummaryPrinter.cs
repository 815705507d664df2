using Kola.Reporting;
using Spectre.Console;

namespace Kola.Cli;

/// <summary>Prints lines of a report, coloured where that is possible.</summary>
internal static class SummaryPrinter
{
    internal static void Print(Report report, string shown)
    {
        foreach (ReportLine line in SummaryReport.Lines(report, shown))
            Print(line);
    }

    /// <summary>One line as it is: no wrapping, so that a path can be copied and a log searched.</summary>
    internal static void Print(ReportLine line)
    {
        if (Console.IsOutputRedirected || Color(line.Tone) is not { } color)
            Console.Out.WriteLine(line.Text);
        else
            AnsiConsole.Write(new Text(line.Text + "\n", new Style(color)));
    }

    /// <summary>The line for a place where Spectre lays out.</summary>
    internal static Text Styled(ReportLine line) => new(line.Text, new Style(Color(line.Tone)));

    private static Color? Color(Tone tone) => tone switch
    {
        Tone.Good => Spectre.Console.Color.Green,
        Tone.Bad => Spectre.Console.Color.Red,
        Tone.Warning => Spectre.Console.Color.Yellow,
        Tone.Faint => Spectre.Console.Color.Grey,
        _ => null,
    };
}
