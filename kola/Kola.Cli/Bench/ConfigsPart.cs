using System.Collections.Concurrent;
using System.Diagnostics;
using Kola.Cli.Agreement;

namespace Kola.Cli.Bench;

/// <summary>Whether kola says of configs what Ignition's own validator says: of the corpus, and of every config of the suites. Boots nothing.</summary>
internal static class ConfigsPart
{
    internal const string Name = "configs";

    internal static async Task<IReadOnlyList<Figure>> MeasureAsync(CancellationToken cancel)
    {
        string version = await IgnitionValidate.VersionAsync(cancel) ?? throw new UsageException("kola bench configs: ignition-validate is not here\n  wanted:  Ignition's own validator, to compare with\n  next:    apt-get install ignition");
        IReadOnlyList<CorpusConfig> corpus = Corpus.All();
        CorpusConfig[] all = [.. corpus, .. SuiteConfigs.All()];
        IReadOnlyList<(CorpusConfig Config, Verdict Theirs)> answers = await AskAsync(all, cancel);
        long start = Stopwatch.GetTimestamp();
        var comparison = Comparison.Of(answers);
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        if (comparison.Problems.Count > 0)
            throw new PlatformException(Signal.Harness, $"kola and ignition-validate {version} disagree in {comparison.Problems.Count} ways\n{string.Join('\n', comparison.Problems)}");
        return
        [
            Counted("configs compared with ignition-validate", "configs", all.Length, $"{version}; {corpus.Count} of the corpus ({corpus.Select(c => c.Name).Distinct().Count()} cases, each in specs {string.Join(", ", Corpus.Versions)}), {all.Length - corpus.Count} of the suites; 3.4.0 as the 3.4.0-experimental it knows, 3.5.0 and 3.6.0 not at all"),
            Counted("configs it refuses", "configs", comparison.Refused, null),
            Counted("its errors and warnings, each with path, words and line", "remarks", comparison.Remarks, null),
            Counted("configs with a difference that is meant", "configs", comparison.Known.Values.Sum(), string.Join("; ", comparison.Known.OrderBy(k => k.Key, StringComparer.Ordinal).Select(k => $"{k.Key} {k.Value}"))),
            Counted("configs with any other difference", "configs", comparison.Unknown.Count, null) with { Target = 0 },
            new Figure { Part = Name, What = "kola: to read and check all of them", Unit = "s", Values = [took.TotalSeconds] },
        ];
    }

    /// <summary>What the program says of configs, two at a time.</summary>
    internal static async Task<IReadOnlyList<(CorpusConfig Config, Verdict Theirs)>> AskAsync(IReadOnlyList<CorpusConfig> configs, CancellationToken cancel)
    {
        var verdicts = new ConcurrentDictionary<int, Verdict>();
        await Parallel.ForAsync(0, configs.Count, new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = cancel }, async (i, stop) =>
            verdicts[i] = await IgnitionValidate.AskAsync(configs[i].TextBefore34, stop));
        return [.. configs.Select((config, i) => (config, verdicts[i]))];
    }

    private static Figure Counted(string what, string unit, int value, string? note) => new() { Part = Name, What = what, Unit = unit, Values = [value], Note = note };
}
