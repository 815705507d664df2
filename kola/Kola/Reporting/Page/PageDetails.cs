namespace Kola.Reporting;

/// <summary>What the page needs when a person looks closer: packed, and unpacked after the rest is on the screen.</summary>
internal sealed record PageDetails
{
    private const int TailLines = 12;

    /// <summary>Attempts of each test, in the order of <see cref="PageData.Tests"/>.</summary>
    public required IReadOnlyList<IReadOnlyList<PageAttempt>> Tests { get; init; }

    public required IReadOnlyList<PageLogOwner> Logs { get; init; }

    internal static PageDetails Of(Report report, PageLogs logs)
    {
        Dictionary<string, (int Test, int Attempt, string Machine)> owners = [];
        for (int i = 0; i < report.Tests.Count; i++)
        {
            foreach (AttemptReport attempt in report.Tests[i].Attempts)
            {
                foreach (MachineReport machine in attempt.Machines)
                    owners[machine.Directory] = (i, attempt.Number, machine.Name);
            }
        }

        return new PageDetails
        {
            Tests = [.. report.Tests.Select(test => (IReadOnlyList<PageAttempt>)[.. test.Attempts.Select(attempt => PageAttempt.Of(attempt, logs, test.Outcome != Outcome.Passed))])],
            Logs = [.. logs.All.Select(Owned)],
        };

        PageLogOwner Owned(PageLog log)
        {
            string directory = Path.GetDirectoryName(log.Path)!;
            if (owners.TryGetValue(directory, out (int Test, int Attempt, string Machine) owner))
                return new PageLogOwner(log.N, log.Path, log.Bytes, log.Lines, owner.Test, owner.Attempt, owner.Machine);
            // cl.basic/cold/machine: the test was repeated there, and what came of it is told of the test.
            string? test = Path.GetDirectoryName(Path.GetDirectoryName(directory));
            int repeated = directory.Contains("/cold/", StringComparison.Ordinal) ? report.Tests.ToList().FindIndex(t => RunDirectory.DirectoryOf(t.Id, 1) == test) : -1;
            return new PageLogOwner(log.N, log.Path, log.Bytes, log.Lines, repeated, 0, Path.GetFileName(directory));
        }
    }

    /// <summary>An attempt.</summary>
    internal sealed record PageAttempt
    {
        public required int Number { get; init; }

        public required string Outcome { get; init; }

        public PageMessage? Message { get; init; }

        public string? Remedy { get; init; }

        public string? Trace { get; init; }

        public DateTimeOffset? Started { get; init; }

        public double Seconds { get; init; }

        public double Waited { get; init; }

        public string? WaitedFor { get; init; }

        public double Deadline { get; init; }

        public Evidence? Evidence { get; init; }

        public required IReadOnlyList<PageStep> Steps { get; init; }

        public required IReadOnlyList<MachineReport> Machines { get; init; }

        public required IReadOnlyList<PageDeed> Deeds { get; init; }

        public required IReadOnlyList<PageKept> Kept { get; init; }

        public required IReadOnlyList<PageFinding> Findings { get; init; }

        public required IReadOnlyList<PageTail> Tails { get; init; }

        internal static PageAttempt Of(AttemptReport attempt, PageLogs logs, bool closely) => new()
        {
            Number = attempt.Number,
            Outcome = attempt.Outcome.Word(),
            Message = attempt.Message is null ? null : PageMessage.Of(attempt.Message),
            Remedy = attempt.Remedy is null ? null : PlainText.OneLine(attempt.Remedy),
            Trace = attempt.Trace is null ? null : PlainText.Clean(attempt.Trace),
            Started = attempt.Started,
            Seconds = attempt.ElapsedSeconds,
            Waited = attempt.WaitedSeconds,
            WaitedFor = attempt.WaitedFor,
            Deadline = attempt.DeadlineSeconds,
            Evidence = attempt.Evidence,
            Steps = [.. attempt.Steps.Select(step => new PageStep(step.Step, step.Outcome.Word(), step.ElapsedSeconds, step.Message is null ? null : PlainText.Clean(step.Message)))],
            Machines = attempt.Machines,
            Deeds = [.. attempt.Commands.Select(PageDeed.Of).Concat(attempt.Waits.Select(PageDeed.Of)).OrderBy(deed => deed.At)],
            Kept =
            [
                .. attempt.PowerCuts.Count == 0 ? [] : Artifact.Of(attempt, null).Where(artifact => artifact.Type == "image/svg+xml").Select(chart => new PageKept(attempt.PowerCuts[0].Machine, PowerCutChart.Said(attempt), chart.Path, "the run")),
                .. attempt.Kept.Select(kept => new PageKept(kept.Machine, PlainText.OneLine(kept.What), kept.File, kept.By)),
            ],
            Findings = [.. attempt.Findings.Select(found => new PageFinding(found.Machine, found.Check, found.Title, PlainText.OneLine(found.Text), found.File, found.Line, found.Tolerated))],
            Tails = closely && attempt.Outcome != Kola.Outcome.Passed ? [.. attempt.Machines.Select(machine => logs.Tail(machine.Name, machine.Directory, TailLines)).OfType<PageTail>()] : [],
        };
    }

    /// <summary>A named part.</summary>
    internal sealed record PageStep(string Step, string Outcome, double Seconds, string? Message);

    /// <summary>Something kept.</summary>
    internal sealed record PageKept(string Machine, string What, string File, string By);

    /// <summary>A check that fired.</summary>
    internal sealed record PageFinding(string Machine, string Check, string Title, string Text, string File, int Line, string? Tolerated);

    /// <summary>A log, and whose it is.</summary>
    /// <param name="N">Number of its side file.</param>
    /// <param name="Path">Relative to the run's directory.</param>
    /// <param name="Bytes">Its length.</param>
    /// <param name="Lines">How many lines it has.</param>
    /// <param name="Test">Index of the test; -1 for none.</param>
    /// <param name="Attempt">1 for the first; 0 for none.</param>
    /// <param name="Machine">Role of the machine.</param>
    internal sealed record PageLogOwner(int N, string Path, long Bytes, int Lines, int Test, int Attempt, string Machine);

    /// <summary>A command or a wait.</summary>
    internal sealed record PageDeed
    {
        /// <summary>When it ended.</summary>
        public required DateTimeOffset At { get; init; }

        public string? Machine { get; init; }

        /// <summary>The command, or what was awaited.</summary>
        public required string What { get; init; }

        public bool Wait { get; init; }

        /// <summary>Of a command; null when it was lost.</summary>
        public int? Exit { get; init; }

        /// <summary>Of a wait.</summary>
        public bool Held { get; init; }

        public string? Seen { get; init; }

        public double Seconds { get; init; }

        internal static PageDeed Of(CommandRan ran) => new() { At = ran.At, Machine = ran.Machine, What = PlainText.Clean(ran.Command), Exit = ran.ExitCode, Seconds = ran.ElapsedSeconds };

        internal static PageDeed Of(WaitEnded waited) => new()
        {
            At = waited.At,
            Machine = waited.Machine,
            What = PlainText.OneLine(waited.For),
            Wait = true,
            Held = waited.Held,
            Seen = waited.LastSeen is null ? null : PlainText.OneLine(waited.LastSeen),
            Seconds = waited.ElapsedSeconds,
        };
    }
}
