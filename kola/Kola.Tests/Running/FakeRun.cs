using System.Collections.Concurrent;
using Kola.Checks;
using Kola.Fake;
using Kola.Machines;
using Kola.Planning;
using Kola.Policies;
using Kola.Reporting;
using Kola.Running;
using Microsoft.Extensions.Time.Testing;

namespace Kola.Tests.Running;

/// <summary>One run of the sample suite on a fake platform, under a clock of its own.</summary>
internal sealed class FakeRun(FakeTimeProvider? time = null) : IDisposable
{
    private readonly ConcurrentQueue<RunEvent> _events = new();

    internal FakeTimeProvider Time { get; } = time ?? new FakeTimeProvider(new DateTimeOffset(2026, 11, 22, 18, 0, 0, TimeSpan.Zero));

    internal string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("kola-run-").FullName;

    internal IReadOnlyCollection<RunEvent> Events => _events;

    /// <summary>Changes the options of the session.</summary>
    internal Func<SessionOptions, SessionOptions> With { get; set; } = options => options;

    /// <summary>The policy the run is under; null for none.</summary>
    internal Policy? Policy { get; init; }

    /// <summary>Done once, when the event of <see cref="When"/> has happened.</summary>
    internal Action<Session> Then { get; set; } = _ => { };

    internal Func<RunEvent, bool> When { get; set; } = happened => happened is MachineReady;

    internal async Task<Report> RunAsync(FakePlatform platform, params string[] tests)
    {
        var suite = new NUnitSuite(typeof(Samples.SampleTests).Assembly);
        var setting = new Setting { Platform = platform.Name, Features = platform.Features, Capacity = platform.Capacity, Image = Some.Image(), Checks = CheckTable.All.Select(c => c.Id).ToHashSet(), Policy = Policy?.For(platform.Name, Some.Image()) };
        Plan plan = Plan.For(suite.Explore(), new Selection { Patterns = tests }, setting);
        SessionOptions options = With(new SessionOptions { Plan = plan, Image = Some.Image(), Platform = platform, Directory = Directory, Shown = "_kola/latest", Emit = _events.Enqueue, Identity = SshIdentity.Create(), Time = Time });
        _events.Enqueue(new RunStarted { At = Time.GetUtcNow(), Run = "r", Kola = "0", CommandLine = [], Platform = "fake", Facts = platform.Facts, Image = Some.Image(), Slowness = 1, Seed = options.Seed, Retries = options.Retries, Stress = options.Stress });
        foreach (PlannedTest test in plan.Tests)
            _events.Enqueue(new TestPlanned { At = Time.GetUtcNow(), Test = test.Case.Id, Sentence = test.Case.Sentence, SkipReason = test.Skip?.Reason, SkipRemedy = test.Skip?.Remedy, Known = test.Known, Enforced = test.Enforced });
        using var session = new Session(options);
        using (session.MakeCurrent())
        {
            Task run = RunAsync(suite, plan, session);
            await TurnTheClockAsync(run, session);
            await run;
        }

        _events.Enqueue(new RunEnded { At = Time.GetUtcNow(), Stopped = session.Stopped, ElapsedSeconds = 1 });
        return Report.Of(_events);
    }

    private static async Task RunAsync(NUnitSuite suite, Plan plan, Session session)
    {
        await Task.Factory.StartNew(() => suite.Run(plan, session), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await session.SettleAsync();
    }

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);

    // The run waits for this clock alone: turned fast, minutes pass in a second.
    private async Task TurnTheClockAsync(Task run, Session session)
    {
        bool told = false;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!run.IsCompleted)
        {
            patience.Token.ThrowIfCancellationRequested();
            if (!told && _events.Any(When))
            {
                told = true;
                Then(session);
            }

            Time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.WhenAny(run, Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, CancellationToken.None));
        }
    }
}
