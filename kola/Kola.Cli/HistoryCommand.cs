using System.CommandLine;
using System.Globalization;
using Kola.History;
using Kola.Reporting;

namespace Kola.Cli;

/// <summary><c>kola history [TEST]</c></summary>
internal static class HistoryCommand
{
    internal static Command Create(Surroundings surroundings)
    {
        var test = new Argument<string?>("test") { Description = "Id of a test, also one it had before: prints each of its results. Default: a line for each test.", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> database = DatabaseOption.Create();
        database.Recursive = true;
        var platform = new Option<string?>("--platform") { Description = "Only results of this platform.", HelpName = "NAME" };
        var arch = new Option<string?>("--arch") { Description = "Only results of images of this architecture.", HelpName = "ARCH" };
        var channel = new Option<string?>("--channel") { Description = "Only results of images of this channel.", HelpName = "NAME" };
        var since = new Option<string?>("--since") { Description = "Only runs that began then or later: a day, as 2026-10-01, or so many days ago, as 30d.", HelpName = "DAY" };
        var last = new Option<int>("--last") { Description = "Only the newest N results of each test.", HelpName = "N" };
        var json = new Option<bool>("--json") { Description = "Print everything as JSON." };
        var command = new Command("history", "Tells how tests did in all runs so far: how often they passed, since when they fail, how long they take.") { test, database, platform, arch, channel, since, last, json };
        command.SetAction(async (parsed, cancel) =>
        {
            var filter = new ResultFilter
            {
                Test = parsed.GetValue(test),
                Platform = parsed.GetValue(platform),
                Architecture = parsed.GetValue(arch),
                Channel = parsed.GetValue(channel),
                Since = parsed.GetValue(since) is { } text ? Since(text, TimeProvider.System.GetUtcNow()) : null,
                Last = parsed.GetValue(last) is >= 0 and var most ? most : throw new UsageException($"--last {parsed.GetValue(last)}\n  wanted:  a whole number of at least 1"),
            };
            DatabaseTarget target = DatabaseOption.Read(parsed, database, surroundings);
            await using ResultDatabase results = await ResultDatabase.OpenAsync(target, cancel);
            IReadOnlyList<StoredResult> found = await results.ReadAsync(filter, cancel);
            if (found.Count == 0)
                throw new UsageException($"{target.Shown} holds no such result{(filter.Test is null ? "" : $" of \"{filter.Test}\"")}\n  wanted:  results of earlier runs, within what is asked for\n  next:    kola history; kola history add _kola");
            Console.Out.Write(parsed.GetValue(json) ? HistoryText.ForPrograms(found) : filter.Test is null ? HistoryText.OfAll(found) : HistoryText.OfOne(found));
        });
        command.Add(Add(surroundings, database));
        return command;
    }

    private static Command Add(Surroundings surroundings, Option<string?> database)
    {
        var runs = new Argument<string[]>("runs") { Description = "Directories of runs, their events.jsonl, or directories that hold runs.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("add", "Adds runs to the results; a run that is there is not added twice.") { runs };
        command.SetAction(async (parsed, cancel) =>
        {
            RecordedRuns recorded = RecordedRuns.Find(parsed.GetValue(runs)!);
            foreach (string none in recorded.Unreadable)
                await Console.Error.WriteLineAsync($"kola: left out: {none}");
            DatabaseTarget target = DatabaseOption.Read(parsed, database, surroundings);
            await using ResultDatabase results = await ResultDatabase.OpenAsync(target, cancel);
            Report[] reports = [.. recorded.Runs.Select(run => Report.Of(run.Run))];
            // Whoever looked into machines has tested nothing, and whoever made them wrong has tested the suite.
            Report[] kept = [.. reports.Where(report => report.Run is { Visit: false, Fault: null })];
            foreach (Report report in kept)
                await results.AddAsync(report, cancel);
            string visits = kept.Length == reports.Length ? "" : $", and {PlainText.Count(reports.Length - kept.Length, "run")} left out that did not test an image";
            Console.Out.WriteLine($"{PlainText.Count(kept.Length, "run")} in {target.Shown}{visits}");
        });
        return command;
    }

    // 2026-10-01        30d
    private static DateTimeOffset Since(string text, DateTimeOffset now)
    {
        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly day))
            return new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero);
        return text.EndsWith('d') && int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out int days) && days is > 0 and < 36_500
            ? now.AddDays(-days)
            : throw new UsageException($"--since {text}\n  wanted:  a day, as 2026-10-01, or so many days ago, as 30d");
    }
}
