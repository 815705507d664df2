using System.Globalization;

namespace Kola.Reporting;

/// <summary>What a person reads at the end of a run.</summary>
public static class SummaryReport
{
    private const int Slowest = 5;

    /// <summary>The lines as text, each with a line end.</summary>
    public static string Render(Report report, string? shown) => string.Concat(Lines(report, shown).Select(line => line.Text + "\n"));

    /// <param name="report">What to tell.</param>
    /// <param name="shown">How the run's directory is named: <c>_kola/latest</c>; null to leave it out.</param>
    public static IEnumerable<ReportLine> Lines(Report report, string? shown)
    {
        List<ReportLine> lines = [];
        if (report.Run is { } run)
            lines.Add(new($"{run.Run}: {run.Image.Name}{(run.Image.Version is { } version ? $" {version}" : "")} ({run.Image.Architecture}) on {run.Platform}, kola {run.Kola}", Tone.Heading));
        AddProblems(lines, report);
        foreach (Outcome outcome in (Outcome[])[Outcome.Failed, Outcome.Broken, Outcome.NotRun, Outcome.Flaky, Outcome.Known])
            AddTests(lines, report, outcome);
        AddSkips(lines, report);
        AddExcuses(lines, report);
        AddStress(lines, report);
        AddSlowest(lines, report);
        foreach (CleanupFailed left in report.Leftovers)
            lines.Add(new($"left behind: {PlainText.OneLine(left.What)}: {PlainText.OneLine(left.Message)}", Tone.Warning));
        AddTemplates(lines, report);
        AddGate(lines, report);
        lines.Add(new(""));
        lines.Add(new(Verdict(report), report.ExitCode == 0 ? Tone.Good : Tone.Bad));
        if (shown is not null)
            lines.Add(new($"see {shown}", Tone.Faint));
        return lines;
    }

    /// <summary>
    /// The run in one line: <c>failed: 9 tests in 12 min 3 s: 1 passed, 1 flaky, 1 failed</c>. Outcomes nobody had are left out.
    /// </summary>
    internal static string Verdict(Report report)
    {
        string word = report.ExitCode switch { 0 => "clean", 1 => "failed", _ => "inconclusive" };
        IEnumerable<string> counts = report.Counts.Where(count => count.Value > 0)
            .Select(count => string.Create(CultureInfo.InvariantCulture, $"{count.Value} {count.Key.Word()}"));
        string tests = report.Tests.Count == 0 ? "no tests" : PlainText.Count(report.Tests.Count, "test");
        return $"{word}: {tests} in {PlainText.Duration(report.ElapsedSeconds)}{(report.Tests.Count == 0 ? "" : ": ")}{string.Join(", ", counts)}";
    }

    private static void AddProblems(List<ReportLine> lines, Report report)
    {
        if (report.Problems.Count == 0)
            return;
        lines.Add(new(""));
        lines.Add(new("problems of the run:", Tone.Heading));
        lines.AddRange(report.Problems.Select(problem => new ReportLine($"  {PlainText.OneLine(problem)}", Tone.Bad)));
    }

    private static void AddTests(List<ReportLine> lines, Report report, Outcome outcome)
    {
        foreach (TestReport test in report.Tests.Where(test => test.Outcome == outcome))
        {
            lines.Add(new(""));
            string attempts = test.Attempts.Count > 1 ? $" after {PlainText.Count(test.Attempts.Count, "attempt")}" : "";
            lines.Add(new($"{outcome.Word()}: {PlainText.OneLine(test.Id)}{attempts}", ProgressLine.ToneOf(outcome)));
            if (test.Known is { } known && outcome == Outcome.Known)
                lines.Add(new(string.Create(CultureInfo.InvariantCulture, $"  until {known.Until:yyyy-MM-dd}: {PlainText.OneLine(known.Because)}{(known.Link is null ? "" : $", {PlainText.OneLine(known.Link)}")}"), Tone.Faint));
            if (test.Message is not null)
                lines.AddRange(PlainText.Clean(test.Message).Split('\n').Select(line => new ReportLine($"  {line}".TrimEnd())));
            foreach (StepEnded step in test.Attempts.SelectMany(attempt => attempt.Steps).Where(step => step.Outcome is Outcome.Failed or Outcome.Broken))
                lines.Add(new($"  step {PlainText.OneLine(step.Step)}: {PlainText.FirstLine(step.Message)}", Tone.Faint));
            foreach (FindingMade finding in test.Attempts.SelectMany(attempt => attempt.Findings).Where(finding => finding.Tolerated is null))
                lines.Add(new(string.Create(CultureInfo.InvariantCulture, $"  found {finding.Check} on {finding.Machine}: {finding.File}:{finding.Line}"), Tone.Faint));
            foreach (EvidenceKept kept in test.Attempts.SelectMany(attempt => attempt.Kept))
                lines.Add(new($"  see {kept.File}: {PlainText.OneLine(kept.What)} of {kept.Machine}, by {kept.By}", Tone.Faint));
        }
    }

