using System.Text.Json.Serialization;
using Kola.Machines;

namespace Kola.Cli.Bench;

/// <summary>Something measured, once or several times.</summary>
internal sealed record Figure
{
    /// <summary>Part of the bench it belongs to: <c>templates</c>.</summary>
    public required string Part { get; init; }

    /// <summary>What was measured, in words.</summary>
    public required string What { get; init; }

    /// <summary><c>s</c>, <c>MiB</c>, <c>Mbit/s</c>, or <c>×</c> for a ratio.</summary>
    public required string Unit { get; init; }

    /// <summary>Each measurement, in order; for seconds those on the clock.</summary>
    public required IReadOnlyList<double> Values { get; init; }

    /// <summary>CPU seconds of the same; empty where they were not measured.</summary>
    public IReadOnlyList<double> Processor { get; init; } = [];

    /// <summary>What the median should be at most; null where there is no such thing.</summary>
    public double? Target { get; init; }

    /// <summary>What a reader has to know of it.</summary>
    public string? Note { get; init; }

    /// <summary>The middle one, the upper of two.</summary>
    public double Median => MedianOf(Values);

    /// <summary>The least.</summary>
    public double Min => Values.Min();

    /// <summary>The greatest.</summary>
    public double Max => Values.Max();

    /// <summary>Median of the CPU seconds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? ProcessorMedian => Processor.Count == 0 ? null : MedianOf(Processor);

    /// <summary>Whether the target is met; null where there is none.</summary>
    public bool? Met => Target is { } most ? Median <= most : null;

    /// <summary>Seconds, and CPU seconds of machines.</summary>
    internal static Figure Of(string part, string what, IEnumerable<Cost> costs, double? target = null, string? note = null)
    {
        Cost[] all = [.. costs];
        return new Figure { Part = part, What = what, Unit = "s", Values = [.. all.Select(c => c.Wall.TotalSeconds)], Processor = [.. all.Select(c => c.Processor.TotalSeconds)], Target = target, Note = note };
    }

    /// <summary>Seconds alone.</summary>
    internal static Figure Seconds(string part, string what, IEnumerable<TimeSpan> times, double? target = null, string? note = null) =>
        new() { Part = part, What = what, Unit = "s", Values = [.. times.Select(t => t.TotalSeconds)], Target = target, Note = note };

    /// <summary>Megabits a second.</summary>
    internal static Figure Throughput(string part, string what, IEnumerable<double> values, string? note = null) =>
        new() { Part = part, What = what, Unit = "Mbit/s", Values = [.. values], Note = note };

    /// <summary>Mebibytes.</summary>
    internal static Figure MiB(string part, string what, IEnumerable<double> values, string? note = null) =>
        new() { Part = part, What = what, Unit = "MiB", Values = [.. values], Note = note };

    /// <summary>A ratio.</summary>
    internal static Figure Ratio(string part, string what, IEnumerable<double> values, double? target = null, string? note = null) =>
        new() { Part = part, What = what, Unit = "×", Values = [.. values], Target = target, Note = note };

    /// <summary>The middle one, the upper of two.</summary>
    internal static double MedianOf(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
