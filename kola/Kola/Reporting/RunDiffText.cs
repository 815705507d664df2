using System.Globalization;
using System.Text.Json;

namespace Kola.Reporting;

/// <summary>A <see cref="RunDiff"/> for people and for programs.</summary>
public static class RunDiffText
{
    private const int MostMessage = 160;

    /// <summary>As JSON, with a line end.</summary>
    public static string Json(RunDiff diff) => JsonSerializer.Serialize(diff, EventFormat.Indented) + "\n";

    /// <summary>Lines for a terminal.</summary>
    public static IEnumerable<ReportLine> Lines(RunDiff diff)
    {
        yield return new($"base: {Side(diff.Base)}", Tone.Heading);
        yield return new($"new:  {Side(diff.New)}", Tone.Heading);
        foreach (string warning in diff.Warnings)
            yield return new($"  {warning}", Tone.Warning);
        foreach (IGrouping<ChangeKind, TestChange> kind in diff.Changes.GroupBy(change => change.Kind))
        {
            yield return new("");
            yield return new($"{Title(kind.Key)} ({Number(kind.Count())}):", ToneOf(kind.Key));
            foreach (TestChange change in kind)
            {
                yield return new($"  {PlainText.OneLine(change.Test)}: {change.Words}");
                if (change.Message is { Length: > 0 } message)
                    yield return new($"    {Cut(message)}", Tone.Faint);
            }
        }

        foreach ((string word, IReadOnlyList<TimeChange> tests) in (IEnumerable<(string, IReadOnlyList<TimeChange>)>)[("slower", diff.Times.Slower), ("faster", diff.Times.Faster)])
        {
            if (tests.Count == 0)
                continue;
            yield return new("");
            yield return new($"{word} ({Number(tests.Count)}):", Tone.Heading);
            foreach (TimeChange test in tests)
                yield return new($"  {PlainText.OneLine(test.Test)}: {Time(test)}");
        }

        yield return new("");
        yield return new(diff.Times.Method, Tone.Faint);
        yield return new(Verdict(diff), diff.ExitCode == 0 ? Tone.Good : Tone.Bad);
    }

    /// <summary>As Markdown, for a pull request or a release's notes.</summary>
    public static string Markdown(RunDiff diff)
    {
        List<string> lines = [$"### {Verdict(diff)}", "", $"Base: {Safe(Side(diff.Base))}  ", $"New: {Safe(Side(diff.New))}", ""];
        lines.AddRange(diff.Warnings.Select(warning => $"- ⚠ {Safe(warning)}"));
        foreach (IGrouping<ChangeKind, TestChange> kind in diff.Changes.GroupBy(change => change.Kind))
        {
            lines.AddRange(["", $"**{Title(kind.Key)} ({Number(kind.Count())})**", "", "| test | change | says |", "|---|---|---|"]);
            lines.AddRange(kind.Select(change => $"| {Safe(change.Test)} | {change.Words} | {Safe(Cut(change.Message ?? ""))} |"));
        }

        foreach ((string word, IReadOnlyList<TimeChange> tests) in (IEnumerable<(string, IReadOnlyList<TimeChange>)>)[("Slower", diff.Times.Slower), ("Faster", diff.Times.Faster)])
        {
            if (tests.Count == 0)
                continue;
            lines.AddRange(["", $"**{word} ({Number(tests.Count)})**", "", "| test | median of its passes |", "|---|---|"]);
            lines.AddRange(tests.Select(test => $"| {Safe(test.Test)} | {Time(test)} |"));
        }

        lines.AddRange(["", $"<sub>{Safe(diff.Times.Method)}</sub>"]);
        return string.Join("\n", lines) + "\n";
    }

    /// <summary>The difference in one line.</summary>
    internal static string Verdict(RunDiff diff)
    {
        int failures = diff.Changes.Count(change => change.Kind == ChangeKind.NewFailure);
        string first = failures == 0 ? "no new failures" : PlainText.Count(failures, "new failure");
        IEnumerable<string> others = diff.Changes.Where(change => change.Kind != ChangeKind.NewFailure).GroupBy(change => change.Kind).Select(kind => $"{Number(kind.Count())} {Title(kind.Key)}");
        IEnumerable<string> times = [.. diff.Times.Slower.Count > 0 ? [$"{Number(diff.Times.Slower.Count)} slower"] : (string[])[], .. diff.Times.Faster.Count > 0 ? [$"{Number(diff.Times.Faster.Count)} faster"] : (string[])[]];
        return string.Join(", ", others.Concat(times).Prepend(first));
    }

    /// <summary>What a kind is called: <c>newly flaky</c>.</summary>
    internal static string Title(ChangeKind kind) => kind switch
    {
        ChangeKind.NewFailure => "new failures",
        ChangeKind.NewlyBroken => "newly broken",
        ChangeKind.NewlyNotRun => "newly not run",
        ChangeKind.NewlyFlaky => "newly flaky",
        ChangeKind.NewlyKnown => "newly known",
        ChangeKind.NoLongerKnown => "no longer known",
        ChangeKind.Fixed => "fixed",
        ChangeKind.Steady => "no longer flaky",
        ChangeKind.WorksAgain => "with a result again",
        ChangeKind.NewlySkipped => "newly skipped",
        ChangeKind.NoLongerSkipped => "no longer skipped",
        ChangeKind.Appeared => "appeared",
        _ => "disappeared",
    };

    // 12.1 s → 25.3 s (×2.09, p 0.0003, corrected 0.012)
    private static string Time(TimeChange test) =>
        string.Create(CultureInfo.InvariantCulture, $"{PlainText.Duration(test.BeforeSeconds)} → {PlainText.Duration(test.AfterSeconds)} (×{test.Ratio:0.00}, p {test.P:0.####}, corrected {test.Q:0.####})");

    private static string Side(RunSide side) =>
        $"{(side.Runs.Count == 1 ? side.Runs[0] : $"{Number(side.Runs.Count)} runs, {side.Runs[0]} …")}: {string.Join(" and ", side.Images)}, {PlainText.Count(side.Tests, "test")}";

    private static Tone ToneOf(ChangeKind kind) => kind switch
    {
        ChangeKind.NewFailure or ChangeKind.NewlyBroken or ChangeKind.NewlyNotRun => Tone.Bad,
        ChangeKind.NewlyFlaky or ChangeKind.NewlyKnown or ChangeKind.NoLongerKnown or ChangeKind.NewlySkipped or ChangeKind.Disappeared => Tone.Warning,
        ChangeKind.Fixed or ChangeKind.Steady or ChangeKind.WorksAgain or ChangeKind.NoLongerSkipped => Tone.Good,
        _ => Tone.Heading,
    };

    private static string Number(int count) => count.ToString(CultureInfo.InvariantCulture);

    private static string Cut(string text) => text.Length <= MostMessage ? text : text[..MostMessage] + "…";

    private static string Safe(string text) => PlainText.OneLine(text).Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace("|", "\\|", StringComparison.Ordinal).Replace("`", "\\`", StringComparison.Ordinal).Replace("*", "\\*", StringComparison.Ordinal).Replace("[", "\\[", StringComparison.Ordinal).Replace("@", "@\u200b", StringComparison.Ordinal);
}
