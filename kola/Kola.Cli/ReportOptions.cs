using System.CommandLine;
using Kola.Reporting;

namespace Kola.Cli;

/// <summary>Where a report goes beside the run's directory.</summary>
internal sealed class ReportOptions(Surroundings surroundings)
{
    private readonly Option<string?> _tapCompat = new("--tap-compat") { Description = "Also write TAP as flatcar/mantle's kola does: 1..N, ok - NAME, not ok - NAME.", HelpName = "FILE" };
    private readonly Option<bool> _github = new("--github") { Description = "Print annotations for GitHub Actions, and add the summary to $GITHUB_STEP_SUMMARY. On by itself where GITHUB_ACTIONS is true." };

    internal void AddTo(Command command)
    {
        command.Add(_tapCompat);
        command.Add(_github);
    }

    /// <summary>From here on, nothing that is printed is a command of GitHub's where that matters, but for <see cref="Publication.Announce"/>.</summary>
    /// <exception cref="UsageException">The file cannot be written where it is to be.</exception>
    internal Publication Read(ParseResult parsed)
    {
        string? tapCompat = parsed.GetValue(_tapCompat);
        if (tapCompat is not null && (Directory.Exists(tapCompat) || !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(tapCompat)))))
            throw new UsageException($"--tap-compat {tapCompat}\n  wanted:  a file in a directory that is there");
        TextWriter? commands = surroundings.Commands;
        if (commands is null && parsed.GetValue(_github))
            commands = Quieten();
        return new Publication { TapCompat = tapCompat, Commands = commands, SummaryFile = commands is null ? null : surroundings.StepSummary };
    }

    /// <summary>Makes what is printed harmless to GitHub Actions.</summary>
    /// <returns>Where commands can still be written.</returns>
    internal static TextWriter Quieten()
    {
        TextWriter commands = Console.Out;
        Console.SetOut(new WorkflowLog(commands));
        Console.SetError(new WorkflowLog(Console.Error));
        return commands;
    }
}

/// <summary>What <see cref="ReportOptions"/> read.</summary>
internal sealed record Publication
{
    /// <summary>Where the peer's TAP goes; null for nowhere.</summary>
    internal string? TapCompat { get; init; }

    /// <summary>Takes commands of GitHub Actions; null outside of it.</summary>
    internal TextWriter? Commands { get; init; }

    /// <summary>The job's summary, which is added to; null for none.</summary>
    internal string? SummaryFile { get; init; }

    /// <exception cref="PlatformException">A file cannot be written.</exception>
    internal void Write(Report report)
    {
        if (TapCompat is not null)
            Rendering.Write(TapCompat, TapCompatReport.Render(report));
    }

    /// <summary>Prints annotations and adds to the job's summary. What cannot be shown changes no exit code.</summary>
    internal void Announce(Report report)
    {
        if (Commands is null)
            return;
        foreach (string line in GitHubReport.Annotations(report))
            Commands.WriteLine(line);
        Commands.Flush();
        if (SummaryFile is not { Length: > 0 } file)
            return;
        try
        {
            long there = File.Exists(file) ? new FileInfo(file).Length : 0;
            File.AppendAllText(file, GitHubReport.Summary(report, there));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"kola: the job's summary {file} cannot be written: {fault.Message}");
        }
    }
}
