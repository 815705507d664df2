using System.Diagnostics.CodeAnalysis;
using Kola.Machines;
using Kola.Reporting;

namespace Kola.Running;

/// <summary>One attempt of one test: boots its machines, runs its code, watches, tidies up, and says how it ended.</summary>
internal sealed class Attempt
{
    // How long a test's code may take to notice that its test was ended, before it is left behind.
    private static readonly TimeSpan s_noticed = TimeSpan.FromSeconds(5);

    private readonly TestCase _test;
    private readonly int _number;
    private readonly SessionOptions _options;
    private readonly TestCode _code;
    private readonly CancellationTokenSource _deadline = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly MachineSet _machines;
    private KolaException? _why;
    private bool _interrupted;

    /// <param name="test">The test.</param>
    /// <param name="number">1 for the first.</param>
    /// <param name="options">The run.</param>
    /// <param name="code">What its framework knows of the test's code.</param>
    /// <param name="templates">What its machines may be copies of; null boots all of them.</param>
    internal Attempt(TestCase test, int number, SessionOptions options, TestCode code, TemplateSet? templates)
    {
        _test = test;
        _number = number;
        // Whoever tells something of a machine does not know which attempt it belongs to.
        _options = options = options with { Emit = Numbered(options.Emit) };
        _code = code;
        string directory = Path.Combine(options.Directory, RunDirectory.DirectoryOf(test.Id, number));
        System.IO.Directory.CreateDirectory(directory);
        _machines = new MachineSet(test, number, options, code, templates, directory, () => _why, End, _deadline.Token);
    }

    /// <summary>Keys of the templates its machines are copies of; empty when all were booted.</summary>
    internal IReadOnlyList<string> Templates => _machines.Templates;

    /// <summary>Seconds it waited for its turn, and whose end made room.</summary>
    internal (double Seconds, string? For) Waited { get; init; }

    internal async Task<TestEnded> RunAsync(Func<LabMachines, Task> body, CancellationToken stop, CancellationToken kill)
    {
        long start = _options.Time.GetTimestamp();
        TimeSpan limit = TimeSpan.FromMinutes(_test.Minutes) * _options.Platform.Slowness;
        _options.Emit(new TestStarted { At = Now, Test = _test.Id, Attempt = _number, DeadlineSeconds = limit.TotalSeconds, WaitedSeconds = Waited.Seconds, WaitedFor = Waited.For });
        using TestUpdates? updates = TestUpdates.Of(_test, _number, _options, _machines.Directory, () => _why, _deadline.Token);
        var lab = new Lab(new LabTerms
        {
            Test = _test.Id,
            Attempt = _number,
            Directory = _machines.Directory,
            Time = _options.Time,
            Emit = _options.Emit,
            WhyEnded = () => _why,
            Code = _code,
            Requests = _options.Requests,
            Payloads = _options.Payloads,
            Inputs = _options.Inputs,
            Updates = updates?.Server,
            Machines = () => _machines.Machines,
            Addresses = _machines.Addresses,
            Network = () => _machines.Network,
            Deadline = _deadline.Token,
        });
        Exception? fault;
        await using (ITimer timer = _options.Time.CreateTimer(_ => End(Late(limit)), null, limit, Timeout.InfiniteTimeSpan))
        await using (CancellationTokenRegistration _ = stop.Register(Interrupt))
            fault = await TryAsync(lab, body);
        // What is asked of a machine from here on comes over a network that is well.
        await lab.Network.LeaveAsync();
        // Asked once nothing of the test is on its way any more; what is done with a machine from here on changes nothing.
        if (!kill.IsCancellationRequested)
            await _machines.CollectAsync(kill);
        (Outcome outcome, string? message, Evidence? evidence) = Verdict(fault, lab);
        bool bad = outcome is Outcome.Failed or Outcome.Broken;
        if (bad && !kill.IsCancellationRequested)
            await _machines.KeepStateAsync(kill);
        if (bad && _options.Keep)
            await _machines.OfferAsync(stop);
        await _machines.EndAsync(collect: bad && _options.Keep && !kill.IsCancellationRequested, kill);
        // The last lines of a console come with the end of its machine.
        if (!bad)
            (outcome, message, evidence) = Verdict(fault, lab);
        _deadline.Dispose();
        return new TestEnded
        {
            At = Now,
            Test = _test.Id,
            Attempt = _number,
            Outcome = outcome,
            Message = message,
            Trace = outcome == Outcome.Failed && fault is not null && _why is null ? TraceOf(fault) : null,
            Remedy = outcome == Outcome.Skipped ? SkipException.In(fault)?.Remedy : null,
            Evidence = evidence,
            ElapsedSeconds = _options.Time.GetElapsedTime(start).TotalSeconds,
        };
    }

