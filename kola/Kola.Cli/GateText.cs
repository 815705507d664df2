using System.Globalization;
using System.Text.Json;
using Kola.Reporting;

namespace Kola.Cli;

/// <summary>What <c>kola gate</c> prints.</summary>
internal static class GateText
{
    /// <summary>Names the shape of the JSON.</summary>
    internal const string Schema = "kola.gate/1";

    internal static IEnumerable<ReportLine> ForPeople(GateResults judged, GateQuestion question)
    {
        GateVerdict verdict = judged.Verdict;
        foreach (GatePlace place in judged.Places)
        {
            yield return new($"{place.Name}: {place.Image.Name}{(place.Image.Version is { } version ? $" {version}" : "")}, {place.Image.Digest}", Tone.Heading);
            yield return new($"  {PlainText.Count(place.Runs.Count, "run")}: {string.Join(", ", place.Runs.Select(run => run.Run + (run.Shard is { } shard ? $" (shard {shard})" : "")))}", Tone.Faint);
            yield return new($"  {PlainText.Count(place.Joined.Tests.Count, "test")}: {string.Join(", ", place.Joined.Counts.Where(count => count.Value > 0).Select(count => string.Create(CultureInfo.InvariantCulture, $"{count.Value} {count.Key.Word()}")))}");
            foreach (TestReport test in place.Joined.Tests.Where(test => test.Outcome is not (Outcome.Passed or Outcome.Skipped)))
                yield return new($"    {test.Outcome.Word()}: {test.Id}{(test.Message is null ? "" : $": {PlainText.FirstLine(test.Message)}")}", ProgressLine.ToneOf(test.Outcome));
        }

        foreach (ReportLine line in Section("statistics:", verdict.Statistics, Tone.Faint).Concat(Section("to be seen:", verdict.Notes, Tone.Warning)).Concat(Section("the gate is closed because", verdict.Reasons, Tone.Bad)))
            yield return line;
        yield return new("");
        string by = question.Policy is { } policy ? $"by {policy.File} of {question.Today:yyyy-MM-dd}" : "by the strictest rule; no policy was named";
        yield return new($"{Word(verdict)}, {by}", verdict.Open ? Tone.Good : Tone.Bad);
    }

    internal static string ForPrograms(GateResults judged, GateQuestion question)
    {
        GateVerdict verdict = judged.Verdict;
        var shape = new
        {
            Schema,
            verdict.Open,
            verdict.ExitCode,
            Day = question.Today,
            Policy = question.Policy is { } policy ? new { policy.File, policy.Digest } : null,
            Rule = question.Policy?.Gate ?? new GateRule(),
            verdict.Reasons,
            verdict.Notes,
            verdict.Statistics,
            Places = judged.Places.Select(place => new
            {
                place.Name,
                place.Platform,
                place.Architecture,
                Image = new { place.Image.Name, place.Image.Version, place.Image.Channel, place.Image.Digest },
                Runs = place.Runs.Select(run => new { run.Run, run.At, run.Kola, run.Shard, run.Retries, run.Stress }),
                Counts = place.Joined.Counts.ToDictionary(count => count.Key.Word(), count => count.Value),
                Tests = place.Joined.Tests.Select(test => new
                {
                    test.Id,
                    test.Outcome,
                    test.Enforced,
                    test.Known,
                    Attempts = test.Attempts.Select(attempt => new { attempt.Number, attempt.Outcome, attempt.Started, attempt.ElapsedSeconds, attempt.Evidence?.Sign }),
                    Message = test.Message is null ? null : PlainText.Clean(test.Message),
                }),
            }),
        };
        return JsonSerializer.Serialize(shape, EventFormat.Indented) + "\n";
    }

    private static string Word(GateVerdict verdict) => verdict.ExitCode switch
    {
        0 => "the gate is open",
        1 => "the gate is closed for the image's sake",
        _ => "the gate is closed for lack of proof",
    };

    private static IEnumerable<ReportLine> Section(string title, IReadOnlyList<string> lines, Tone tone)
    {
        if (lines.Count == 0)
            yield break;
        yield return new("");
        yield return new(title, Tone.Heading);
        foreach (string line in lines)
            yield return new($"  {PlainText.OneLine(line)}", tone);
    }
}
