using Kola.Fake;
using Kola.Machines;
using Kola.Reporting;

namespace Kola.Tests.Running;

/// <summary>Tests that run more than once: retries, which are on record, and stress, which takes nothing back.</summary>
[NonParallelizable] // there is one session a process
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RetryTests
{
    private readonly FakeRun _run = new();

    [TearDown]
    public void RemoveDirectory() => _run.Dispose();

    [Test]
    public async Task A_pass_on_a_retry_is_flaky_and_both_attempts_are_on_record()
    {
        _run.With = options => options with { Retries = 2 };
        Report report = await RunAsync(RunTests.Guest(), "sample.flaky", "sample.passes");
        TestReport flaky = report.Tests.Single(t => t.Id == "sample.flaky");
        Assert.That(flaky.Outcome, Is.EqualTo(Outcome.Flaky), flaky.Message);
        Assert.That(flaky.Message, Does.Contain("only the second attempt passes"));
        Assert.That(flaky.Attempts.Select(a => a.Outcome), Is.EqualTo(new[] { Outcome.Failed, Outcome.Passed }));
        Assert.That(flaky.Attempts.Select(a => a.Machines.Single().Directory), Is.EqualTo(new[] { "sample.flaky/machine", "sample.flaky/attempt-2/machine" }));
        Assert.That(flaky.Evidence, Is.EqualTo(new Evidence { Sign = "assertion", Event = flaky.Evidence!.Event }));
        Assert.That(_run.Events.ElementAt(flaky.Evidence.Event!.Value - 1), Is.TypeOf<TestEnded>().With.Property("Attempt").EqualTo(1));
        Assert.That(report.Tests.Single(t => t.Id == "sample.passes").Attempts, Has.Count.EqualTo(1), "what passes is not run again");
        Assert.That(report.ExitCode, Is.Zero, "without a policy a flaky test is no failure");
    }

    [Test]
    public async Task Retries_run_on_machines_booted_for_them()
    {
        _run.With = options => options with { Retries = 1 };
        TestReport test = (await RunAsync(RunTests.Guest(), "sample.fails.command")).Tests.Single();
        Assert.That(test.Outcome, Is.EqualTo(Outcome.Failed));
        Assert.That(test.Attempts.Select(a => a.Machines.Single().Template is null), Is.EqualTo(new[] { false, true }));
    }

    [Test]
    public async Task Without_retries_the_first_failure_stands()
    {
        TestReport test = (await RunAsync(RunTests.Guest(), "sample.flaky")).Tests.Single();
        Assert.That((test.Outcome, test.Attempts.Count), Is.EqualTo((Outcome.Failed, 1)));
    }

    [Test]
    public async Task What_is_skipped_is_not_tried_again()
    {
        _run.With = options => options with { Retries = 3 };
        TestReport test = (await RunAsync(RunTests.Guest(), "sample.skips")).Tests.Single();
        Assert.That((test.Outcome, test.Attempts.Count), Is.EqualTo((Outcome.Skipped, 1)));
    }

    [Test]
    public async Task A_machine_that_is_lost_once_makes_its_test_flaky_and_says_by_what()
    {
        int started = 0;
        _run.With = options => options with { Retries = 1, Cold = true };
        await using var platform = new FakePlatform(
            new FakeOptions
            {
                GuestFor = _ => Interlocked.Increment(ref started) == 1
                    ? RunTests.Guest() with { End = new FakeEnd(TimeSpan.FromSeconds(1), new InstanceExit(true, "killed by signal 9") { Signal = Signal.HostMemory }), AnswersAfter = TimeSpan.FromSeconds(5) }
                    : RunTests.Guest(),
            },
            _run.Time);
        TestReport test = (await _run.RunAsync(platform, "sample.passes")).Tests.Single();
        Assert.That(test.Outcome, Is.EqualTo(Outcome.Flaky));
        Assert.That(test.Attempts[0].Outcome, Is.EqualTo(Outcome.Broken));
        Assert.That(test.Evidence!.Sign, Is.EqualTo("host-memory"));
        Assert.That(test.Evidence.Machine, Is.EqualTo("machine"));
    }

    [Test]
    public async Task A_stress_run_runs_each_test_as_often_as_asked_and_tells_the_rate_of_failures()
    {
        _run.With = options => options with { Stress = 9 };
        Report report = await RunAsync(RunTests.Guest(), "sample.flips", "sample.passes");
        TestReport flips = report.Tests.Single(t => t.Id == "sample.flips");
        Assert.That(flips.Attempts.Select(a => a.Number), Is.EqualTo(Enumerable.Range(1, 9)));
        Assert.That(flips.Stress, Is.EqualTo(new Rate(2, 9)));
        Assert.That(flips.Outcome, Is.EqualTo(Outcome.Failed));
        Assert.That(flips.Message, Does.StartWith("sample.flips: failed 2 of 9, 22 % (95 %: 6.3–55 %)"));
        TestReport passes = report.Tests.Single(t => t.Id == "sample.passes");
        Assert.That((passes.Outcome, passes.Stress), Is.EqualTo((Outcome.Passed, (Rate?)new Rate(0, 9))));
        Assert.That(report.ExitCode, Is.EqualTo(1));
    }

    [Test]
    public async Task Repetitions_run_beside_each_other_as_far_as_there_are_machines()
    {
        _run.With = options => options with { Stress = 6, Cold = true };
        await using var platform = new FakePlatform(new FakeOptions { Guest = RunTests.Guest() with { AnswersAfter = TimeSpan.FromSeconds(20) }, Capacity = new() { Machines = 3, MemoryMiB = 99_999, Cpus = 9 } }, _run.Time);
        AttemptReport[] attempts = [.. (await _run.RunAsync(platform, "sample.passes")).Tests.Single().Attempts];
        Assert.That(attempts.Select(a => a.Outcome), Is.All.EqualTo(Outcome.Passed));
        int together = attempts.Max(a => attempts.Count(b => b.Started <= a.Started && b.Started!.Value.AddSeconds(b.ElapsedSeconds) > a.Started));
        Assert.That(together, Is.EqualTo(3));
        Assert.That(attempts.Count(a => a.WaitedFor is not null), Is.EqualTo(3), "the others waited for the end of one of them");
        Assert.That(attempts.Where(a => a.WaitedFor is not null).Select(a => a.WaitedFor!.Split('#')[0]), Is.All.EqualTo("sample.passes"));
        Assert.That(attempts.Where(a => a.WaitedFor is not null).Select(a => a.WaitedSeconds), Is.All.GreaterThan(10));
    }

    [Test]
    public async Task A_stress_run_that_is_stopped_did_not_run_its_tests()
    {
        _run.With = options => options with { Stress = 500 };
        _run.When = happened => happened is TestEnded { Attempt: 3 };
        _run.Then = session => session.Stop("interrupted");
        Report report = await RunAsync(RunTests.Guest(), "sample.passes");
        Assert.That(report.Tests.Single().Outcome, Is.EqualTo(Outcome.NotRun));
        Assert.That(report.ExitCode, Is.EqualTo(3));
    }

    private async Task<Report> RunAsync(FakeGuest guest, params string[] tests)
    {
        await using var platform = new FakePlatform(new FakeOptions { Guest = guest }, _run.Time);
        return await _run.RunAsync(platform, tests);
    }
}
