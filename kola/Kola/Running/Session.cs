using System.Diagnostics.CodeAnalysis;
using Kola.Machines;
using Kola.Planning;
using Kola.Reporting;
using Kola.Scheduling;

namespace Kola.Running;

/// <summary>
/// The run in progress. It gives each planned test its turn, its machines and its verdict; whoever runs the test's code calls
/// <see cref="RunAsync"/> for each planned test, all at once.
/// </summary>
public sealed class Session : IDisposable
{
    // Order is by cost, not by who asks first; but nobody waits for ever for one who does not ask.
    private static readonly TimeSpan s_longestGathering = TimeSpan.FromSeconds(2);

    private readonly SessionOptions _options;
    private readonly Schedule _schedule;
    private readonly Dictionary<string, PlannedTest> _planned;
    private readonly TemplateSet _templates;
    private readonly HashSet<string> _repeated;
    private readonly Dictionary<string, int> _order;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _kill = new();
    private readonly HashSet<string> _asked = [];
    private readonly Dictionary<string, int> _repetitions = [];
    private ITimer? _gathering;

    /// <summary>Begins nothing: the first turn is given when every planned test has asked for one, or two seconds after the first did.</summary>
    public Session(SessionOptions options)
    {
        _options = options;
        _schedule = new Schedule(options.Capacity ?? options.Platform.Capacity, options.Seed, options.Expected, options.Time);
        _planned = options.Plan.Tests.Where(t => t.Skip is null).ToDictionary(t => t.Case.Id);
        _templates = new TemplateSet(options, _schedule, _stop.Token, _kill.Token);
        _order = options.Order.Select((id, at) => (id, at)).ToDictionary();
        _repeated = Parity.Draw([.. options.Plan.ToRun.Where(_templates.IsFor).Select(t => t.Id)], options.Parity, options.Seed);
    }

    /// <summary>The one session of this process. Test frameworks make test objects themselves, so it cannot be handed to them.</summary>
    public static Session? Current { get; private set; }

    /// <summary>Why the run was stopped before its plan was worked off; null while it was not.</summary>
    public string? Stopped { get; private set; }

    /// <summary>How often each planned test is to be run by whoever runs its code: 1, but in a stress run.</summary>
    public int Repetitions => Math.Max(1, _options.Stress);

    /// <summary>How many machines may run at once.</summary>
    internal int MostMachines => (_options.Capacity ?? _options.Platform.Capacity).Machines;

    /// <summary>Makes this the process's session until the returned object is disposed.</summary>
    public IDisposable MakeCurrent()
    {
        if (Current is not null)
            throw new InvalidOperationException("There is a session already.");
        Current = this;
        return new Turn(() => Current = null);
    }

    /// <summary>Ends the run: no further turn is given, running tests end as not run, their artifacts are still collected.</summary>
    /// <param name="why"><c>interrupted</c>, <c>timeout</c>, or a message.</param>
    public void Stop(string why)
    {
        Stopped ??= why;
        _stop.Cancel();
    }

    /// <summary>As <see cref="Stop"/>, and nothing more is collected: machines are taken away at once.</summary>
    public void Kill(string why)
    {
        Stop(why);
        _kill.Cancel();
    }

    /// <summary>
    /// Runs one planned test from its turn to its verdict, and again while it does not pass and retries are left; in a stress run once more each
    /// time it is called.
    /// </summary>
    /// <param name="test">Id of a planned test.</param>
    /// <param name="body">
    /// The test's code, given its machines; called once an attempt. Abandoned when it does not end after the test was ended.
    /// </param>
    /// <param name="code">What its framework knows of the test's code.</param>
    /// <returns>How its last attempt ended; null when it never got its turn.</returns>
    public async Task<TestEnded?> RunAsync(string test, Func<LabMachines, Task> body, TestCode code)
    {
        TestCase planned = _planned[test].Case;
        int number = NumberOf(test);
        WorkItem item = InOrder(_options.Expected.Of(planned, _templates.GetReady(planned, code)));
        long asking = _options.Time.GetTimestamp();
        // Templates are made in turns of their own, before those of the tests that wait for them: who waits holds nothing.
        Task<Turn> asked = _schedule.TakeTurnAsync(number == 1 ? item : item with { Id = $"{item.Id}#{number}" }, _stop.Token);
        NoteAsked(test);
        try
        {
            using Turn turn = await asked;
            var waited = (_options.Time.GetElapsedTime(asking).TotalSeconds, turn.After is { } after ? NameOf(after) : null);
            (TestEnded ended, IReadOnlyList<string> templates) = await AttemptAsync(planned, number, _options, body, code, _templates, waited);
            if (templates.Count > 0 && number == 1 && _repeated.Contains(test))
                ended = await RepeatAsync(planned, ended, templates, body, code);
            _options.Emit(ended);
            if (_options.Stress == 0)
                ended = await RetryAsync(planned, ended, body, code);
            StopAfter(ended);
            return ended;
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return null;
        }
    }

    // What stands earlier is worth more than all it may cost, and so is the template it waits for.
    private WorkItem InOrder(WorkItem item) => _order.TryGetValue(item.Id, out int at) ? item with { Seconds = 1e6 / (1 + at) } : item;

