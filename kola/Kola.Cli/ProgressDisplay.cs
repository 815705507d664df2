using Kola.Reporting;
using Spectre.Console;

namespace Kola.Cli;

/// <summary>Shows a run while it runs.</summary>
internal interface IProgressDisplay : IDisposable
{
    /// <summary>Takes each event as it happens; from several threads.</summary>
    void Show(RunEvent happened);
}

/// <summary>Chooses how a run is shown.</summary>
internal static class ProgressDisplay
{
    /// <summary>A live line on a terminal; plain lines anywhere else, so that a log can be read.</summary>
    internal static IProgressDisplay Create(TimeProvider time) =>
        AnsiConsole.Profile.Capabilities.Interactive && !Console.IsOutputRedirected ? new LiveDisplay(time) : new PlainDisplay();
}

/// <summary>Shows nothing.</summary>
internal sealed class NoDisplay : IProgressDisplay
{
    public void Show(RunEvent happened)
    {
    }

    public void Dispose()
    {
    }
}

/// <summary>One line an event that a person would want in a log.</summary>
internal sealed class PlainDisplay : IProgressDisplay
{
    public void Show(RunEvent happened)
    {
        if (ProgressLine.For(happened) is { } line)
            SummaryPrinter.Print(line);
    }

    public void Dispose()
    {
    }
}
