using System.CommandLine;
using Kola.Checks;
using Kola.Planning;

namespace Kola.Cli;

/// <summary><c>kola plan [PATTERN…]</c></summary>
internal static class PlanCommand
{
    internal static Command Create(Surroundings surroundings)
    {
        var target = new TargetOptions(surroundings);
        var selection = new SelectionOptions();
        Option<string?> suite = Suites.Option();
        var command = new Command("plan", "Prints what a run with the same arguments would do, test by test. Boots no machine of a test.") { suite };
        selection.AddTo(command);
        target.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruptions = Interruptions.Of(cancel);
            NUnitSuite tests = Suites.Open(parsed.GetValue(suite));
            await using Target opened = await target.OpenAsync(parsed, new StandardErrorProgress(), interruptions.First);
            Print(Plan.For(tests.Explore(), selection.Read(parsed), SettingOf(opened)));
        });
        return command;
    }

    internal static Setting SettingOf(Target target) => new()
    {
        Platform = target.Platform.Name,
        Features = target.Features,
        Capacity = target.Platform.Capacity,
        Image = target.Image,
        Checks = CheckTable.All.Select(c => c.Id).ToHashSet(),
    };

    private static void Print(Plan plan)
    {
        int width = plan.Tests.Max(t => t.Case.Id.Length);
        foreach (PlannedTest test in plan.Tests)
            Console.Out.WriteLine($"{(test.Skip is null ? "run " : "skip")}  {test.Case.Id.PadRight(width)}  {(test.Skip is { } skip ? $"{skip.Reason}. {skip.Remedy}" : test.Case.Sentence)}");
        int skipped = plan.Tests.Count(t => t.Skip is not null);
        Console.Out.WriteLine($"{plan.Tests.Count} tests: {plan.Tests.Count - skipped} to run, {skipped} to skip; {plan.ToRun.Sum(t => t.Machines.Count)} machines");
    }
}
