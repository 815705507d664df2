using System.Text;

namespace Kola.Reporting;

/// <summary>Writes every form of a report.</summary>
public static class Rendering
{
    /// <summary>
    /// Writes results.json, junit.xml, test.tap, nunit3.xml, ctrf-report.json, summary.txt, summary.md, allure-results and report.html. Each is written aside and
    /// renamed, so a reader sees the old one or the new one, never half of one; one that cannot be written does not keep the others from being.
    /// </summary>
    /// <param name="report">What to write.</param>
    /// <param name="directory">An existing directory, usually the run's: files of machines are looked for in it.</param>
    /// <param name="shown">How it is named in the summary; null to leave it out.</param>
    /// <param name="against">What changed since an earlier run, for the page; null for nothing.</param>
    /// <exception cref="PlatformException">Some cannot be written, all of them named; the others are.</exception>
    public static void WriteAll(Report report, string directory, string? shown = null, RunDiff? against = null)
    {
        bool IsThere(string file) => Inside(directory, file) is { } path && File.Exists(path) && new FileInfo(path).LinkTarget is null;
        (string Name, Action<string> Write)[] forms =
        [
            // First, since others link them.
            .. report.Tests.SelectMany(test => test.Attempts.Where(attempt => attempt.PowerCuts.Count > 0).Select(attempt => (PowerCutsOf(test, attempt), (Action<string>)(file => WriteChart(file, test, attempt))))),
            (RunDirectory.ResultsFile, file => Write(file, JsonReport.Render(report))),
            (RunDirectory.JUnitFile, file => Write(file, JUnitReport.Render(report, IsThere))),
            (RunDirectory.TapFile, file => Write(file, TapReport.Render(report))),
            (RunDirectory.NUnitFile, file => Write(file, NUnitReport.Render(report, IsThere))),
            (RunDirectory.CtrfFile, file => Write(file, CtrfReport.Render(report, IsThere))),
            (RunDirectory.SummaryFile, file => Write(file, SummaryReport.Render(report, shown))),
            (RunDirectory.MarkdownFile, file => Write(file, MarkdownReport.Render(report))),
            (RunDirectory.AllureDirectory, path => ReportFolder.Write(path, directory, AllureReport.Render(report, IsThere))),
            (RunDirectory.PageFile, file => Write(file, PageReport.Render(report, PageLogs.Write(directory), against))),
        ];
        var faults = new List<Exception>();
        foreach ((string name, Action<string> write) in forms)
        {
            try
            {
                write(Path.Combine(directory, name));
            }
            // Whatever one form stumbles over is no reason to have none of the others.
            catch (Exception fault) when (fault is not OutOfMemoryException)
            {
                faults.Add(fault as PlatformException ?? new PlatformException(Signal.Harness, $"{Path.Combine(directory, name)} cannot be written: {fault.Message}", fault));
            }
        }

        if (faults.Count == 1)
            throw faults[0];
        if (faults.Count > 1)
            throw new PlatformException(Signal.HostStorage, string.Join('\n', faults.Select(fault => fault.Message)), new AggregateException(faults));
    }

    private static string PowerCutsOf(TestReport test, AttemptReport attempt) => Path.Combine(RunDirectory.DirectoryOf(test.Id, attempt.Number), RunDirectory.PowerCutsFile);

    // A record may be rendered where nothing but the record is.
    private static void WriteChart(string file, TestReport test, AttemptReport attempt)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        Write(file, PowerCutChart.Render(attempt, test.Id));
    }

    /// <summary>Writes a file aside and renames it.</summary>
    /// <exception cref="PlatformException">It cannot be written.</exception>
    public static void Write(string file, string text)
    {
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

    /// <summary>The path of a file of the run; null when the name, which is a record's, leads out of the run's directory.</summary>
    internal static string? Inside(string directory, string file)
    {
        string root = Path.GetFullPath(directory) + Path.DirectorySeparatorChar;
        string path = Path.GetFullPath(Path.Combine(root, file.Replace("\0", "", StringComparison.Ordinal)));
        return path.StartsWith(root, StringComparison.Ordinal) ? path : null;
    }
}
