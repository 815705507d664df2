namespace Kola.Tests.Reporting;

/// <summary>Events of made-up runs, a second apart from 2026-11-22 18:15:00 UTC on.</summary>
internal sealed class Happened
{
    private readonly List<RunEvent> _events = [];

    internal IReadOnlyList<RunEvent> Events => _events;

    private DateTimeOffset Next => new DateTimeOffset(2026, 11, 22, 18, 15, 0, TimeSpan.Zero).AddSeconds(_events.Count);

    /// <summary>A run of one test that passes.</summary>
    internal static Happened Clean() => new Happened().Start().Plan("cl.basic").Begin("cl.basic").Boot("cl.basic", "machine").End("cl.basic", Outcome.Passed).Finish();

    internal Happened Start(string run = "qemu-20261122-181500-4711") => Add(new RunStarted
    {
        At = Next,
        Run = run,
        Kola = "0.1.0",
        CommandLine = ["kola", "run", "--image", "flatcar.img"],
        Platform = "qemu",
        Facts = new Dictionary<string, string> { ["acceleration"] = "kvm", ["cores"] = "8" },
        Image = new Image { File = "/images/flatcar.img", Format = "raw", Digest = "sha256:" + new string('0', 64), Name = "flatcar.img", Version = "4459.0.0", Channel = "alpha" },
        Slowness = 1,
    });

    internal Happened Plan(string test, string? skip = null, string? remedy = null, KnownFailure? known = null, bool enforced = false) =>
        Add(new TestPlanned { At = Next, Test = test, Sentence = $"{test} does its job", SkipReason = skip, SkipRemedy = remedy, Machines = ["machine"], Known = known, Enforced = enforced });

    internal Happened Begin(string test, int attempt = 1) => Add(new TestStarted { At = Next, Test = test, Attempt = attempt, DeadlineSeconds = 600 });

    internal Happened Boot(string test, string machine, int attempt = 1, string? template = null)
    {
        string directory = attempt == 1 ? $"{test}/{machine}" : $"{test}/attempt-{attempt}/{machine}";
        return Add(new MachineStarted { At = Next, Test = test, Machine = machine, Attempt = attempt, Address = "core@127.0.0.1:2222", Directory = directory, Template = template })
            .Add(new MachineReady { At = Next, Test = test, Machine = machine, Attempt = attempt, BootId = "00000000-0000-0000-0000-000000000001", Version = "4459.0.0", ElapsedSeconds = 11.25, Boot = 0 });
    }

    internal Happened Step(string test, string step, Outcome outcome, string? message = null) =>
        Add(new StepEnded { At = Next, Test = test, Attempt = 1, Step = step, Outcome = outcome, Message = message, ElapsedSeconds = 0.5 });

    internal Happened Find(string test, string machine, string? tolerated = null) => Add(new FindingMade
    {
        At = Next,
        Test = test,
        Machine = machine,
        Check = "kernel-warning",
        Title = "The kernel warned with a backtrace",
        Source = "console",
        File = $"{test}/{machine}/console.txt",
        Line = 2113,
        Text = "[   12.345678] WARNING: kernel/workqueue.c:1234 at __queue_work+0x1/0x2, CPU#1: kworker/1:1/77",
        Tolerated = tolerated,
    });

    internal Happened End(string test, Outcome outcome, string? message = null, int attempt = 1, double seconds = 30, string? remedy = null, string? trace = null) =>
        Add(new TestEnded { At = Next, Test = test, Attempt = attempt, Outcome = outcome, Message = message, Remedy = remedy, Trace = trace, ElapsedSeconds = seconds });

    internal Happened Finish(string? stopped = null) => Add(new RunEnded { At = Next, Stopped = stopped, ElapsedSeconds = _events.Count });

    internal Happened Add(RunEvent happened)
    {
        _events.Add(happened);
        return this;
    }

    internal Happened Add(Func<DateTimeOffset, RunEvent> happened) => Add(happened(Next));
}
