using System.CommandLine;
using Kola.Reporting;

namespace Kola.Cli;

/// <summary><c>kola report [DIR]</c></summary>
internal static class ReportCommand
{
    internal static Command Create()
    {
        var run = new Argument<string>("run") { Description = "Directory of a run, or its events.jsonl.", DefaultValueFactory = _ => Path.Combine(Run.DefaultRoot, RunDirectory.Latest) };
        var write = new Option<bool>("--write") { Description = "Also write results.json, junit.xml, test.tap and the summaries into the run's directory again." };
        var test = new Option<string?>("--test") { Description = "Tell all of one test: where its time went, its commands and waits, and what was kept of its machines.", HelpName = "ID" };
        var command = new Command("report", "Renders a run again from its events and ends with the exit code the run deserves.") { run, write, test };
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(run)!;
            Report report = Report.Of(EventLog.Read(path));
            string directory = Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!;
            if (parsed.GetValue(write))
                Rendering.WriteAll(report, directory, directory);
            if (parsed.GetValue(test) is { } id)
            {
                foreach (ReportLine line in TestStory.Lines(report, id, directory))
                    SummaryPrinter.Print(line);
                return report.ExitCode;
            }

            SummaryPrinter.Print(report, directory);
            return report.ExitCode;
        });
        return command;
    }
}