    private Action<RunEvent> Numbered(Action<RunEvent> emit) => happened => emit(happened switch
    {
        MachineEvent e => e with { Attempt = _number },
        WaitEnded e => e with { Attempt = _number },
        _ => happened,
    });

    private DateTimeOffset Now => _options.Time.GetUtcNow();

    /// <summary>Ends the test for a reason; the first one counts.</summary>
    private void End(KolaException why)
    {
        lock (_gate)
        {
            if (_why is not null)
                return;
            _why = why;
        }

        try
        {
            _deadline.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The test ended by itself at the same moment.
        }

        _ended.TrySetResult();
    }

    private void Interrupt()
    {
        _interrupted = true;
        End(new PlatformException(Signal.Interrupted, $"{_test.Id}: the run was stopped before the test had ended"));
    }

    private KolaException Late(TimeSpan limit) => _machines.NeverStirred is { } silent
        ? new PlatformException(Signal.NoContact, $"{silent}: not ready {limit.TotalSeconds:0} s after its start, and not one byte on its console\n  wanted:  an SSH login\n  next:    does the platform start machines at all? Try `kola spawn`.")
        : new MachineException($"{_test.Id}: did not end within {limit.TotalSeconds:0} s\n  wanted:  an end within {_test.Minutes} min of machine time{(_options.Platform.Slowness == 1 ? "" : $", times {_options.Platform.Slowness:0.#} for a slow platform")}\n  got:     {_machines.LastCommand}\n  see:     {_machines.Shown}")
        {
            Evidence = new Evidence { Sign = "deadline" },
        };

    [SuppressMessage("Design", "CA1031", Justification = "The border between a test's code and the run: whatever it throws is its result.")]
    private async Task<Exception?> TryAsync(Lab lab, Func<LabMachines, Task> body)
    {
        try
        {
            IReadOnlyList<Machine> machines = await _machines.BootAsync(lab);
            Task run = body(new LabMachines(machines, lab));
            await Task.WhenAny(run, _ended.Task);
            if (!run.IsCompleted)
                await Task.WhenAny(run, Wait.PauseAsync(s_noticed, TimeProvider.System, CancellationToken.None));
            if (run.IsCompleted)
                await run;
            return null;
        }
        catch (Exception fault)
        {
            return fault;
        }
    }

    // Broken is what a signal of the place shows; all else is the image's, or its test's.
    private (Outcome Outcome, string? Message, Evidence? Evidence) Verdict(Exception? fault, Lab lab)
    {
        if (_interrupted)
            return (Outcome.NotRun, _why?.Message, new Evidence { Sign = Signal.Interrupted.Word() });
        if ((_why as PlatformException ?? fault as PlatformException) is { } place)
            return (Outcome.Broken, place.Message, Of(place));
        if (_why is { } why)
            return (Outcome.Failed, why.Message, Of(why));
        (Outcome outcome, string? message) = fault is null ? (Outcome.Passed, null)
            : SkipException.In(fault) is { } skip ? (Outcome.Skipped, skip.Message)
            : _code.Judge(fault);
        if (outcome is Outcome.Failed or Outcome.Broken)
            return (outcome, message, Of(fault!));
        if (lab.Failure is { } parts)
            return (Outcome.Failed, parts, new Evidence { Sign = "assertion" });
        if (_machines.FirstFinding is { } finding)
            return (Outcome.Failed, finding.Message, finding.Evidence);
        return (outcome, message, outcome == Outcome.Passed ? null : new Evidence { Sign = "test" });
    }

    // Exceptions of a test's code come wrapped, as deep as its framework likes.
    private Evidence Of(Exception fault)
    {
        for (Exception? within = fault; within is not null; within = within.InnerException)
        {
            if (within is KolaException { Evidence: { } seen })
                return seen;
            if (within is PlatformException place)
                return new Evidence { Sign = place.Signal.Word() };
            if (within is MachineException)
                return new Evidence { Sign = "machine" };
        }

        return new Evidence { Sign = _code.Asserts(fault) ? "assertion" : "code" };
    }

    private static string? TraceOf(Exception fault) => fault is KolaException ? null : fault.StackTrace;
}
