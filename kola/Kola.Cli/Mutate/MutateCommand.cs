using System.CommandLine;
using System.Globalization;
using Kola.Discovery;
using Kola.History;
using Kola.Planning;
using Kola.Reporting;

namespace Kola.Cli.Mutate;

/// <summary><c>kola mutate [PATTERN…]</c></summary>
internal static class MutateCommand
{
    internal static Command Create(Surroundings surroundings)
    {
        var target = new TargetOptions(surroundings);
        var selection = new SelectionOptions();
        Option<string?> suite = Suites.Option();
        Option<int?> seed = SeedOption.Create();
        Option<string[]> secrets = SecretOption.Create();
        var faults = new Option<string[]>("--fault") { Description = "Id of a fault, or a glob over ids. May be repeated. Default: all of the suite.", HelpName = "PATTERN" };
        var list = new Option<bool>("--list") { Description = "Print the faults there are, and boot nothing." };
        var baseline = new Option<string?>("--baseline") { Description = "An earlier run of the same image on which the tests passed, instead of running them without a fault first.", HelpName = "RUN" };
        var atLeast = new Option<string?>("--at-least") { Description = "End with 1 when a smaller share of the faults is caught.", HelpName = "PERCENT" };
        var output = new Option<string?>("--output", "-o") { Description = "Where runs are kept. Default: _kola.", HelpName = "DIR" };
        var timeout = new Option<string?>("--timeout") { Description = "Ends all of it after this long: 90m, 2h. Faults that are not tried by then are named.", HelpName = "TIME" };
        var command = new Command("mutate", "Puts known faults into copies of a machine that is well, one at a time, runs tests on them, and tells which faults the tests notice. Exit code 0: it was told, 1: fewer than --at-least, 2: wrong use, 3: something is not known.")
        {
            suite, faults, list, baseline, atLeast, output, timeout, seed, secrets,
        };
        selection.AddTo(command);
        target.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruptions = Interruptions.Of(cancel);
            NUnitSuite tests = Suites.Open(parsed.GetValue(suite));
            // Everything that can be wrong with the command line is found before anything is built or booted.
            Catalog catalog = tests.Explore();
            Selection selected = selection.Read(parsed);
            selected.From(catalog);
            IReadOnlyList<Fault> chosen = FaultSelection.From(tests.Faults, parsed.GetValue(faults) ?? []);
            double? least = parsed.GetValue(atLeast) is { } text ? Percent(text) : null;
            RunSettings settings = new()
            {
                Output = parsed.GetValue(output),
                Limit = parsed.GetValue(timeout) is { } time ? RunOptions.Time(time) : null,
                Masking = SecretOption.Read(parsed, secrets, surroundings),
                History = new HistoryFile(surroundings.CacheDirectory, Console.Error.WriteLine, TimeProvider.System),
            };
            int width = chosen.Max(fault => fault.Id.Length);
            if (parsed.GetValue(list))
            {
                foreach (Fault fault in chosen)
                    Console.Out.WriteLine($"{fault.Id.PadRight(width)}  {fault.What}{(fault.Reboots ? " (after a reboot)" : "")}");
                return ExitCode.Clean;
            }

            Report? earlier = parsed.GetValue(baseline) is { } path ? DiffCommand.Read(path) : null;
            settings = settings with { Seed = SeedOption.ReadOrDraw(parsed, seed) };
            await using Target opened = await target.OpenAsync(parsed, new StandardErrorProgress(), interruptions.First);
            CheckBaseline(earlier, opened.Image);
            (Plan plan, IReadOnlyList<(string Test, string Why)> leftOut) = FaultSelection.Mutable(Plan.For(catalog, selected, PlanCommand.SettingOf(opened)));
            if (plan.Tests.Count == 0)
                throw new UsageException($"no selected test can be run on machines with a fault\n  got:     {leftOut[0].Test}: {leftOut[0].Why}");
            var run = new MutationRun(opened, tests, settings, interruptions)
            {
                CommandLine = ["kola", .. parsed.Tokens.Select(t => DatabaseTarget.Masked(t.Value))],
                Baseline = earlier,
                Tell = result => SummaryPrinter.Print(MutationText.Line(result, width)),
            };
            (Mutation mutation, string directory) = await run.ExecuteAsync(plan, leftOut, chosen);
            foreach (ReportLine line in MutationText.Summary(mutation, directory))
                SummaryPrinter.Print(line);
            return mutation.ExitCodeFor(least);
        });
        return command;
    }

    /// <exception cref="UsageException">It is a run of another image, or of machines with a fault.</exception>
    internal static void CheckBaseline(Report? earlier, Image image)
    {
        if (earlier?.Run is not { } run)
            return;
        if (run.Fault is { } fault)
            throw new UsageException($"--baseline: the machines of {run.Run} had the fault {fault}\n  wanted:  a run of machines that are as they should be");
        if (run.Image.Digest != image.Digest)
            throw new UsageException($"--baseline: {run.Run} is a run of another image\n  wanted:  {image.Name} ({image.Digest})\n  got:     {run.Image.Name} ({run.Image.Digest})");
    }

    // 80, 80%
    private static double Percent(string text) =>
        double.TryParse(text.EndsWith('%') ? text[..^1] : text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent) && percent is >= 0 and <= 100
            ? percent
            : throw new UsageException($"--at-least {text}\n  wanted:  a share in percent, 0 to 100: 80%");
}
