using System.Globalization;

namespace Kola.Reporting;

/// <summary>What a person sees while a run goes on, in the words Go's tests have used for it.</summary>
public static class ProgressLine
{
    /// <summary>The line, or lines with <c>\n</c> between them, for an event; null for an event nobody waits for.</summary>
    public static ReportLine? For(RunEvent happened) => happened switch
    {
        RunStarted e => new($"run {e.Run} on {e.Platform}: {e.Image.Name}{(e.Image.Version is { } version ? $" {version}" : "")} ({e.Image.Architecture})", Tone.Heading),
        TestStarted e => new($"=== RUN   {e.Test}{Attempt(e.Attempt)}"),
        MachineReady { Boot: 0 } e => new($"    {e.Test} {e.Machine}: ready {PlainText.Duration(e.ElapsedSeconds)} after it was started", Tone.Faint),
        MachineReady e => new($"    {e.Test} {e.Machine}: back {PlainText.Duration(e.ElapsedSeconds)} after reboot {e.Boot.ToString(CultureInfo.InvariantCulture)}", Tone.Faint),
        NetworkChanged e => new($"    {e.Test}: network: {e.What}", Tone.Faint),
        PowerWasCut e => new(string.Create(CultureInfo.InvariantCulture, $"    {e.Test} {e.Machine}: power cut after write {e.Entry} of {e.Recorded}, {e.Lost}"), Tone.Faint),
        MachineEnded { PlatformFault: true } e => new($"    {e.Test} {e.Machine}: {PlainText.OneLine(e.Detail)}", Tone.Bad),
        StepEnded e => new($"    --- {Word(e.Outcome)}: {e.Test}/{e.Step}{Attempt(e.Attempt)}{Time(e.ElapsedSeconds)}{Why(e.Outcome, e.Message, e.Remedy)}", e.Outcome == Outcome.Passed ? Tone.Faint : ToneOf(e.Outcome)),
        FindingMade { Tolerated: { } because } e => new($"    {e.Test} {e.Machine}: {e.Check}, tolerated: {PlainText.OneLine(because)}", Tone.Faint),
        FindingMade e => new($"    {e.Test} {e.Machine}: {e.Check}: {PlainText.OneLine(e.Text)}", Tone.Bad),
        EvidenceKept { File: var file } e when file.EndsWith(RunDirectory.StateFile, StringComparison.Ordinal) => new($"    {e.Test} {e.Machine}: {e.What} kept, by {e.By}: {file}", Tone.Faint),
        TestEnded e => new($"--- {Word(e.Outcome)}: {e.Test}{Attempt(e.Attempt)}{Time(e.ElapsedSeconds)}{Why(e.Outcome, e.Message, e.Remedy)}", ToneOf(e.Outcome)),
        TemplateMade e => new($"    template {Aside.Short(e.Template)}: made in {PlainText.Duration(e.ElapsedSeconds)}", Tone.Faint),
        TemplateDropped e => new($"    template {Aside.Short(e.Template)}: not used any further: {PlainText.FirstLine(e.Why)}", Tone.Warning),
        ParityChecked { Disagrees: true } e => new($"    {e.Test}: {e.Cloned.Word()} on copies, {e.Cold.Word()} on machines booted cold", Tone.Bad),
        ParityChecked e => new($"    {e.Test}: parity: {e.Cold.Word()} on machines booted cold", Tone.Faint),
        CleanupFailed e => new($"left behind: {PlainText.OneLine(e.What)}: {PlainText.OneLine(e.Message)}", Tone.Warning),
        RunEnded { Stopped: { } stopped } => new($"stopped: {PlainText.OneLine(stopped)}", Tone.Bad),
        _ => null,
    };

    /// <summary>How a terminal may show an outcome.</summary>
    internal static Tone ToneOf(Outcome outcome) => outcome switch
    {
        Outcome.Passed => Tone.Good,
        Outcome.Flaky or Outcome.Known or Outcome.Skipped => Tone.Warning,
        _ => Tone.Bad,
    };

    private static string Word(Outcome outcome) => outcome switch
    {
        Outcome.Passed => "PASS",
        Outcome.Failed => "FAIL",
        Outcome.Skipped => "SKIP",
        _ => outcome.Word().ToUpperInvariant(),
    };

    private static string Attempt(int attempt) => attempt == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $" (attempt {attempt})");

    private static string Time(double seconds) => string.Create(CultureInfo.InvariantCulture, $" ({seconds:0.00}s)");

    private static string Why(Outcome outcome, string? message, string? remedy) =>
        outcome == Outcome.Passed || message is null ? ""
            : "\n        " + PlainText.Clean(remedy is null ? message : $"{message}\n  next:    {remedy}").ReplaceLineEndings("\n        ");
}
