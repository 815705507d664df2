using System.Collections.Concurrent;
using Kola.Reporting;
using Spectre.Console;

namespace Kola.Cli;

/// <summary>On a terminal: results scroll by, and below them one line says what is running and for how long.</summary>
internal sealed class LiveDisplay : IProgressDisplay
{
    private static readonly TimeSpan s_refresh = TimeSpan.FromMilliseconds(500);

    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, long> _running = new();
    private readonly ConcurrentQueue<ReportLine> _lines = new();
    private readonly CancellationTokenSource _over = new();
    private readonly Task _showing;
    private int _planned;
    private int _ended;
    private int _disposed;

    internal LiveDisplay(TimeProvider time)
    {
        _time = time;
        _showing = AnsiConsole.Status().StartAsync("planning", ShowAsync);
    }

    public void Show(RunEvent happened)
    {
        switch (happened)
        {
            case TestPlanned { SkipReason: null }:
                Interlocked.Increment(ref _planned);
                break;
            case TestStarted started:
                _running[started.Test] = _time.GetTimestamp();
                break;
            case TestEnded ended:
                _running.TryRemove(ended.Test, out _);
                Interlocked.Increment(ref _ended);
                break;
            case MachineStarted started when Aside.Is(started.Test):
                _running[started.Test] = _time.GetTimestamp();
                break;
            case MachineEnded machine when Aside.Is(machine.Test):
                _running.TryRemove(machine.Test, out _);
                break;
        }

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

    private async Task ShowAsync(StatusContext status)
    {
        while (true)
        {
            while (_lines.TryDequeue(out ReportLine? line))
                SummaryPrinter.Print(line);
            if (_over.IsCancellationRequested)
                return;
            string running = string.Join(", ", _running.OrderBy(r => r.Value).Select(r => $"{r.Key} {_time.GetElapsedTime(r.Value).TotalSeconds:0} s"));
            status.Status(Markup.Escape($"{_ended} of {_planned}  {running}"));
            await Task.WhenAny(Task.Delay(s_refresh, _time, _over.Token));
        }
    }
}
