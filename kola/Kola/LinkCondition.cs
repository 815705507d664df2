using System.Globalization;

namespace Kola;

/// <summary>What happens to frames that go one way over a link.</summary>
public sealed record LinkCondition
{
    /// <summary>Nothing happens to them.</summary>
    public static LinkCondition Healthy { get; } = new();

    /// <summary>Share of the frames that is lost, 0 to 1. Default 0; with 1 nothing passes, and neither side is told.</summary>
    public double Loss { get; init; }

    /// <summary>How much later each arrives. Default not at all.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>Most by which that is more or less, drawn for each frame. Frames keep their order. Default none.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>Share that arrives twice, 0 to 1. Default 0.</summary>
    public double Duplicate { get; init; }

    /// <summary>Share that is overtaken by what is sent within 20 ms behind it, 0 to 1. Default 0.</summary>
    public double Reorder { get; init; }

    /// <summary>What passes in a second, bits; what would have to wait longer than half a second is lost. Null for no bound.</summary>
    public long? BitsPerSecond { get; init; }

    /// <summary>All that is wrong with it, a sentence each; empty when it can be.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        foreach ((string what, double share) in new[] { ("loss", Loss), ("duplicate", Duplicate), ("reorder", Reorder) })
        {
            if (share is not (>= 0 and <= 1))
                problems.Add(string.Create(CultureInfo.InvariantCulture, $"{what} is {share}; 0 to 1"));
        }

        if (Latency < TimeSpan.Zero || Jitter < TimeSpan.Zero)
            problems.Add("latency and jitter cannot be negative");
        if (Jitter > Latency)
            problems.Add(string.Create(CultureInfo.InvariantCulture, $"jitter is {Jitter.TotalMilliseconds} ms with a latency of {Latency.TotalMilliseconds} ms; at most as much"));
        if (BitsPerSecond is < 1000)
            problems.Add(string.Create(CultureInfo.InvariantCulture, $"bandwidth is {BitsPerSecond} bit/s; at least 1000"));
        return problems;
    }

    /// <summary>In words: <c>loss 20 %, latency 100 ms ± 10 ms</c>; <c>healthy</c>.</summary>
    public override string ToString()
    {
        var words = new List<string>();
        void Share(string what, double share)
        {
            if (share > 0)
                words.Add(string.Create(CultureInfo.InvariantCulture, $"{what} {share * 100:0.##} %"));
        }

        Share("loss", Loss);
        if (Latency > TimeSpan.Zero)
            words.Add(string.Create(CultureInfo.InvariantCulture, $"latency {Latency.TotalMilliseconds:0.##} ms") + (Jitter > TimeSpan.Zero ? string.Create(CultureInfo.InvariantCulture, $" ± {Jitter.TotalMilliseconds:0.##} ms") : ""));
        Share("duplicate", Duplicate);
        Share("reorder", Reorder);
        if (BitsPerSecond is { } bits)
            words.Add(string.Create(CultureInfo.InvariantCulture, $"{bits} bit/s"));
        return words.Count == 0 ? "healthy" : string.Join(", ", words);
    }
}
