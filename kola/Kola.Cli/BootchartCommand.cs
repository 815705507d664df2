using System.CommandLine;
using System.Text;
using Kola.Bootcharts;
using Kola.Reporting;

namespace Kola.Cli;

/// <summary><c>kola bootchart RUN TEST</c></summary>
internal static class BootchartCommand
{
    internal static Command Create()
    {
        var run = new Argument<string>("run") { Description = "Directory of a run, or its events.jsonl." };
        var test = new Argument<string>("test") { Description = "Id of a test of it, or template/KEY." };
        var machine = new Option<string?>("--machine") { Description = "Role of the machine. Default: the test's only one.", HelpName = "ROLE" };
        var attempt = new Option<int>("--attempt") { Description = "Which attempt of the test.", DefaultValueFactory = _ => 1 };
        var number = new Option<int>("--boot") { Description = "Which boot: 0 for the first, then one more a reboot.", DefaultValueFactory = _ => 0 };
        var output = new Option<string?>("--output", "-o") { Description = "Where the drawing goes. Default: bootchart.svg beside the machine's console.", HelpName = "FILE.svg" };
        var text = new Option<bool>("--text") { Description = "Print phases and slowest units instead of drawing." };
        var command = new Command("bootchart", "Draws how a machine booted, from what the run recorded of it: also of one that never let anybody in.") { run, test, machine, attempt, number, output, text };
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(run)!;
            MachineStarted started = Choose(EventLog.Read(path), parsed.GetValue(test)!, parsed.GetValue(machine), parsed.GetValue(attempt));
            string directory = Path.Combine(Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!, started.Directory);
            string title = $"{started.Test}, {started.Machine}{(started.Attempt > 1 ? $", attempt {started.Attempt}" : "")}, boot {parsed.GetValue(number)}{(started.Template is null ? "" : ": of the template it is a copy of")}";
            BootRecord boot = Read(EventLog.Read(path).Events, started, directory, parsed.GetValue(number));
            if (parsed.GetValue(text))
            {
                Console.Out.Write(BootchartText.Render(boot, title));
                return;
            }

            string file = parsed.GetValue(output) ?? Path.Combine(directory, "bootchart.svg");
            Write(file, BootchartSvg.Render(boot, title));
            Console.Out.WriteLine(file);
        });
        return command;
    }

    private static MachineStarted Choose(RecordedRun recorded, string test, string? machine, int attempt)
    {
        // A copy that was no good is there twice: the last is the one the test had.
        MachineStarted[] all = [.. recorded.Events.OfType<MachineStarted>().Where(e => e.Test == test)];
        MachineStarted[] found = [.. all.Where(e => e.Attempt == attempt && (machine is null || e.Machine == machine)).GroupBy(e => e.Machine).Select(g => g.Last())];
        if (all.Length == 0)
            throw new UsageException($"{test}\n  wanted:  a test that had a machine in this run\n  got:     {Known(recorded)}");
        return found switch
        {
            [var one] => one,
            [] => throw new UsageException($"{(machine is null ? $"--attempt {attempt}" : $"--machine {machine}")}\n  wanted:  a machine of {test}\n  got:     {string.Join(", ", all.Select(e => $"{e.Machine} of attempt {e.Attempt}").Distinct())}"),
            _ => throw new UsageException($"{test} has {found.Length} machines\n  wanted:  --machine ROLE\n  got:     {string.Join(", ", found.Select(e => e.Machine))}"),
        };
    }

    private static string Known(RecordedRun recorded)
    {
        string[] tests = [.. recorded.Events.OfType<MachineStarted>().Select(e => e.Test).Distinct()];
        return tests.Length == 0 ? "a run without machines" : string.Join(", ", tests.Take(10)) + (tests.Length > 10 ? $" and {tests.Length - 10} more" : "");
    }

    private static BootRecord Read(IReadOnlyList<RunEvent> events, MachineStarted started, string directory, int number)
    {
        var boots = new List<(BootRecord Boot, DateTimeOffset Zero)>();
        string journal = Path.Combine(directory, RunDirectory.JournalExportFile);
        string console = Path.Combine(directory, RunDirectory.ConsoleFile);
        try
        {
            if (File.Exists(journal))
            {
                using FileStream export = File.OpenRead(journal);
                boots.AddRange(BootJournal.Read(export));
            }

            // A boot that hung before it could send its journal is on the console alone.
            if (boots.Count <= number && File.Exists(console))
                boots.AddRange(BootConsole.Read(File.ReadAllText(console)).Skip(boots.Count).Select(b => (b, default(DateTimeOffset))));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{directory} cannot be read: {fault.Message}", fault);
        }

        if (boots.Count == 0)
            throw new UsageException($"{directory}: neither journal nor console tells of a boot\n  wanted:  {RunDirectory.JournalExportFile}, or a console with the kernel's lines on it\n  next:    was it started at all? see {console}");
        if (number < 0 || number >= boots.Count)
            throw new UsageException($"--boot {number}\n  wanted:  0 to {boots.Count - 1}: it booted {(boots.Count == 1 ? "once" : $"{boots.Count} times")}");
        (BootRecord boot, DateTimeOffset zero) = boots[number];
        // When a copy's kernel began was before the run, and when a reboot began is not on record.
        return number > 0 || started.Template is not null || zero == default ? boot : boot.Within(started.At, zero, MarksOf(events, started));
    }

    private static IEnumerable<(string Name, DateTimeOffset At)> MarksOf(IEnumerable<RunEvent> events, MachineStarted started)
    {
        if (events.OfType<MachineReady>().FirstOrDefault(e => e.Test == started.Test && e.Machine == started.Machine && e.Attempt == started.Attempt && e.Boot == 0) is not { } ready)
            yield break;
        if (ready.LoginSeconds is { } login)
            yield return ("SSH lets in", ready.At.AddSeconds(login - ready.ElapsedSeconds));
        yield return ("ready", ready.At);
    }

    private static void Write(string file, string text)
    {
        try
        {
            File.WriteAllText(file, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--output {file}: cannot be written: {fault.Message}", fault);
        }
    }
}
