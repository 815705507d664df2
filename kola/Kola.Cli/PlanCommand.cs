using System.CommandLine;
using Kola.Checks;
using Kola.Machines;
using Kola.Planning;
using Kola.Policies;
using Kola.Running;
using Kola.Scheduling;

namespace Kola.Cli;

/// <summary><c>kola plan [PATTERN…]</c></summary>
internal static class PlanCommand
{
    internal static Command Create(Surroundings surroundings)
    {
        var target = new TargetOptions(surroundings);
        var selection = new SelectionOptions();
        var updates = new UpdateOptions();
        var kubernetes = new KubernetesOption(surroundings);
        Option<string?> suite = Suites.Option();
        Option<int?> seed = SeedOption.Create();
        Option<string?> policyFile = PolicyOption.Create();
        var json = new Option<bool>("--json") { Description = "Print the plan and its turns as JSON." };
        var command = new Command("plan", "Prints what a run with the same arguments would do, in what order, and how long it is expected to take. Boots no machine of a test.") { suite, seed, policyFile, json };
        selection.AddTo(command);
        target.AddTo(command);
        updates.AddTo(command);
        kubernetes.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruptions = Interruptions.Of(cancel);
            NUnitSuite tests = Suites.Open(parsed.GetValue(suite));
            // What is wrong with the command line is found before anything is built.
            Policy? policy = PolicyOption.Read(parsed, policyFile);
            Selection selected = selection.Read(parsed);
            Discovery.Catalog catalog = tests.Explore();
            selected.From(catalog);
            UpdateChoice choice = updates.Read(parsed);
            IReadOnlyDictionary<string, SuiteInput> inputs = await kubernetes.ReadAsync(parsed, interruptions.First);
            await using FileStream? held = KubernetesOption.Hold(inputs);
            await using Target place = await target.OpenAsync(parsed, new StandardErrorProgress(), interruptions.First);
            Target opened = place.Offering([.. choice.FeaturesFor(place.Image), .. KubernetesOption.FeaturesOf(inputs, place.Image)]);
            policy = policy?.For(opened.Platform.Name, opened.Image);
            Plan plan = Plan.For(catalog, selected, SettingOf(opened, policy));
            if (policy is not null)
                PolicyOption.Warn(policy, catalog, PolicyOption.Today);
            CostHistory history = new HistoryFile(surroundings.CacheDirectory, Console.Error.WriteLine, TimeProvider.System).Read();
            TemplatePlan templates = await TemplatesOfAsync(opened, plan, tests, inputs, interruptions.First);
            PlanText text = TextOf(opened, plan, templates, history, SeedOption.ReadOrDraw(parsed, seed));
            Console.Out.Write(parsed.GetValue(json) ? text.ForPrograms() : text.ForPeople());
        });
        return command;
    }

    internal static Setting SettingOf(Target target, Policy? policy = null) => new()
    {
        Policy = policy,
        Today = PolicyOption.Today,
        Platform = target.Platform.Name,
        Features = target.Features,
        Capacity = target.Capacity,
        Image = target.Image,
        Limits = target.Platform.Limits,
        Checks = CheckTable.All.Select(c => c.Id).ToHashSet(),
    };

    /// <summary>What is known of costs on a target.</summary>
    internal static Expectation ExpectationOf(Target target, CostHistory history) =>
        new() { History = history, Flavour = CostHistory.FlavourOf(target.Platform.Name, target.Platform.Facts) };

    /// <summary>The templates a run would use, by their real keys, and which of them are there.</summary>
    private static async Task<TemplatePlan> TemplatesOfAsync(Target target, Plan plan, NUnitSuite suite, IReadOnlyDictionary<string, SuiteInput> inputs, CancellationToken cancel)
    {
        if (target.Platform.Templates is not { } templates)
            return TemplatePlan.None;
        var known = new TemplatePlan { KeyOf = (test, machine) => templates.KeyOf(TemplateSet.SpecOf(test, machine, target.Image, suite.Code, inputs)) };
        var present = new HashSet<string>();
        foreach (string key in plan.ToRun.SelectMany(known.KeysOf).Distinct())
        {
            await using ITemplate? template = await templates.FindAsync(key, cancel);
            if (template is not null)
                present.Add(key);
        }

        return known with { Present = present };
    }

    private static PlanText TextOf(Target target, Plan plan, TemplatePlan templates, CostHistory history, int seed)
    {
        Expectation expected = ExpectationOf(target, history);
        return new PlanText
        {
            Plan = plan,
            Forecast = Forecast.Of(plan, [target.Capacity], expected, seed, templates),
            Capacity = target.Capacity,
            Templates = templates,
            Seed = seed,
            Worst = WorstCase.Of(plan, target.Capacity, target.Platform.Slowness, repetitions: 1, parity: 0, limit: null),
            Runs = history.RunsOf(expected.Flavour),
        };
    }
}
