using System.Globalization;

namespace Kola.Cli.Bench;

/// <summary>What idle machines take of the host's memory, pages they share counted in parts (PSS).</summary>
internal static class MemoryPart
{
    internal const string Name = "memory";

    private static readonly int[] s_steps = [1, 2, 4, 8];

    // What a machine does after it is ready is over by then.
    private static readonly TimeSpan s_rest = TimeSpan.FromSeconds(3);

    /// <summary>One machine booted cold, then up to 8 copies.</summary>
    internal static async Task<IReadOnlyList<Figure>> MeasureAsync(BenchLab lab, int most)
    {
        double cold = await ColdAsync(lab);
        var figures = new List<Figure> { Figure.MiB(Name, "PSS of an idle cold machine", [cold]) };
        var copies = new List<BenchMachine>();
        try
        {
            double first = 0, last = 0;
            foreach (int step in s_steps.Where(s => s <= Math.Max(2, most)))
            {
                while (copies.Count < step)
                    copies.Add(await WakeOneAsync(lab));
                await copies[^1].RestAsync(s_rest * lab.Target.Platform.Slowness / 2);
                double[] each = [.. copies.Select(PssOf)];
                last = each.Sum();
                if (step == 1)
                    first = last;
                figures.Add(Figure.MiB(Name, string.Create(CultureInfo.InvariantCulture, $"PSS of each of {step} idle clone{(step == 1 ? "" : "s")}"), each));
            }

            double extra = (last - first) / (copies.Count - 1);
            figures.Add(Figure.MiB(Name, string.Create(CultureInfo.InvariantCulture, $"extra PSS of each clone after the first, {copies.Count} running"), [extra]));
            figures.Add(Figure.Ratio(Name, "extra PSS of an idle clone / PSS of a cold machine", [extra / cold], target: 0.30));
        }
        finally
        {
            foreach (BenchMachine copy in copies)
                await copy.DisposeAsync();
        }

        return figures;
    }

    private static async Task<double> ColdAsync(BenchLab lab)
    {
        await using BenchMachine machine = await lab.BootAsync();
        await machine.Machine.BecomeReadyAsync(null);
        await machine.RestAsync(s_rest * lab.Target.Platform.Slowness / 2);
        return PssOf(machine);
    }

    private static async Task<BenchMachine> WakeOneAsync(BenchLab lab)
    {
        BenchMachine machine = await lab.CloneAsync();
        try
        {
            await lab.WakeAsync(machine);
            await machine.Machine.RunAsync("true");
            return machine;
        }
        catch
        {
            await machine.DisposeAsync();
            throw;
        }
    }

    private static double PssOf(BenchMachine machine) =>
        machine.Instance.MemoryMiB ?? throw new PlatformException(Signal.Host, $"{machine.Instance.Id}: what memory it takes is not known\n  wanted:  /proc/PID/smaps_rollup of its process");
}
