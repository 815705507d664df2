using System.Globalization;
using System.Text;
using System.Text.Json;
using Kola.History;
using Kola.Reporting;

namespace Kola.Cli;

/// <summary>What <c>kola history</c> prints.</summary>
internal static class HistoryText
{
    /// <summary>Names the shape of the JSON.</summary>
    internal const string Schema = "kola.history/1";

    private const string Legend = "trend: ▇ passed  ▄ flaky  ▂ known  ▁ failed  · no result  - skipped; oldest first\n";

    /// <summary>A line for each test.</summary>
    internal static string OfAll(IReadOnlyList<StoredResult> results) =>
        Table("test", results.GroupBy(result => result.Test).OrderBy(test => test.Key, StringComparer.Ordinal))
        + $"{PlainText.Count(results.Select(result => result.Test).Distinct().Count(), "test")} in {PlainText.Count(results.Select(result => result.Run).Distinct().Count(), "run")}. {Legend}";

    /// <summary>Everything about one test.</summary>
    internal static string OfOne(IReadOnlyList<StoredResult> results)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{results[^1].Test}\n\n");
        text.Append(Table("platform", results.GroupBy(result => result.Place).OrderBy(place => place.Key, StringComparer.Ordinal))).Append('\n');
        text.Append(Table("image", results.GroupBy(result => $"{result.Image} {result.Version ?? result.Digest[..Math.Min(19, result.Digest.Length)]}"))).Append('\n');
        text.Append(Legend);
        foreach (FirstBad bad in FirstBad.Of(results))
            text.Append(CultureInfo.InvariantCulture, $"{bad.Place}: fails since version {bad.Bad}, {(bad.LastGood is null ? "the first there is a result of" : $"passed last in {bad.LastGood}")}\n");
        text.Append('\n');
        text.Append(Rows([.. results.Select(result => new[]
        {
            result.At.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
            result.Place,
            result.Version ?? "?",
            result.Outcome.Word(),
            result.Attempts > 1 ? string.Create(CultureInfo.InvariantCulture, $"{result.Attempts} attempts") : "",
            PlainText.Duration(result.Seconds),
            result.Run,
            result.Outcome == Outcome.Passed ? "" : $"{(result.Sign is null ? "" : $"[{result.Sign}] ")}{result.Message}",
        })]));
        return text.ToString();
    }

    internal static string ForPrograms(IReadOnlyList<StoredResult> results) => JsonSerializer.Serialize(
        new
        {
            Schema,
            Tests = results.GroupBy(result => result.Test).OrderBy(test => test.Key, StringComparer.Ordinal).Select(test => new
            {
                Test = test.Key,
                Summary = Summary(TestHistory.Of(test.Key, [.. test])),
                Places = test.GroupBy(result => result.Place).Select(place => Summary(TestHistory.Of(place.Key, [.. place]))),
                Images = test.GroupBy(result => result.Digest).Select(image => new { Digest = image.Key, image.First().Image, image.First().Version, Summary = Summary(TestHistory.Of(image.First().Image, [.. image])) }),
                FirstBad = FirstBad.Of(test),
                Results = test,
            }),
        },
        EventFormat.Indented) + "\n";

    private static object Summary(TestHistory history) => new
    {
        history.Name,
        history.Results,
        Passed = Share(history.Passed),
        Flaky = Share(history.Flaky),
        history.MedianSeconds,
        history.Last,
        history.Trend,
    };

    private static object Share(Rate rate) => new { rate.Hits, rate.Trials, rate.Share, rate.Low, rate.High };

    private static string Table(string title, IEnumerable<IGrouping<string, StoredResult>> groups) => Rows(
    [
        [title, "runs", "passed", "flaky", "median", "last", "trend", "seconds"],
        .. groups.Select(group => TestHistory.Of(group.Key, [.. group])).Select(history => new[]
        {
            history.Name,
            history.Results.ToString(CultureInfo.InvariantCulture),
            Text(history.Passed),
            Text(history.Flaky),
            history.MedianSeconds is { } seconds ? PlainText.Duration(seconds) : "-",
            history.Last.Word(),
            history.Trend,
            history.SecondsTrend,
        }),
    ]);

    private static string Text(Rate rate) => rate.Trials == 0 ? "-" : rate.ToString();

    private static string Rows(IReadOnlyList<string[]> rows)
    {
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        return string.Concat(rows.Select(row => string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd() + "\n"));
    }
}
