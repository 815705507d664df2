using System.CommandLine;
using Kola.Reporting;

namespace Kola.Cli;

/// <summary><c>kola report [DIR]</c></summary>
internal static class ReportCommand
{
    internal static Command Create(Surroundings surroundings)
    {
        var run = new Argument<string>("run") { Description = "Directory of a run, or its events.jsonl.", DefaultValueFactory = _ => Path.Combine(Run.DefaultRoot, RunDirectory.Latest) };
        var write = new Option<bool>("--write") { Description = "Also write every form of the report into the run's directory again." };
        var against = new Option<string?>("--against") { Description = "An earlier run: also say what changed since, here and in report.html.", HelpName = "RUN" };
        var test = new Option<string?>("--test") { Description = "Tell all of one test: where its time went, its commands and waits, and what was kept of its machines.", HelpName = "ID" };
        var command = new Command("report", "Renders a run again from its events and ends with the exit code the run deserves.") { run, write, against, test };
        var elsewhere = new ReportOptions(surroundings);
        elsewhere.AddTo(command);
        command.SetAction(parsed =>
        {
            Publication publication = elsewhere.Read(parsed);
            string path = parsed.GetValue(run)!;
            Report report = Report.Of(EventLog.Read(path));
            string directory = Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!;
            RunDiff? diff = parsed.GetValue(against) is { } earlier ? RunDiff.Of([DiffCommand.Read(earlier)], [report]) : null;
            if (parsed.GetValue(write))
                Rendering.WriteAll(report, directory, directory, diff);
            publication.Write(report);
            if (parsed.GetValue(test) is { } id)
            {
                foreach (ReportLine line in TestStory.Lines(report, id, directory))
                    SummaryPrinter.Print(line);
                return report.ExitCode;
            }

            if (diff is not null)
                DiffCommand.Print(diff);
            SummaryPrinter.Print(report, directory);
            publication.Announce(report);
            return report.ExitCode;
        });
        return command;
    }
}
