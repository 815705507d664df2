using Kola.Cli;
using Kola.Cli.Bench;
using Kola.Reporting;

namespace Kola.Page.Tests;

/// <summary>A run's directory with its page.</summary>
internal sealed class Place : IDisposable
{
    private Place(string directory, Report report)
    {
        Directory = directory;
        Report = report;
    }

    internal string Directory { get; }

    internal Report Report { get; }

    internal string Page => Path.Combine(Directory, RunDirectory.PageFile);

    /// <summary>A simulated run of all kinds of tests.</summary>
    internal static Place Simulated(int tests = 120, long logBytes = 3 << 20, int seed = 4711, Func<Report, RunDiff>? against = null)
    {
        string directory = System.IO.Directory.CreateTempSubdirectory("kola-page-").FullName;
        SimulatedRun.Write(directory, Suites.Open(null).Explore().Cases, tests, logBytes, seed);
        var report = Report.Of(EventLog.Read(directory));
        Rendering.WriteAll(report, directory, against: against?.Invoke(report));
        return new Place(directory, report);
    }

    /// <summary>A run of given events; <paramref name="files"/> are written before its page is.</summary>
    internal static Place Of(IEnumerable<RunEvent> events, params (string Path, string Text)[] files)
    {
        string directory = System.IO.Directory.CreateTempSubdirectory("kola-page-").FullName;
        foreach ((string path, string text) in files)
        {
            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(directory, path))!);
            File.WriteAllText(Path.Combine(directory, path), text);
        }

        var report = Report.Of(events);
        Rendering.WriteAll(report, directory);
        return new Place(directory, report);
    }

    internal TestReport First(Outcome outcome) => Report.Tests.First(test => test.Outcome == outcome);

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);
}
