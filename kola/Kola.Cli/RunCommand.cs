using System.CommandLine;
using Kola.History;
using Kola.Planning;
using Kola.Policies;

namespace Kola.Cli;

/// <summary><c>kola run [PATTERN…]</c></summary>
internal static class RunCommand
{
    internal static Command Create(Surroundings surroundings)
    {
        var target = new TargetOptions(surroundings);
        var selection = new SelectionOptions();
        var updates = new UpdateOptions();
        var kubernetes = new KubernetesOption(surroundings);
        var run = new RunOptions();
        var elsewhere = new ReportOptions(surroundings);
        Option<string?> suite = Suites.Option();
        Option<string?> policyFile = PolicyOption.Create();
        Option<string?> database = DatabaseOption.Create();
        Option<string[]> secrets = SecretOption.Create();
        var command = new Command("run", "Boots machines and runs tests against them. Exit code 0: clean, 1: failed, 2: wrong use, 3: broken or not run.") { suite, policyFile, database, secrets };
        selection.AddTo(command);
        target.AddTo(command);
        updates.AddTo(command);
        kubernetes.AddTo(command);
        run.AddTo(command);
        elsewhere.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruptions = Interruptions.Of(cancel);
            NUnitSuite tests = Suites.Open(parsed.GetValue(suite));
            // Everything that can be wrong with the command line is found before anything is built or booted.
            Discovery.Catalog catalog = tests.Explore();
            Selection selected = selection.Read(parsed);
            selected.From(catalog);
            run.Check(parsed);
            Publication publication = elsewhere.Read(parsed);
            Policy? policy = PolicyOption.Read(parsed, policyFile);
            DatabaseTarget results = DatabaseOption.Read(parsed, database, surroundings);
            Masking masking = SecretOption.Read(parsed, secrets, surroundings);
            UpdateChoice choice = updates.Read(parsed);
            IReadOnlyDictionary<string, SuiteInput> inputs = await kubernetes.ReadAsync(parsed, interruptions.First);
            await using FileStream? held = KubernetesOption.Hold(inputs);
            await using Target place = await target.OpenAsync(parsed, new StandardErrorProgress(), interruptions.First);
            Target opened = place.Offering([.. choice.FeaturesFor(place.Image), .. KubernetesOption.FeaturesOf(inputs, place.Image)]);
            policy = policy?.For(opened.Platform.Name, opened.Image);
            Plan plan = Plan.For(catalog, selected, PlanCommand.SettingOf(opened, policy));
            if (policy is not null)
                PolicyOption.Warn(policy, catalog, PolicyOption.Today);
            if (plan.Tests.Count == 0)
                Console.Error.WriteLine($"kola: shard {selected.Shard} is empty: no selected test is in it\n  next:    nothing; its record says so, and kola gate asks for it");
            RunSettings settings = run.Read(parsed) with
            {
                Payloads = plan.NeedsPayloads ? await new ReferencePayloads(surroundings, opened.Image).GetAsync(choice, new StandardErrorProgress(), interruptions.First) : UpdatePayloads.None,
                Inputs = inputs,
                Policy = policy,
                Results = results,
                Shard = selected.Shard,
                Selection = selected.DigestOf(catalog),
                History = new HistoryFile(surroundings.CacheDirectory, Console.Error.WriteLine, TimeProvider.System),
                Publication = publication,
                Masking = masking,
            };
            Console.Error.WriteLine($"kola: {settings.WorstCaseOf(plan, opened)}");
            return await new Run(opened, plan, settings, interruptions).ExecuteAsync(
                Arguments(parsed),
                // NUnit's runner blocks until all tests have ended: a thread of its own, not one of the pool's.
                // An empty shard has nothing to wait for.
                session => plan.Tests.Count == 0 ? Task.CompletedTask : Task.Factory.StartNew(() => tests.Run(plan, session), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        });
        return command;
    }

    private static string[] Arguments(ParseResult parsed) => ["kola", .. parsed.Tokens.Select(t => DatabaseTarget.Masked(t.Value))];
}
