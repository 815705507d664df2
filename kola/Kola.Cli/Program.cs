using System.CommandLine;
using Kola.Cli.Bench;
using Kola.Cli.Mutate;

namespace Kola.Cli;

/// <summary>The <c>kola</c> program. Environment variables are read here and nowhere else.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        // Blocking reads of SSH channels hold pool threads; a pool that grows by one a second would stall a run's first minute.
        // What networks and boot disks are made with is not on an ordinary user's path.
        Environment.SetEnvironmentVariable("PATH", Environment.GetEnvironmentVariable("PATH") + ":/usr/local/sbin:/usr/sbin:/sbin");
        ThreadPool.SetMinThreads(workerThreads: 128, completionPortThreads: 16);
        Surroundings surroundings = Surroundings.Of(Environment.GetEnvironmentVariable) with
        {
            Environment = Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().ToDictionary(v => (string)v.Key, v => (string?)v.Value ?? ""),
        };
        return await RunAsync(args, surroundings);
    }

    /// <summary>Every command there is.</summary>
    internal static RootCommand CreateRoot(Surroundings surroundings) => new("Boots a Flatcar image in virtual machines and runs suites of tests against them.")
    {
        ListCommand.Create(),
        PlanCommand.Create(surroundings),
        RunCommand.Create(surroundings),
        MutateCommand.Create(surroundings),
        SpawnCommand.Create(surroundings),
        OpenCommand.Create(surroundings),
        ReportCommand.Create(surroundings),
        DiffCommand.Create(),
        GateCommand.Create(),
        HistoryCommand.Create(surroundings),
        BootchartCommand.Create(),
        CheckConsoleCommand.Create(),
        ConfigCommand.Create(),
        ImageCommand.Create(surroundings),
        KubernetesCommand.Create(surroundings),
        PayloadCommand.Create(),
        BenchCommand.Create(surroundings),
        CacheCommand.Create(surroundings),
        GcCommand.Create(surroundings),
        PlatformsCommand.Create(surroundings),
        OmahaCommand.Create(surroundings),
        VersionCommand.Create(),
    };

    /// <summary>Parses and runs one command line.</summary>
    internal static async Task<int> RunAsync(string[] args, Surroundings surroundings)
    {
        ParseResult parsed = CreateRoot(surroundings).Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (string error in parsed.Errors.Select(e => e.Message).Distinct())
                await Console.Error.WriteLineAsync($"kola: {error}");
            await Console.Error.WriteLineAsync($"  next:    kola {(parsed.CommandResult.Command is RootCommand ? "" : parsed.CommandResult.Command.Name + " ")}--help");
            return ExitCode.Usage;
        }

        try
        {
            // No handler of the library's: Interruptions decides what Ctrl-C does.
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (UsageException wrong)
        {
            await Console.Error.WriteLineAsync($"kola: {wrong.Message}");
            return ExitCode.Usage;
        }
        catch (PlatformException broken)
        {
            await Console.Error.WriteLineAsync($"kola: {broken.Message}");
            return ExitCode.Broken;
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("kola: interrupted");
            return ExitCode.Broken;
        }
    }
}
