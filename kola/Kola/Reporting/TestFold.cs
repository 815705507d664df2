using System.Globalization;

namespace Kola.Reporting;

/// <summary>Collects the events of one test.</summary>
internal sealed class TestFold(string id)
{
    private readonly List<AttemptFold> _attempts = [];

    internal string Id => id;

    internal TestPlanned? Planned { get; set; }

    /// <summary>How often it was to run, whatever came of it; 0 when it was not.</summary>
    internal int Stress { get; set; }

    internal void Take(TestStarted e) => Attempt(e.Attempt).Started = e;

    internal void Take(MachineStarted e) => Attempt(e.Attempt).Machines.Add(new MachineReport
    {
        Name = e.Machine,
        Address = e.Address,
        Directory = e.Directory,
        Template = e.Template,
        Started = e.At,
    });

    internal void Take(MachineReady e) => Attempt(e.Attempt).Change(e.Machine, machine => machine with
    {
        Version = e.Version,
        BootSeconds = [.. machine.BootSeconds, e.ElapsedSeconds],
        LoginSeconds = [.. machine.LoginSeconds, e.LoginSeconds],
        Ready = [.. machine.Ready, e.At],
    });

    internal void Take(MachineEnded e) => Attempt(e.Attempt).Change(e.Machine, machine => machine with
    {
        Gone = e.At,
        Ended = e.Detail,
        PlatformFault = e.PlatformFault,
        ProcessorSeconds = e.ProcessorSeconds,
        MemoryMiB = e.MemoryMiB,
    });

    internal void Take(CommandRan e) => Attempt(e.Attempt).Commands.Add(e);

    internal void Take(WaitEnded e) => Attempt(e.Attempt).Waits.Add(e);

    internal void Take(EvidenceKept e) => Attempt(e.Attempt).Kept.Add(e);

    internal void Take(NetworkChanged e) => Attempt(e.Attempt).NetworkChanges.Add(e);

    internal void Take(PowerWasCut e) => Attempt(e.Attempt).PowerCuts.Add(e);

    internal void Take(StepEnded e) => Attempt(e.Attempt).Steps.Add(e);

    internal void Take(FindingMade e, int line) => Attempt(e.Attempt).Findings.Add((e, line));

    internal void Take(ParityChecked e, int line) => (Current().Parity, Current().ParityLine) = (e, line);

    internal void Take(TestEnded e, int line, List<string> problems)
    {
        AttemptFold attempt = Attempt(e.Attempt);
        if (e.Outcome is Outcome.Flaky or Outcome.Known)
        {
            problems.Add($"{id} ended as {e.Outcome.Word()}, which only a report may say");
            e = e with { Outcome = Outcome.Broken };
        }

        if (attempt.Ended is not null)
            problems.Add($"{id} ended twice in attempt {e.Attempt}");
        if (attempt.Ended is null || Gravity(e.Outcome) > Gravity(attempt.Ended.Outcome))
            (attempt.Ended, attempt.EndedLine) = (e, line);
    }

    /// <param name="why">What became of the run, for a test without a result.</param>
    /// <param name="today">Day of the run, to which a policy entry's date is held.</param>
    /// <param name="problems">Takes contradictions.</param>
    internal TestReport Finish(string why, DateOnly today, List<string> problems)
    {
        AttemptReport[] attempts = [.. _attempts.OrderBy(attempt => attempt.Number).Select(attempt => attempt.Finish(id, why))];
        var test = new TestReport
        {
            Id = id,
            Sentence = Planned?.Sentence ?? "",
            Tags = Planned?.Tags ?? [],
            Planned = Planned is not null,
            Known = Planned?.Known,
            Enforced = Planned?.Enforced ?? false,
            SkippedByPolicy = Planned?.SkippedByPolicy ?? false,
            Formerly = Planned?.Formerly,
            Outcome = Outcome.NotRun,
            Attempts = attempts,
        };
        if (attempts.Length == 0)
        {
            return Planned?.SkipReason is { } reason
                ? test with { Outcome = Outcome.Skipped, Message = reason, Remedy = Planned.SkipRemedy, Evidence = new Evidence { Sign = "plan" } }
                : test with { Message = $"{id}: planned and never started: {why}", Evidence = new Evidence { Sign = "unstarted" } };
        }

        if (Planned?.SkipReason is not null)
            problems.Add($"{id} was to be skipped and ran");
        test = Stress > 0 ? StressFold.Judge(test, Stress, why, today) : Judge(test, today);
        return test.Planned || test.Outcome is Outcome.Failed or Outcome.Broken ? test : test with
        {
            Outcome = Outcome.Broken,
            Message = $"{id}: ended as {test.Outcome.Word()} and was never planned\n  wanted:  a test of the plan",
            Evidence = new Evidence { Sign = "harness", Event = test.Evidence?.Event },
        };
    }

