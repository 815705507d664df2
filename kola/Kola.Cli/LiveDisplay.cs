using System.Collections.Concurrent;
using Kola.Reporting;
using Spectre.Console;

namespace Kola.Cli;

/// <summary>On a terminal: results scroll by, and below them a few lines say what runs, what waits and what failed last.</summary>
internal sealed class LiveDisplay : IProgressDisplay
{
    private const int MostLines = 14;
    private static readonly TimeSpan s_refresh = TimeSpan.FromMilliseconds(500);

    private readonly TimeProvider _time;
    private readonly LiveRegion _region = new();
    private readonly Lock _gate = new();
    private readonly ConcurrentQueue<ReportLine> _lines = new();
    private readonly CancellationTokenSource _over = new();
    private readonly Task _showing;
    private int _disposed;

    internal LiveDisplay(TimeProvider time)
    {
        _time = time;
        _showing = AnsiConsole.Live(new Text("planning")).AutoClear(true).StartAsync(ShowAsync);
    }

    public void Show(RunEvent happened)
    {
        lock (_gate)
            _region.Take(happened);
        if (happened is TestEnded or FindingMade or CleanupFailed or TemplateDropped or ParityChecked { Disagrees: true } && ProgressLine.For(happened) is { } line)
            _lines.Enqueue(line);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _over.Cancel();
        _showing.GetAwaiter().GetResult();
        _over.Dispose();
    }

    private async Task ShowAsync(LiveDisplayContext context)
    {
        while (true)
        {
            while (_lines.TryDequeue(out ReportLine? line))
                SummaryPrinter.Print(line);
            if (_over.IsCancellationRequested)
                return;
            IReadOnlyList<ReportLine> lines;
            // The last column stays free: some terminals wrap when it is written to.
            int height = Math.Min(MostLines, Math.Max(2, AnsiConsole.Profile.Height - 2));
            lock (_gate)
                lines = _region.Lines(_time.GetUtcNow(), AnsiConsole.Profile.Width - 1, height);
            context.UpdateTarget(new Rows(lines.Select(SummaryPrinter.Styled)));
            await Task.WhenAny(Task.Delay(s_refresh, _time, _over.Token));
        }
    }
}
