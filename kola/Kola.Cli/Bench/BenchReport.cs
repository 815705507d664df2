using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kola.Cli.Bench;

/// <summary>What a bench found, for people and for machines.</summary>
internal sealed record BenchReport
{
    /// <summary>Schema of the JSON.</summary>
    public const string CurrentSchema = "kola.bench/1";

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Schema of the JSON.</summary>
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>When it began.</summary>
    public required DateTimeOffset Date { get; init; }

    /// <summary>Version of kola.</summary>
    public required string Kola { get; init; }

    /// <summary>Where.</summary>
    public required BenchHost Host { get; init; }

    /// <summary>What was booted and by what; null when nothing was.</summary>
    public BenchSubject? Subject { get; init; }

    /// <summary>How often what is repeated was: null where each part had its own number.</summary>
    public int? Count { get; init; }

    /// <summary>What was measured.</summary>
    public required IReadOnlyList<Figure> Figures { get; init; }

    /// <summary>Parts that could not be measured, and why.</summary>
    public required IReadOnlyDictionary<string, string> Problems { get; init; }

    /// <summary>As JSON.</summary>
    internal string ToJson() => JsonSerializer.Serialize(this, s_json) + "\n";

    /// <summary>As one table.</summary>
    internal void Write(TextWriter writer)
    {
        writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"kola {Kola}, {Date:u}; {Host.Cores} cores, {Host.Kernel}, load {Host.LoadBefore:0.00} at the start and {Host.LoadAfter:0.00} at the end"));
        if (Subject is not null)
            writer.WriteLine($"{Subject.Image} {Subject.Version} ({Subject.Digest[..19]}…), QEMU {Subject.Qemu}, {Subject.Acceleration} ({Subject.CpuModel}), firmware {Subject.Firmware}");
        writer.WriteLine("| what | median (min – max) | CPU s | target | met | |");
        writer.WriteLine("|---|---|---|---|---|---|");
        foreach (IGrouping<string, Figure> part in Figures.GroupBy(f => f.Part))
        {
            writer.WriteLine($"| **{part.Key}** | | | | | |");
            foreach (Figure figure in part)
                writer.WriteLine($"| {figure.What} | {Spread(figure)} | {Number(figure.ProcessorMedian)} | {(figure.Target is { } most ? $"≤ {Number(most)} {figure.Unit}" : "")} | {figure.Met switch { true => "yes", false => "no", null => "" }} | {figure.Note} |");
        }

        foreach ((string part, string why) in Problems)
            writer.WriteLine($"{part} could not be measured: {why}");
    }

    // 1.23 (1.20 – 1.31) s, n = 10
    private static string Spread(Figure figure) => figure.Values.Count == 1
        ? $"{Number(figure.Median)} {figure.Unit}"
        : $"{Number(figure.Median)} ({Number(figure.Min)} – {Number(figure.Max)}) {figure.Unit}, n = {figure.Values.Count.ToString(CultureInfo.InvariantCulture)}";

    // Three digits that say something, and no more: 0.0123, 1.23, 12.3, 1234
    internal static string Number(double? value) => value is not { } number ? "" : Math.Abs(number).ToString(
        Math.Abs(number) switch { >= 100 => "0", >= 10 => "0.0", >= 1 => "0.00", >= 0.1 => "0.000", _ => "0.0000" }, CultureInfo.InvariantCulture);
}

/// <summary>The host of a bench.</summary>
internal sealed record BenchHost
{
    /// <summary>Logical processors.</summary>
    public required int Cores { get; init; }

    /// <summary>Kernel and distribution.</summary>
    public required string Kernel { get; init; }

    /// <summary>Load of the last minute when it began.</summary>
    public required double LoadBefore { get; init; }

    /// <summary>The same when it ended, its own machines among it.</summary>
    public double LoadAfter { get; init; }

    /// <summary>This one, now.</summary>
    internal static BenchHost Now() => new() { Cores = Environment.ProcessorCount, Kernel = $"Linux {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}, {RuntimeInformation.OSDescription}", LoadBefore = Load() };

    // 0.52 0.58 0.59 1/1234 56789
    internal static double Load() => double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture);
}

/// <summary>What a bench booted, and by what.</summary>
internal sealed record BenchSubject
{
    /// <summary>Name of the image.</summary>
    public required string Image { get; init; }

    /// <summary>Its version; null when not known.</summary>
    public required string? Version { get; init; }

    /// <summary><c>sha256:…</c></summary>
    public required string Digest { get; init; }

    /// <summary>Version of QEMU.</summary>
    public required string Qemu { get; init; }

    /// <summary><c>kvm</c> or <c>tcg</c>.</summary>
    public required string Acceleration { get; init; }

    /// <summary>The CPU guests see.</summary>
    public required string CpuModel { get; init; }

    /// <summary>What starts machines.</summary>
    public required string Firmware { get; init; }

    /// <summary>Of a target.</summary>
    internal static BenchSubject Of(Target target)
    {
        string Fact(string name) => target.Platform.Facts.GetValueOrDefault(name) ?? "?";
        return new() { Image = target.Image.Name, Version = target.Image.Version, Digest = target.Image.Digest, Qemu = Fact("qemu-version"), Acceleration = Fact("acceleration"), CpuModel = Fact("cpu-model"), Firmware = Fact("firmware") };
    }
}