    // What a policy knows of is no reason to end a run early; a fault that is not there in one machine is in none.
    private void StopAfter(TestEnded ended)
    {
        if (_options.FailFast && ended.Outcome == Outcome.Failed && _planned[ended.Test].Known is null)
            Stop($"{ended.Test} failed");
        else if (_options.Fault is { } fault && ended.Evidence?.Sign == Signal.Fault.Word())
            Stop($"fault {fault.Id} could not be injected, or has no effect");
    }

    // In the turn the test has, and on machines booted for it: a copy of what may have been the reason would only repeat it.
    private async Task<TestEnded> RetryAsync(TestCase planned, TestEnded ended, Func<LabMachines, Task> body, TestCode code)
    {
        for (int number = 2; number <= 1 + _options.Retries && ended.Outcome is Outcome.Failed or Outcome.Broken && !_stop.IsCancellationRequested; number++)
        {
            (ended, _) = await AttemptAsync(planned, number, _options, body, code, templates: null, default);
            _options.Emit(ended);
        }

        return ended;
    }

    private int NumberOf(string test)
    {
        lock (_repetitions)
            return _repetitions[test] = _repetitions.GetValueOrDefault(test) + 1;
    }

    private string NameOf(string work) => _planned.ContainsKey(work.Split('#')[0]) ? work : Aside.OfTemplate(work);

    /// <summary>Records that the framework ended a planned test without running it: its fixture could not be made, say.</summary>
    /// <param name="test">Id of a planned test; nothing happens when it has run.</param>
    /// <param name="message">What the framework says.</param>
    public void EndUnrun(string test, string message)
    {
        if (!_planned.ContainsKey(test) || !NoteAsked(test))
            return;
        var ended = new TestEnded { At = _options.Time.GetUtcNow(), Test = test, Attempt = 1, Outcome = Outcome.Failed, Message = $"{test}: its code could not be run\n  got:     {message}", Evidence = new Evidence { Sign = "code" }, ElapsedSeconds = 0 };
        _options.Emit(ended);
        StopAfter(ended);
    }

    /// <summary>
    /// Ends when nothing of the run is on its way any more. Called when all tests have ended, and before the run is recorded as ended: tests that never
    /// got their turn leave the machine behind that was to become their template.
    /// </summary>
    public Task SettleAsync() => _templates.SettleAsync();

    private bool NoteAsked(string test)
    {
        bool first, all;
        lock (_asked)
        {
            first = _asked.Add(test);
            all = _asked.Count == _planned.Count;
            _gathering ??= _options.Time.CreateTimer(_ => _schedule.Open(), null, s_longestGathering, Timeout.InfiniteTimeSpan);
        }

        if (all)
            _schedule.Open();
        return first;
    }

    // In the turn the test has: it needs the same again.
    private async Task<TestEnded> RepeatAsync(TestCase planned, TestEnded copied, IReadOnlyList<string> templates, Func<LabMachines, Task> body, TestCode code)
    {
        if (copied.Outcome is not (Outcome.Passed or Outcome.Failed) || _stop.IsCancellationRequested)
            return copied;
        TestCase again = planned with { Id = Aside.OfRepeated(planned.Id) };
        // It is no attempt of the test: its machines and findings are on record, under a name of their own, and its end only as a comparison.
        SessionOptions aside = _options with { Keep = false, Emit = happened => EmitUnless<TestStarted>(happened) };
        (TestEnded cold, _) = await AttemptAsync(again, 1, aside, body, code, templates: null, default);
        ParityChecked parity = Parity.Compare(copied, cold, templates);
        _options.Emit(parity);
        if (parity.Disagrees)
        {
            foreach (string template in templates)
                await _templates.CondemnAsync(template, $"{planned.Id} ended as {parity.Cloned.Word()} on copies and as {parity.Cold.Word()} on machines booted cold");
        }

        return Parity.Judge(copied, parity, copied.ElapsedSeconds + cold.ElapsedSeconds);
    }

    private void EmitUnless<T>(RunEvent happened)
    {
        if (happened is not T)
            _options.Emit(happened);
    }

    [SuppressMessage("Design", "CA1031", Justification = "A fault of the harness must show as what it is: it is no result of the test, and must not vanish in a framework.")]
    private async Task<(TestEnded Ended, IReadOnlyList<string> Templates)> AttemptAsync(
        TestCase test, int number, SessionOptions options, Func<LabMachines, Task> body, TestCode code, TemplateSet? templates, (double, string?) waited)
    {
        long start = _options.Time.GetTimestamp();
        try
        {
            var attempt = new Attempt(test, number, options, code, templates) { Waited = waited };
            return (await attempt.RunAsync(body, _stop.Token, _kill.Token), attempt.Templates);
        }
        catch (Exception fault)
        {
            (string what, Signal sign) = fault is PlatformException place
                ? (place.Message, place.Signal)
                : ($"{test.Id}: the harness itself failed: {fault.GetType().Name}: {fault.Message}", Signal.Harness);
            return (new TestEnded
            {
                At = _options.Time.GetUtcNow(),
                Test = test.Id,
                Attempt = number,
                Outcome = Outcome.Broken,
                Message = what,
                Trace = fault.StackTrace,
                Evidence = new Evidence { Sign = sign.Word() },
                ElapsedSeconds = _options.Time.GetElapsedTime(start).TotalSeconds,
            }, []);
        }
    }

    /// <summary>Frees what the session itself holds.</summary>
    public void Dispose()
    {
        _gathering?.Dispose();
        _stop.Dispose();
        _kill.Dispose();
    }
}
