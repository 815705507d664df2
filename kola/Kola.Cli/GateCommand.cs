using System.CommandLine;
using Kola.Reporting;

namespace Kola.Cli;

/// <summary><c>kola gate RESULTS…</c></summary>
internal static class GateCommand
{
    internal static Command Create()
    {
        var results = new Argument<string[]>("results") { Description = "Directories of runs, their events.jsonl, or directories that hold runs.", Arity = ArgumentArity.OneOrMore };
        Option<string?> policy = PolicyOption.Create();
        var image = new Option<string?>("--image") { Description = "Only results of the image with this digest, or one that begins so.", HelpName = "DIGEST" };
        var expect = new Option<int>("--expect") { Description = "Fewest places there have to be results of; each platform with each architecture and firmware is one. Default: 1.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var json = new Option<bool>("--json") { Description = "Print verdict, counts and every test as JSON." };
        var command = new Command("gate", "Says whether results of one or several runs are good enough. Exit code 0: open, 1: closed for the image's sake, 2: wrong use, 3: closed for lack of proof.") { results, policy, image, expect, json };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(expect) < 1)
                throw new UsageException($"--expect {parsed.GetValue(expect)}\n  wanted:  a whole number of at least 1");
            RecordedRuns recorded = RecordedRuns.Find(parsed.GetValue(results)!);
            var question = new GateQuestion
            {
                Policy = PolicyOption.Read(parsed, policy),
                Today = PolicyOption.Today,
                Image = parsed.GetValue(image),
                Expect = parsed.GetValue(expect),
                Unreadable = recorded.Unreadable,
            };
            Report[] reports = [.. recorded.Runs.Select(run => Report.Of(run.Run))];
            GateResults judged = GateResults.Of(reports, question);
            if (question.Image is { } asked && judged.Places.Count == 0)
                throw new UsageException($"--image {asked}: no run is of that image\n  wanted:  one of {string.Join(", ", reports.Select(report => report.Run!.Image.Digest).Distinct())}");
            if (parsed.GetValue(json))
                Console.Out.Write(GateText.ForPrograms(judged, question));
            else
                GateText.ForPeople(judged, question).ToList().ForEach(SummaryPrinter.Print);
            return judged.Verdict.ExitCode;
        });
        return command;
    }
}
