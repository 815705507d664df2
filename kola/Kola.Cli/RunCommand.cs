using System.CommandLine;
using Kola.Planning;

namespace Kola.Cli;

/// <summary><c>kola run [PATTERN…]</c></summary>
internal static class RunCommand
{
    internal static Command Create(Surroundings surroundings)
    {
        var target = new TargetOptions(surroundings);
        var selection = new SelectionOptions();
        var run = new RunOptions();
        Option<string?> suite = Suites.Option();
        Option<string[]> secrets = SecretOption.Create();
        var command = new Command("run", "Boots machines and runs tests against them. Exit code 0: clean, 1: failed, 2: wrong use, 3: broken or not run.") { suite, secrets };
        selection.AddTo(command);
        target.AddTo(command);
        run.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruptions = Interruptions.Of(cancel);
            NUnitSuite tests = Suites.Open(parsed.GetValue(suite));
            // Everything that can be wrong with the command line is found before anything is built or booted.
            Discovery.Catalog catalog = tests.Explore();
            Selection selected = selection.Read(parsed);
            selected.From(catalog);
            run.Check(parsed);
            Masking masking = SecretOption.Read(parsed, secrets, surroundings);
            await using Target opened = await target.OpenAsync(parsed, new StandardErrorProgress(), interruptions.First);
            Plan plan = Plan.For(catalog, selected, PlanCommand.SettingOf(opened));
            RunSettings settings = run.Read(parsed) with { Masking = masking, History = new HistoryFile(surroundings.CacheDirectory, Console.Error.WriteLine, TimeProvider.System) };
            return await new Run(opened, plan, settings, interruptions).ExecuteAsync(
                Arguments(parsed),
                // NUnit's runner blocks until all tests have ended: a thread of its own, not one of the pool's.
                session => Task.Factory.StartNew(() => tests.Run(plan, session), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        });
        return command;
    }

    private static string[] Arguments(ParseResult parsed) => ["kola", .. parsed.Tokens.Select(t => t.Value)];
}
