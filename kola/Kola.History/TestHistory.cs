using Kola.Policies;
using Kola.Reporting;

namespace Kola.History;

/// <summary>What the results of one test amount to. A pure function of them.</summary>
public sealed record TestHistory
{
    /// <summary>Most results a trend shows, the newest.</summary>
    public const int Shown = 20;

    /// <summary>Id of the test; of a part of its results, what they have in common: <c>qemu/amd64</c>.</summary>
    public required string Name { get; init; }

    /// <summary>How many results there are, conclusive or not.</summary>
    public required int Results { get; init; }

    /// <summary>Results that passed at the first try, of those that say something about the image.</summary>
    public required Rate Passed { get; init; }

    /// <summary>Results that passed at a retry, of the same.</summary>
    public required Rate Flaky { get; init; }

    /// <summary>Of results that passed, seconds; null without one.</summary>
    public required double? MedianSeconds { get; init; }

    /// <summary>Of the newest result.</summary>
    public required Outcome Last { get; init; }

    /// <summary>A letter a result, oldest first: <c>▇</c> passed, <c>▄</c> flaky, <c>▂</c> known, <c>▁</c> failed, <c>·</c> no result, <c>-</c> skipped.</summary>
    public required string Trend { get; init; }

    /// <summary>How long results that passed took, a bar each from the shortest to the longest of them, oldest first.</summary>
    public required string SecondsTrend { get; init; }

    /// <param name="name">What the results have in common.</param>
    /// <param name="results">Oldest first, at least one.</param>
    public static TestHistory Of(string name, IReadOnlyList<StoredResult> results)
    {
        StoredResult[] conclusive = [.. results.Where(result => result.IsConclusive)];
        double[] seconds = [.. results.Where(result => result.Outcome == Outcome.Passed).Select(result => result.Seconds)];
        return new TestHistory
        {
            Name = name,
            Results = results.Count,
            Passed = new Rate(conclusive.Count(result => result.Outcome == Outcome.Passed), conclusive.Length),
            Flaky = new Rate(conclusive.Count(result => result.Outcome == Outcome.Flaky), conclusive.Length),
            MedianSeconds = seconds.Length == 0 ? null : Median(seconds),
            Last = results[^1].Outcome,
            Trend = string.Concat(results.TakeLast(Shown).Select(result => Sign(result.Outcome))),
            SecondsTrend = Bars([.. seconds.TakeLast(Shown)]),
        };
    }

    /// <summary>Middle of some numbers, of an even count the mean of the middle two.</summary>
    internal static double Median(double[] numbers)
    {
        double[] sorted = [.. numbers.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static char Sign(Outcome outcome) => outcome switch
    {
        Outcome.Passed => '▇',
        Outcome.Flaky => '▄',
        Outcome.Known => '▂',
        Outcome.Failed => '▁',
        Outcome.Skipped => '-',
        _ => '·',
    };

    private static string Bars(double[] numbers)
    {
        const string Levels = "▁▂▃▄▅▆▇█";
        double low = numbers.DefaultIfEmpty().Min(), range = numbers.DefaultIfEmpty().Max() - low;
        return string.Concat(numbers.Select(number => Levels[range <= 0 ? 0 : (int)Math.Round((number - low) / range * (Levels.Length - 1))]));
    }
}

/// <summary>Since which version a test fails in one place.</summary>
/// <param name="Place"><c>qemu/amd64</c></param>
/// <param name="LastGood">Newest version before it of which a result passed; null when none did.</param>
/// <param name="Bad">First version of those that have failed without a break up to the newest.</param>
public sealed record FirstBad(string Place, string? LastGood, string Bad)
{
    /// <summary>
    /// Of each place where the newest version fails. Versions go by their numbers, not by the time of their runs; builds of one version go by time.
    /// A version of which one result failed and none passed later is bad; results that say nothing about the image are passed over.
    /// </summary>
    /// <param name="results">Of one test, oldest first.</param>
    public static IReadOnlyList<FirstBad> Of(IEnumerable<StoredResult> results)
    {
        List<FirstBad> found = [];
        foreach (IGrouping<string, StoredResult> place in results.Where(result => result.IsConclusive && Number(result) is not null).GroupBy(result => result.Place).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            // A version is as its newest result was.
            (string Version, bool Good)[] versions = [.. place.GroupBy(result => result.Version!)
                .OrderBy(version => Number(version.First())).ThenBy(version => version.Min(result => result.At))
                .Select(version => (version.Key, version.Last().Outcome is Outcome.Passed or Outcome.Flaky))];
            int good = Array.FindLastIndex(versions, version => version.Good);
            if (good < versions.Length - 1)
                found.Add(new FirstBad(place.Key, good < 0 ? null : versions[good].Version, versions[good + 1].Version));
        }

        return found;
    }

    private static Version? Number(StoredResult result) => result.Version is { } version ? VersionRange.NumberOf(version.Split('+', '-')[0]) : null;
}
