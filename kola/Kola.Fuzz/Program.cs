using System.CommandLine;
using System.Globalization;

namespace Kola.Fuzz;

/// <summary>The program <c>scripts/fuzz</c> starts.</summary>
internal static class Program
{
    internal static async Task<int> Main(string[] args)
    {
        try
        {
            return await new RootCommand("Fuzzing of what reads configs and payloads.") { Run(), Read("read", Fuzzing.Read), Read("read-payload", Fuzzing.ReadPayloads), Try() }.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception fault) when (fault is UsageException or PlatformException)
        {
            Console.Error.WriteLine(fault.Message);
            return fault is UsageException ? 2 : 3;
        }
    }

    private static Command Run()
    {
        var minutes = new Option<int>("--minutes") { Description = "How long it is fuzzed. Default: 10.", DefaultValueFactory = _ => 10 };
        var output = new Option<string>("--output", "-o") { Description = "New directory for seeds and findings.", DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "kola-fuzz-" + Environment.ProcessId.ToString(CultureInfo.InvariantCulture)), HelpName = "DIR" };
        Option<bool> payloads = Payloads();
        var run = new Command("run", "Fuzzes the readers of Ignition, Butane and legacy configs, or of payloads, with AFL++, and says what was found.") { minutes, output, payloads };
        run.SetAction(async (parsed, cancel) =>
        {
            if (parsed.GetValue(minutes) is < 1 or > 10_000)
                throw new UsageException($"--minutes {parsed.GetValue(minutes)}\n  wanted:  1 to 10000");
            string directory = Path.GetFullPath(parsed.GetValue(output)!);
            if (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any())
                throw new UsageException($"--output {directory}\n  wanted:  a directory with nothing in it");
            Directory.CreateDirectory(directory);
            IReadOnlyDictionary<string, string> counted = await Fuzzing.RunAsync(directory, parsed.GetValue(payloads), parsed.GetValue(minutes), cancel);
            foreach (string what in Fuzzing.Counted)
                Console.WriteLine($"{what,-16}{counted[what]}");
            Console.WriteLine($"findings        {Path.Combine(directory, "findings", "default")}");
            return counted["saved_crashes"] == "0" && counted["saved_hangs"] == "0" ? 0 : 1;
        });
        return run;
    }

    private static Command Read(string name, Action start)
    {
        var read = new Command(name, "What afl-fuzz starts.") { Hidden = true };
        read.SetAction(_ => start());
        return read;
    }

    private static Option<bool> Payloads() => new("--payloads") { Description = "Update payloads instead of configs." };

    private static Command Try()
    {
        var files = new Argument<string[]>("file") { Description = "A text that was found.", Arity = ArgumentArity.OneOrMore };
        var once = new Command("try", "Reads texts as the fuzzer did, and lets what they throw through.") { files };
        Option<bool> payloads = Payloads();
        once.Add(payloads);
        once.SetAction(parsed =>
        {
            foreach (string file in parsed.GetValue(files)!)
            {
                using FileStream stream = File.OpenRead(file);
                if (parsed.GetValue(payloads))
                    PayloadTarget.Try(stream);
                else
                    ConfigTarget.Try(stream);
            }
        });
        return once;
    }
}
