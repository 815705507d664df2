using System.Globalization;

namespace Kola.Reporting;

/// <summary>All there is to tell of one test: why it ended as it did, where its time went, what was kept. <c>kola report RUN --test ID</c></summary>
public static class TestStory
{
    private const int Slowest = 10;

    // Who polls ten times a second has thousands; those say nothing one by one.
    private const int MostParts = 400;

    /// <param name="report">The run.</param>
    /// <param name="id">Id of a test of it.</param>
    /// <param name="shown">How the run's directory is named; null to leave it out.</param>
    /// <exception cref="UsageException">The run has no such test.</exception>
    public static IEnumerable<ReportLine> Lines(Report report, string id, string? shown)
    {
        TestReport test = report.Tests.FirstOrDefault(t => t.Id == id)
            ?? throw new UsageException($"--test {id}\n  wanted:  a test of the run\n  got:     {Near(report, id)}");
        List<ReportLine> lines = [new($"{test.Id}: {test.Outcome.Word()}{(test.Attempts.Count > 0 ? $" in {PlainText.Duration(test.ElapsedSeconds)}" : "")}", ProgressLine.ToneOf(test.Outcome))];
        if (test.Sentence.Length > 0)
            lines.Add(new($"  {PlainText.OneLine(test.Sentence)}", Tone.Faint));
        if (test.Attempts.Count == 0 && test.Message is not null)
            lines.AddRange(Indented(test.Message));
        foreach (AttemptReport attempt in test.Attempts)
            AddAttempt(lines, attempt, test.Attempts.Count, shown);
        return lines;
    }

    private static void AddAttempt(List<ReportLine> lines, AttemptReport attempt, int of, string? shown)
    {
        string name = of == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"attempt {attempt.Number}: {attempt.Outcome.Word()}");
        lines.Add(new(""));
        if (name.Length > 0)
            lines.Add(new(name, ProgressLine.ToneOf(attempt.Outcome)));
        if (attempt.Message is not null)
            lines.AddRange(Indented(attempt.Message));
        Timeline timeline = Timeline.Of(attempt);
        if (timeline.Parts.Count > 0)
        {
            lines.Add(new("timeline: begins at, takes", Tone.Heading));
            lines.AddRange(timeline.Parts.Take(MostParts).Select(Line));
            if (timeline.Parts.Count > MostParts)
                lines.Add(new($"  … and {PlainText.Count(timeline.Parts.Count - MostParts, "part")} more, in {RunDirectory.EventsFile}", Tone.Faint));
            lines.Add(new("slowest:", Tone.Heading));
            lines.AddRange(timeline.Slowest.Take(Slowest).Select(Line));
        }

        if (attempt.Findings.Count + attempt.Kept.Count + attempt.Machines.Count > 0)
            lines.Add(new("see:", Tone.Heading));
        foreach (FindingMade finding in attempt.Findings)
            lines.Add(new(string.Create(CultureInfo.InvariantCulture, $"  {Path(finding.File)}:{finding.Line}: {finding.Check}{(finding.Tolerated is null ? "" : ", tolerated")}"), finding.Tolerated is null ? Tone.Bad : Tone.Faint));
        foreach (EvidenceKept kept in attempt.Kept)
            lines.Add(new($"  {Path(kept.File)}: {PlainText.OneLine(kept.What)}, by {kept.By}"));
        foreach (MachineReport machine in attempt.Machines)
            lines.Add(new($"  {Path(machine.Directory)}: console, journal and commands of {machine.Name}", Tone.Faint));

        string Path(string file) => shown is null ? file : System.IO.Path.Combine(shown, file);
    }

    private static ReportLine Line(TimelinePart part) => new(
        $"  {PlainText.Duration(Math.Abs(part.Start)).Insert(0, part.Start < -0.005 ? "-" : ""),12}  {PlainText.Duration(part.Seconds),11}  {part.Kind,-10}  {(part.Machine is null ? "" : $"{part.Machine}: ")}{PlainText.OneLine(part.What)}",
        part.Bad ? Tone.Bad : part.Kind is "command" ? Tone.Faint : default);

    private static IEnumerable<ReportLine> Indented(string message) => PlainText.Clean(message).Split('\n').Select(line => new ReportLine($"  {line}".TrimEnd()));

    private static string Near(Report report, string id)
    {
        string[] near = [.. report.Tests.Select(t => t.Id).Where(t => t.Contains(id, StringComparison.OrdinalIgnoreCase)).Take(5)];
        return near.Length > 0 ? $"no such test; there are {string.Join(", ", near)}" : $"none of its {PlainText.Count(report.Tests.Count, "test")}";
    }
}
