using System.CommandLine;
using System.Globalization;
using Kola.Machines;
using Kola.Planning;

namespace Kola.Cli;

/// <summary><c>kola benchmark boot</c> and <c>kola benchmark plan</c></summary>
internal static class BenchmarkCommand
{
    private const string Id = "benchmark.boot";

    private static readonly string[] s_shownFacts = ["acceleration", "cpu-model", "qemu-version", "firmware"];

    internal static Command Create(Surroundings surroundings) => new("benchmark", "Measures what things cost on this host.") { Boot(surroundings), PlanOf() };

    private static Command PlanOf()
    {
        var hosts = new Option<int>("--hosts") { Description = "How many hosts of 4 cores and 16 GiB are made up.", DefaultValueFactory = _ => 1000 };
        var count = new Option<int>("--count", "-n") { Description = "How many times each size is measured.", DefaultValueFactory = _ => 5 };
        var command = new Command("plan", "Plans 1,000, 10,000 and 100,000 made-up tests, forecasts their run on many made-up hosts, and lets the schedule give them their turns. Boots nothing.") { hosts, count };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(hosts) is < 1 or > 100_000)
                throw new UsageException($"--hosts {parsed.GetValue(hosts)}\n  wanted:  1 to 100000");
            if (parsed.GetValue(count) is < 1 or > 1000)
                throw new UsageException($"--count {parsed.GetValue(count)}\n  wanted:  1 to 1000");
            Console.Out.WriteLine($"plan and forecast on {parsed.GetValue(hosts)} hosts, each {parsed.GetValue(count)} times, the slowest is the first: its code is compiled then");
            Console.Out.WriteLine("| tests | plan and forecast s, median (min – max) | of which plan s | schedule s | MiB allocated | expected length min |");
            Console.Out.WriteLine("|---|---|---|---|---|---|");
            foreach (int tests in (int[])[1_000, 10_000, 100_000])
            {
                IReadOnlyList<PlanCost> costs = PlanBenchmark.Measure(tests, parsed.GetValue(hosts), parsed.GetValue(count));
                Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {tests} | {Spread(costs.Select(c => c.Seconds), "0.000")} | {Spread(costs.Select(c => c.PlanSeconds), "0.000")} | {Spread(costs.Select(c => c.ScheduleSeconds), "0.000")} | {costs[^1].Bytes >> 20} | {costs[^1].Forecast.Seconds / 60:0.0} |"));
            }
        });
        return command;
    }

    private static Command Boot(Surroundings surroundings)
    {
        var target = new TargetOptions(surroundings);
        var count = new Option<int>("--count", "-n") { Description = "How many boots, one after another.", DefaultValueFactory = _ => 3 };
        var output = new Option<string?>("--output", "-o") { Description = "Where the runs are kept. Default: _kola.", HelpName = "DIR" };
        var command = new Command("boot", "Cold first boots, one at a time: CPU and wall seconds from power-on until SSH has let us in, until the machine is ready, and for a trivial command and a reboot.") { count, output };
        target.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruptions = Interruptions.Of(cancel);
            if (parsed.GetValue(count) is < 1 or > 1000)
                throw new UsageException($"--count {parsed.GetValue(count)}\n  wanted:  1 to 1000");
            await using Target opened = await target.OpenAsync(parsed, new StandardErrorProgress(), interruptions.First);
            var rows = new List<BootCost>();
            for (int i = 0; i < parsed.GetValue(count) && !interruptions.First.IsCancellationRequested; i++)
            {
                int code = await BootAsync(opened, parsed.GetValue(output), interruptions, rows.Add);
                if (code != ExitCode.Clean)
                    return code;
            }

            Print(opened, rows);
            return rows.Count == parsed.GetValue(count) ? ExitCode.Clean : ExitCode.Broken;
        });
        return command;
    }

    private static async Task<int> BootAsync(Target target, string? output, Interruptions interruptions, Action<BootCost> measured)
    {
        var machine = new MachineSpec { Name = "machine" };
        var test = new TestCase { Id = Id, Sentence = "What a boot costs", Source = "kola benchmark", Machines = [machine], Minutes = 30, Fresh = true };
        var run = new Run(target, new Plan { Tests = [new PlannedTest(test, null)] }, new RunSettings { Output = output, Quiet = true }, interruptions);
        return await run.ExecuteAsync(["kola", "benchmark", "boot"], async session =>
        {
            TestEnded? ended = await session.RunAsync(Id, lab => MeasureAsync(lab.Machines[0], measured), new TestCode { Judge = fault => (Outcome.Failed, fault.Message) });
            if (ended is { Outcome: not Outcome.Passed, Message: { } message })
                Console.Error.WriteLine($"kola: {message}");
        });
    }

    private static async Task MeasureAsync(Machine machine, Action<BootCost> measured)
    {
        Cost ready = machine.Cost;
        await machine.RunAsync("true");
        Cost command = machine.Cost;
        await machine.RebootAsync();
        measured(new BootCost(machine.LoggedIn, ready, command - ready, machine.Cost - command));
    }

    private static void Print(Target target, List<BootCost> rows)
    {
        Console.Out.WriteLine($"{rows.Count} cold boots of {target.Image.Name} {target.Image.Version}, {string.Join(", ", s_shownFacts.Select(f => target.Platform.Facts.GetValueOrDefault(f)).Where(f => f is not null))}; load {File.ReadAllText("/proc/loadavg").Split(' ')[0]} at the end");
        Console.Out.WriteLine("| from power-on, median (min – max) | CPU s | wall s |");
        Console.Out.WriteLine("|---|---|---|");
        Row("until SSH has let us in", [.. rows.Select(r => r.LoggedIn)]);
        Row("until the machine is ready", [.. rows.Select(r => r.Ready)]);
        Row("a trivial command", [.. rows.Select(r => r.Command)]);
        Row("a reboot, until ready again", [.. rows.Select(r => r.Reboot)]);
    }

    private static void Row(string what, Cost[] costs) =>
        Console.Out.WriteLine($"| {what} | {Spread(costs.Select(c => c.Processor.TotalSeconds))} | {Spread(costs.Select(c => c.Wall.TotalSeconds))} |");

    private static string Spread(IEnumerable<double> values, string format = "0.0")
    {
        double[] sorted = [.. values.Order()];
        return $"{Text(sorted[sorted.Length / 2])} ({Text(sorted[0])} – {Text(sorted[^1])})";

        string Text(double value) => value.ToString(format, CultureInfo.InvariantCulture);
    }
}

/// <summary>What one boot cost, step by step.</summary>
internal sealed record BootCost(Cost LoggedIn, Cost Ready, Cost Command, Cost Reboot);