    private static void AddSkips(List<ReportLine> lines, Report report)
    {
        IGrouping<(string, string?), TestReport>[] reasons = [.. report.Tests.Where(test => test.Outcome == Outcome.Skipped)
            .GroupBy(test => (PlainText.OneLine(test.Message), test.Remedy))
            .OrderByDescending(group => group.Count())];
        if (reasons.Length == 0)
            return;
        lines.Add(new(""));
        lines.Add(new("skipped:", Tone.Heading));
        foreach (IGrouping<(string Reason, string? Remedy), TestReport> group in reasons)
        {
            lines.Add(new($"  {PlainText.Count(group.Count(), "test")}: {group.Key.Reason}{(group.Key.Remedy is null ? "" : $". {PlainText.OneLine(group.Key.Remedy)}")}", Tone.Warning));
            lines.Add(new($"    {string.Join(", ", group.Select(test => PlainText.OneLine(test.Id)))}", Tone.Faint));
        }
    }

    // Excuses are policy, and policy is looked at when it is seen.
    private static void AddExcuses(List<ReportLine> lines, Report report)
    {
        IGrouping<string, string>[] tolerated = [.. report.Tests
            .SelectMany(test => test.Attempts.SelectMany(attempt => attempt.Findings).Where(finding => finding.Tolerated is not null).Select(finding => (finding.Check, test.Id)))
            .GroupBy(found => found.Check, found => found.Id)];
        TestReport[] unneeded = [.. report.Tests.Where(test => test.Known is not null && test.Outcome == Outcome.Passed)];
        if (tolerated.Length + unneeded.Length > 0)
            lines.Add(new(""));
        lines.AddRange(tolerated.Select(check => new ReportLine($"tolerated {check.Key} in {string.Join(", ", check.Distinct().Select(PlainText.OneLine))}", Tone.Faint)));
        lines.AddRange(unneeded.Select(test => new ReportLine($"known to fail and passed: {PlainText.OneLine(test.Id)}, {PlainText.OneLine(test.Known!.Because)}", Tone.Warning)));
    }

    private static void AddTemplates(List<ReportLine> lines, Report report)
    {
        if (report.Templates is not { } templates)
            return;
        lines.Add(new(""));
        lines.Add(new(templates.Line(report.Run?.Seed ?? 0), Tone.Faint));
        lines.AddRange(templates.Dropped.Select(dropped => new ReportLine($"  dropped {Aside.Short(dropped.Template)}: {PlainText.FirstLine(dropped.Why)}", Tone.Warning)));
    }

    // Without a policy the verdict itself says it all.
    private static void AddGate(List<ReportLine> lines, Report report)
    {
        if (report.Policy is not { } policy)
            return;
        GateVerdict gate = report.Gate;
        lines.Add(new(""));
        lines.Add(new($"gate of {PlainText.OneLine(policy.File)}: {(gate.Open ? "open" : "closed")}", gate.Open ? Tone.Good : Tone.Bad));
        lines.AddRange(gate.Reasons.Except(report.Problems).Select(reason => new ReportLine($"  {PlainText.OneLine(reason)}", Tone.Bad)));
    }

    private static void AddStress(List<ReportLine> lines, Report report)
    {
        TestReport[] stressed = [.. report.Tests.Where(test => test.Stress is not null).OrderByDescending(test => test.Stress!.Value.Share)];
        if (stressed.Length == 0)
            return;
        lines.Add(new(""));
        lines.Add(new("failures in repetitions:", Tone.Heading));
        lines.AddRange(stressed.Select(test => new ReportLine($"  {PlainText.OneLine(test.Id)}: {test.Stress}", test.Stress!.Value.Hits > 0 ? Tone.Bad : Tone.Good)));
    }

    private static void AddSlowest(List<ReportLine> lines, Report report)
    {
        TestReport[] slowest = [.. report.Tests.Where(test => test.ElapsedSeconds > 0).OrderByDescending(test => test.ElapsedSeconds).Take(Slowest)];
        if (slowest.Length < 2)
            return;
        lines.Add(new(""));
        lines.Add(new("slowest:", Tone.Heading));
        lines.AddRange(slowest.Select(test => new ReportLine($"  {PlainText.Duration(test.ElapsedSeconds),10}  {PlainText.OneLine(test.Id)}", Tone.Faint)));
    }
}
