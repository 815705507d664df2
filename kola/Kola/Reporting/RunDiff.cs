using System.Text.Json.Serialization;

namespace Kola.Reporting;

/// <summary>
/// What changed from some runs to others. A pure fold of their reports. A side may be several runs: a test that failed in some of them and passed
/// in others is <see cref="Outcome.Flaky"/> on that side, and results that say nothing of the image (broken, not-run, skipped) count only where a
/// side has no other of that test.
/// </summary>
public sealed record RunDiff
{
    /// <summary>Schema of the JSON.</summary>
    public const string CurrentSchema = "kola.diff/1";

    /// <summary>Schema of the JSON.</summary>
    [JsonPropertyOrder(-1)]
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>What is compared against.</summary>
    public required RunSide Base { get; init; }

    /// <summary>What is judged.</summary>
    public required RunSide New { get; init; }

    /// <summary>Why the two sides may not be alike in more than what is to be compared, one line each.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Tests that ended otherwise, the gravest kind first, then by id. A test is in it once at most.</summary>
    public required IReadOnlyList<TestChange> Changes { get; init; }

    /// <summary>Tests that became slower or faster.</summary>
    public required TimeDiff Times { get; init; }

    /// <summary>1 when a test fails that did not on the base side; else 0.</summary>
    public int ExitCode => Changes.Any(change => change.Kind == ChangeKind.NewFailure) ? 1 : 0;

    /// <summary>The difference between two sides.</summary>
    /// <param name="before">The base side, at least one report.</param>
    /// <param name="after">The side that is judged, at least one report.</param>
    public static RunDiff Of(IReadOnlyList<Report> before, IReadOnlyList<Report> after)
    {
        Dictionary<string, TestReport[]> old = ById(before), now = ById(after);
        return new RunDiff
        {
            Base = RunSide.Of(before),
            New = RunSide.Of(after),
            Warnings = [.. Warn(before, after)],
            Changes = [.. old.Keys.Union(now.Keys)
                .Select(id => TestChange.Between(id, old.GetValueOrDefault(id) ?? [], now.GetValueOrDefault(id) ?? []))
                .OfType<TestChange>()
                .OrderBy(change => change.Kind)
                .ThenBy(change => change.Test, StringComparer.Ordinal)],
            Times = TimeDiff.Of(Durations(old), Durations(now)),
        };
    }

    private static Dictionary<string, TestReport[]> ById(IReadOnlyList<Report> side) =>
        side.SelectMany(report => report.Tests).GroupBy(test => test.Id).ToDictionary(tests => tests.Key, tests => tests.ToArray());

    // What failed may have ended early or waited for what never came: only a pass says how long a test takes.
    private static Dictionary<string, double[]> Durations(Dictionary<string, TestReport[]> side) => side
        .Select(test => (test.Key, Seconds: test.Value.SelectMany(run => run.Attempts).Where(a => a is { Outcome: Outcome.Passed, ElapsedSeconds: > 0 }).Select(a => a.ElapsedSeconds).ToArray()))
        .Where(test => test.Seconds.Length > 0)
        .ToDictionary(test => test.Key, test => test.Seconds);

    private static IEnumerable<string> Warn(IReadOnlyList<Report> before, IReadOnlyList<Report> after)
    {
        (string What, Func<Report, string?> Of)[] facts =
        [
            ("image", report => report.Run is { } run ? $"{run.Image.Name}{(run.Image.Version is { } version ? $" {version}" : "")} ({run.Image.Architecture}, {Short(run.Image.Digest)})" : null),
            ("platform", report => report.Run?.Platform),
            ("acceleration", report => report.Run?.Facts.GetValueOrDefault("acceleration")),
            ("host", report => report.Run is { } run && run.Facts.TryGetValue("host-cores", out string? cores) ? $"{run.Facts.GetValueOrDefault("host-kernel") ?? "?"}, {cores} cores" : null),
            ("kola", report => report.Run?.Kola),
        ];
        foreach ((string what, Func<Report, string?> of) in facts)
        {
            string old = All(before, of), now = All(after, of);
            if (old != now)
                yield return $"not the same {what}: {old} on the base side, {now} on the new one";
            else if (old.Contains(" and ", StringComparison.Ordinal))
                yield return $"more than one {what} on each side: {old}";
        }

        foreach (Report report in before.Concat(after).Where(report => !report.Complete))
            yield return $"{report.Run?.Run ?? "a run"} did not come to its end{(report.Stopped is { } why ? $": {PlainText.OneLine(why)}" : "")}";
    }

    private static string All(IReadOnlyList<Report> side, Func<Report, string?> of) =>
        string.Join(" and ", side.Select(report => PlainText.OneLine(of(report) ?? "unknown")).Distinct().Order(StringComparer.Ordinal));

    private static string Short(string digest) => digest.Length > 19 ? digest[..19] + "…" : digest;
}

/// <summary>One side of a <see cref="RunDiff"/>.</summary>
/// <param name="Runs">Names of its runs.</param>
/// <param name="Images">Names and versions of their images, each once.</param>
/// <param name="Tests">How many different tests they had.</param>
public sealed record RunSide(IReadOnlyList<string> Runs, IReadOnlyList<string> Images, int Tests)
{
    internal static RunSide Of(IReadOnlyList<Report> side) => new(
        [.. side.Select(report => report.Run?.Run ?? "?")],
        [.. side.Select(report => report.Run is { } run ? $"{run.Image.Name} {run.Image.Version}".TrimEnd() : "?").Distinct()],
        side.SelectMany(report => report.Tests).Select(test => test.Id).Distinct().Count());
}