    // A failure counts whatever a later attempt was unable to find out; only a pass takes it back, and that is flaky, also when the place was
    // what was wrong at first: a test that needed a second chance does not look like one that did not.
    internal static TestReport Judge(TestReport test, DateOnly today)
    {
        AttemptReport last = test.Attempts[^1];
        AttemptReport? failed = test.Attempts.LastOrDefault(attempt => attempt.Outcome == Outcome.Failed)
            ?? (last.Outcome == Outcome.Passed ? test.Attempts.LastOrDefault(attempt => attempt.Outcome is Outcome.Broken or Outcome.NotRun) : null);
        if (failed is null)
            return test with { Outcome = last.Outcome, Message = last.Message, Remedy = last.Remedy, Trace = last.Trace, Evidence = last.Evidence };
        Outcome outcome = last.Outcome == Outcome.Passed ? Outcome.Flaky
            : test.Known is { } known && today <= known.Until ? Outcome.Known
            : Outcome.Failed;
        return test with { Outcome = outcome, Message = failed.Message, Trace = failed.Trace, Evidence = failed.Evidence };
    }

    internal static int Gravity(Outcome outcome) => outcome switch
    {
        Outcome.Passed => 0,
        Outcome.Skipped => 1,
        Outcome.NotRun => 2,
        Outcome.Broken => 3,
        _ => 4,
    };

    // A repetition on machines booted cold belongs to the attempt in progress, or the last one.
    private AttemptFold Current() => _attempts.Count > 0 ? _attempts[^1] : Attempt(1);

    private AttemptFold Attempt(int number)
    {
        if (_attempts.Find(attempt => attempt.Number == number) is { } known)
            return known;
        var attempt = new AttemptFold(number);
        _attempts.Add(attempt);
        return attempt;
    }

    private sealed class AttemptFold(int number)
    {
        internal int Number => number;

        internal TestStarted? Started { get; set; }

        internal TestEnded? Ended { get; set; }

        internal int EndedLine { get; set; }

        internal ParityChecked? Parity { get; set; }

        internal int ParityLine { get; set; }

        internal List<MachineReport> Machines { get; } = [];

        internal List<StepEnded> Steps { get; } = [];

        internal List<(FindingMade Made, int Line)> Findings { get; } = [];

        internal List<CommandRan> Commands { get; } = [];

        internal List<WaitEnded> Waits { get; } = [];

        internal List<EvidenceKept> Kept { get; } = [];

        internal List<NetworkChanged> NetworkChanges { get; } = [];

        internal List<PowerWasCut> PowerCuts { get; } = [];

        internal void Change(string machine, Func<MachineReport, MachineReport> change)
        {
            int i = Machines.FindLastIndex(known => known.Name == machine);
            if (i >= 0)
                Machines[i] = change(Machines[i]);
        }

        internal AttemptReport Finish(string id, string why)
        {
            (Outcome outcome, string? message, Evidence evidence) = Ended is null
                ? (Outcome.NotRun, Unended(id, why), new Evidence { Sign = "unended" })
                : Verdict(id, Ended);
            return new AttemptReport
            {
                Number = number,
                Outcome = outcome,
                Message = message,
                Remedy = Ended?.Remedy,
                Trace = Ended?.Trace,
                Started = Started?.At,
                ElapsedSeconds = Ended?.ElapsedSeconds ?? 0,
                Evidence = evidence,
                WaitedSeconds = Started?.WaitedSeconds ?? 0,
                WaitedFor = Started?.WaitedFor,
                DeadlineSeconds = Started?.DeadlineSeconds ?? 0,
                Steps = [.. Steps],
                Machines = [.. Machines],
                Commands = [.. Commands],
                Waits = [.. Waits],
                Kept = [.. Kept],
                NetworkChanges = [.. NetworkChanges],
                PowerCuts = [.. PowerCuts],
                Findings = [.. Findings.Select(finding => finding.Made)],
            };
        }

        // Whoever said "passed" may have missed what is on record.
        private (Outcome Outcome, string? Message, Evidence Evidence) Verdict(string id, TestEnded ended)
        {
            if (Parity is { Disagrees: true } parity && ended.Outcome != Outcome.Broken)
                return (Outcome.Broken, ParityWords.Disagreement(parity, ended.Message), new Evidence { Sign = "parity", Event = ParityLine });
            if (ended.Outcome != Outcome.Passed)
                return (ended.Outcome, ended.Message ?? $"{id}: {ended.Outcome.Word()}, and nobody said why", (ended.Evidence ?? new Evidence { Sign = "test" }) with { Event = EndedLine });
            if (Findings.Find(finding => finding.Made.Tolerated is null) is ({ } finding, var line))
                return (Outcome.Failed, Accuse(finding), new Evidence { Sign = $"check:{finding.Check}", Machine = finding.Machine, File = finding.File, Line = finding.Line, Event = line });
            if (Steps.Find(step => step.Outcome is not (Outcome.Passed or Outcome.Skipped)) is { } step)
                return (step.Outcome == Outcome.Failed ? Outcome.Failed : Outcome.Broken, step.Message ?? $"{step.Step}: {step.Outcome.Word()}", new Evidence { Sign = "assertion", Event = EndedLine });
            return (Outcome.Passed, null, new Evidence { Sign = "end", Event = EndedLine });
        }

        private static string Accuse(FindingMade finding) => string.Create(
            CultureInfo.InvariantCulture,
            $"{finding.Machine}: {finding.Title}\n  wanted:  no such line in the {finding.Source} ({finding.Check})\n  got:     {finding.Text}\n  see:     {finding.File}:{finding.Line}");

        private string Unended(string id, string why) => Started is null
            ? $"{id}: attempt {number} has neither a beginning nor an end: {why}"
            : string.Create(CultureInfo.InvariantCulture, $"{id}: started at {Started.At.UtcDateTime:HH:mm:ss} UTC and never ended: {why}");
    }
}
