using System.Globalization;

namespace Kola.Cli.Bench;

/// <summary>Planning and scheduling when there is much of it. Boots nothing.</summary>
internal static class PlanPart
{
    internal const string Name = "plan";

    private const int Hosts = 1000;
    private const int Targeted = 10_000;

    private static readonly int[] s_sizes = [1_000, 10_000, 100_000];

    internal static IReadOnlyList<Figure> Measure(int count, CancellationToken cancel)
    {
        var figures = new List<Figure>();
        foreach (int tests in s_sizes)
        {
            cancel.ThrowIfCancellationRequested();
            IReadOnlyList<PlanCost> costs = PlanBenchmark.Measure(tests, Hosts, count);
            string size = tests.ToString("#,0", CultureInfo.InvariantCulture);
            figures.Add(Seconds($"{size} tests on {Hosts} hosts: plan", costs.Select(c => c.PlanSeconds)));
            figures.Add(Seconds($"{size} tests on {Hosts} hosts: forecast", costs.Select(c => c.ForecastSeconds)));
            figures.Add(Seconds($"{size} tests on {Hosts} hosts: schedule", costs.Select(c => c.ScheduleSeconds)));
            figures.Add(Seconds($"{size} tests: planned, forecast and scheduled", costs.Select(c => c.Seconds + c.ScheduleSeconds)) with { Target = tests == Targeted ? 1 : null });
            figures.Add(Figure.MiB(Name, $"{size} tests: allocated for plan and forecast", costs.Select(c => c.Bytes / (double)(1 << 20))));
        }

        return figures;
    }

    private static Figure Seconds(string what, IEnumerable<double> values) => new() { Part = Name, What = what, Unit = "s", Values = [.. values] };
}
