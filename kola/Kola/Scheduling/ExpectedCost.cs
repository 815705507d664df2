namespace Kola.Scheduling;

/// <summary>What a piece of work is expected to take, from what it took.</summary>
public sealed record ExpectedCost
{
    /// <summary>Wall seconds from its turn to its end.</summary>
    public required double Seconds { get; init; }

    /// <summary>Cores kept busy, all machines together; null where the platform did not measure.</summary>
    public required double? Cpus { get; init; }

    /// <summary>MiB of host memory (PSS), all machines together; null where the platform did not measure.</summary>
    public required int? MemoryMiB { get; init; }

    internal static ExpectedCost Of(IReadOnlyCollection<CostSample> samples)
    {
        double[] seconds = [.. samples.Select(s => s.Seconds).Order()];
        return new ExpectedCost
        {
            Seconds = seconds[seconds.Length / 2],
            Cpus = samples.Max(s => s.Seconds > 0 ? s.ProcessorSeconds / s.Seconds : null),
            MemoryMiB = samples.Max(s => s.MemoryMiB),
        };
    }
}

/// <summary>What one attempt took.</summary>
/// <param name="Seconds">Wall seconds from its turn to its end.</param>
/// <param name="ProcessorSeconds">CPU seconds of all its machines; null where that is not known.</param>
/// <param name="MemoryMiB">PSS of all its machines; null where that is not known.</param>
internal sealed record CostSample(double Seconds, double? ProcessorSeconds = null, int? MemoryMiB = null)
{
    /// <summary>Whether anything can have taken that.</summary>
    internal bool IsSound => double.IsFinite(Seconds) && Seconds >= 0 && ProcessorSeconds is null or >= 0 && MemoryMiB is null or >= 0;
}
