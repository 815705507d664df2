using Kola.Reporting;

namespace Kola.Cli.Bench;

/// <summary>What the reports of a large run cost: to write, and to open in a browser. Boots nothing.</summary>
internal static class PagePart
{
    internal const string Name = "page";

    private const int Tests = 500;
    private const long LogBytes = 50L << 20;
    private const int Seed = 4711;

    internal static async Task<IReadOnlyList<Figure>> MeasureAsync(int count, string directory, TimeProvider time, CancellationToken cancel)
    {
        string run = Directory.CreateDirectory(Path.Combine(directory, "simulated")).FullName;
        double size = SimulatedRun.Write(run, Suites.Open(null).Explore().Cases, Tests, LogBytes, Seed) / (double)(1 << 20);
        string what = $"{Tests} tests, {size.ToString("0", System.Globalization.CultureInfo.InvariantCulture)} MiB of logs";
        List<double> folded = [], written = [];
        for (int i = 0; i < count; i++)
        {
            cancel.ThrowIfCancellationRequested();
            long start = time.GetTimestamp();
            var report = Report.Of(EventLog.Read(run));
            folded.Add(time.GetElapsedTime(start).TotalSeconds);
            start = time.GetTimestamp();
            Rendering.WriteAll(report, run);
            written.Add(time.GetElapsedTime(start).TotalSeconds);
        }

        List<Figure> figures =
        [
            Seconds($"{what}: events read and folded", folded),
            Seconds($"{what}: all reports written", written, note: "report.html and its logs among them"),
            Figure.MiB(Name, "report.html: size", [new FileInfo(Path.Combine(run, RunDirectory.PageFile)).Length / (double)(1 << 20)]),
            Figure.MiB(Name, "report-logs: size", [Directory.GetFiles(Path.Combine(run, PageLogs.Directory)).Sum(file => new FileInfo(file).Length) / (double)(1 << 20)], note: "read only when a log is opened or searched"),
        ];
        if (Chromium.Missing is { } missing)
            throw new PlatformException(Signal.Host, missing);
        try
        {
            figures.AddRange(await OpenAsync(count, directory, Path.Combine(run, RunDirectory.PageFile), time, cancel));
        }
        catch (Exception fault) when ((fault is OperationCanceledException or System.Net.WebSockets.WebSocketException or HttpRequestException) && !cancel.IsCancellationRequested)
        {
            throw new PlatformException(Signal.Host, $"chromium did not start, or did not show the page, within a minute: {fault.Message}", fault);
        }

        return figures;
    }

    // A browser of its own each time: nothing of the page is in its caches, and the clock is that of the page, from navigation on.
    private static async Task<Figure[]> OpenAsync(int count, string directory, string page, TimeProvider time, CancellationToken cancel)
    {
        List<double> first = [], painted = [], searched = [];
        for (int i = 0; i < count; i++)
        {
            await using Chromium chromium = await Chromium.StartAsync(directory, cancel);
            // The page notes the time when the second frame begins; the browser tells of the first one when it has been shown. The later of the two is told.
            const string Shown = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime";
            painted.Add(await chromium.OpenAsync(page, $"document.documentElement.dataset.painted && {Shown}", $"Math.max(document.documentElement.dataset.painted, {Shown})", time, cancel) / 1000);
            first.Add((await chromium.EvaluateAsync(Shown, cancel)).GetDouble() / 1000);
            await chromium.EvaluateAsync("window.began = performance.now(); document.getElementById('log-words').value = 'no log has these words'; document.querySelector('#logs form').requestSubmit()", cancel);
            searched.Add(await chromium.UntilAsync("document.getElementById('log-status').dataset.done", "performance.now() - window.began", time, cancel) / 1000);
        }

        return
        [
            Seconds("report.html in chromium: to the first paint", first),
            Seconds("report.html in chromium: to verdict and table painted", painted, target: 2, note: "two frames after both are in the page, since navigation"),
            Seconds("report.html in chromium: all logs searched, the first time", searched, note: "words that are in none"),
        ];
    }

    private static Figure Seconds(string what, IReadOnlyList<double> values, double? target = null, string? note = null) => new() { Part = Name, What = what, Unit = "s", Values = values, Target = target, Note = note };
}
