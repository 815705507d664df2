using System.CommandLine;
using Kola.Reporting;

namespace Kola.Cli;

/// <summary><c>kola diff RUN-A RUN-B</c>, <c>kola diff --base A1 A2 … --new B1 B2 …</c></summary>
internal static class DiffCommand
{
    internal static Command Create()
    {
        var runs = new Argument<string[]>("run") { Description = "Two runs: the one to compare against, and the one that is judged. Directories, or events.jsonl.", Arity = ArgumentArity.ZeroOrMore };
        var before = Side("--base", "Runs to compare against, instead of the first argument.");
        var after = Side("--new", "Runs that are judged, instead of the second argument.");
        var json = new Option<bool>("--json") { Description = $"Print all of it as JSON, schema {RunDiff.CurrentSchema}." };
        var markdown = new Option<bool>("--markdown") { Description = "Print it as Markdown." };
        var command = new Command("diff", "Says what changed from one run to another, or from several to several. Ends with 1 when a test fails that did not before, else with 0.") { runs, before, after, json, markdown };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(json) && parsed.GetValue(markdown))
                throw new UsageException("--json --markdown\n  wanted:  one of the two");
            (string[] old, string[] now) = Sides(parsed.GetValue(runs) ?? [], parsed.GetValue(before) ?? [], parsed.GetValue(after) ?? []);
            RunDiff diff = RunDiff.Of([.. old.Select(Read)], [.. now.Select(Read)]);
            if (parsed.GetValue(json))
                Console.Out.Write(RunDiffText.Json(diff));
            else if (parsed.GetValue(markdown))
                Console.Out.Write(RunDiffText.Markdown(diff));
            else
                Print(diff);
            return diff.ExitCode;
        });
        return command;
    }

    internal static Report Read(string path) => Report.Of(EventLog.Read(path));

    internal static void Print(RunDiff diff)
    {
        foreach (ReportLine line in RunDiffText.Lines(diff))
            SummaryPrinter.Print(line);
    }

    private static Option<string[]> Side(string name, string description) =>
        new(name) { Description = description, HelpName = "RUN", AllowMultipleArgumentsPerToken = true, Arity = ArgumentArity.OneOrMore };

    private static (string[] Old, string[] New) Sides(string[] runs, string[] before, string[] after)
    {
        if (runs.Length == 2 && before.Length + after.Length == 0)
            return ([runs[0]], [runs[1]]);
        if (runs.Length == 0 && before.Length > 0 && after.Length > 0)
            return (before, after);
        throw new UsageException("kola diff\n  wanted:  two runs, or --base RUN… --new RUN…\n  next:    kola diff _kola/RUN-A _kola/latest");
    }
}
