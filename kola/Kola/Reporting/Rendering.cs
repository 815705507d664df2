using System.Text;

namespace Kola.Reporting;

/// <summary>Writes every form of a report.</summary>
public static class Rendering
{
    /// <summary>
    /// Writes results.json, junit.xml, test.tap, summary.txt, summary.md and report.html. Each is written aside and renamed, so a reader sees the old file
    /// or the new one, never half of one.
    /// </summary>
    /// <param name="report">What to write.</param>
    /// <param name="directory">An existing directory, usually the run's.</param>
    /// <param name="shown">How it is named in the summary; null to leave it out.</param>
    /// <param name="against">What changed since an earlier run, for the page; null for nothing.</param>
    /// <exception cref="PlatformException">A file cannot be written; those before it are.</exception>
    public static void WriteAll(Report report, string directory, string? shown = null, RunDiff? against = null)
    {
        Write(directory, RunDirectory.ResultsFile, JsonReport.Render(report));
        Write(directory, RunDirectory.JUnitFile, JUnitReport.Render(report));
        Write(directory, RunDirectory.TapFile, TapReport.Render(report));
        Write(directory, RunDirectory.SummaryFile, SummaryReport.Render(report, shown));
        Write(directory, RunDirectory.MarkdownFile, MarkdownReport.Render(report));
        Write(directory, RunDirectory.PageFile, PageReport.Render(report, PageLogs.Write(directory), against));
    }

    private static void Write(string directory, string name, string text)
    {
        string file = Path.Combine(directory, name);
        string aside = $"{file}.new";
        try
        {
            File.WriteAllText(aside, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            File.Move(aside, file, overwrite: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(aside))
                File.Delete(aside);
            throw new PlatformException(Signal.HostStorage, $"{file} cannot be written: {fault.Message}", fault);
        }
    }
}
