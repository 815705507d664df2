using System.Text.RegularExpressions;
using Kola.Fake;
using Kola.Machines;
using Kola.Reporting;

namespace Kola.Tests.Running;

/// <summary>Runs whose machines have a fault on purpose, and runs that end with the first test that fails.</summary>
[NonParallelizable] // there is one session a process
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed partial class FaultRunTests
{
    private readonly FakeRun _run = new();

    [TearDown]
    public void RemoveDirectory() => _run.Dispose();

    [Test]
    public async Task Machines_are_copies_of_a_template_with_the_fault_which_is_forgotten()
    {
        await using FakePlatform platform = Platform();
        Report report = await RunAsync(platform, "sample.seen", "mutated.sees", "mutated.blind");
        Assert.That(Outcomes(report), Is.EqualTo(new[] { ("mutated.blind", Outcome.Passed), ("mutated.sees", Outcome.Failed) }));
        Assert.That(report.Templates!.Made, Has.Count.EqualTo(2), "the ready machine, and from there one with the fault");
        string faulty = report.Templates.Made[^1].Template;
        Assert.That(report.Tests.SelectMany(t => t.Attempts).SelectMany(a => a.Machines).Select(m => m.Template), Is.All.EqualTo(faulty));
        Assert.That(await platform.Templates!.FindAsync(faulty, CancellationToken.None), Is.Null);
        await using ITemplate? well = await platform.Templates.FindAsync(report.Templates.Made[0].Template, CancellationToken.None);
        Assert.That(well, Is.Not.Null);
    }

    [Test]
    public async Task A_fault_comes_after_the_preparation_of_a_machine()
    {
        await using FakePlatform platform = Platform();
        Report report = await RunAsync(platform, "sample.unseen", "mutated.prepared", "mutated.prepared.too");
        Assert.That(report.Tests.Select(t => t.Outcome), Is.All.EqualTo(Outcome.Passed), report.Tests[0].Message);
        Assert.That(report.Templates!.Made, Has.Count.EqualTo(3));
        Assert.That(report.Problems, Has.Some.Contains("had the fault sample.unseen on purpose"));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_fault_comes_after_what_machines_were_prepared_with_together(bool cold)
    {
        await using FakePlatform platform = Platform();
        _run.With = options => options with { Cold = cold };
        Report report = await RunAsync(platform, "sample.unmet", "sample.together");
        Assert.That((report.Tests.Single().Outcome, report.Tests.Single().Message), Is.EqualTo((Outcome.Failed, report.Tests.Single().Message)));
        Assert.That(report.Tests.Single().Message, Does.Contain("who are you?"));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task What_only_one_test_would_copy_or_is_booted_is_made_wrong_for_it(bool cold)
    {
        await using FakePlatform platform = Platform();
        _run.With = options => options with { Cold = cold };
        Report report = await RunAsync(platform, "sample.seen", "mutated.sees");
        Assert.That(report.Tests.Single().Outcome, Is.EqualTo(Outcome.Failed), report.Tests.Single().Message);
        Assert.That(report.Templates?.Made.Count ?? 0, Is.EqualTo(cold ? 0 : 1));
    }

    [Test]
    public async Task A_machine_that_is_not_well_with_the_fault_is_noticed_by_its_test()
    {
        await using FakePlatform platform = Platform();
        Report report = await RunAsync(platform, "sample.degrades", "mutated.sees", "mutated.blind");
        Assert.That(report.Tests.Select(t => t.Outcome), Is.All.EqualTo(Outcome.Failed));
        Assert.That(report.Tests[0].Message, Does.StartWith("machine: the system settled as \"degraded\" after what was done to it"));
        Assert.That((report.Templates!.Made.Count, report.Templates.Dropped.Count), Is.EqualTo((1, 1)));
    }

    [TestCase("sample.nothing", "fault sample.nothing could not be injected, or has no effect\n  wanted:  nothing is wrong, and that is seen\n  got:")]
    [TestCase("sample.kills", "the fake emulator was told to die")]
    public async Task A_fault_that_cannot_be_injected_is_noticed_by_nobody(string fault, string message)
    {
        await using FakePlatform platform = Platform();
        Report report = await RunAsync(platform, fault, "mutated.sees", "mutated.blind");
        Assert.That(report.Tests.Select(t => t.Outcome), Is.All.AnyOf(Outcome.Broken, Outcome.NotRun));
        Assert.That(report.Tests.First(t => t.Outcome == Outcome.Broken).Message, Does.Contain(message));
    }

    [Test]
    public async Task A_run_that_is_to_fail_fast_ends_with_the_first_that_failed()
    {
        await using var platform = new FakePlatform(new FakeOptions { Guest = RunTests.Guest(), Capacity = new() { Machines = 1, MemoryMiB = 4096, Cpus = 8 } }, _run.Time);
        _run.With = options => options with { FailFast = true, Order = ["sample.leaks", "sample.fails.command", "sample.passes"] };
        Report report = await _run.RunAsync(platform, "sample.passes", "sample.leaks", "sample.fails.command");
        Assert.That(Outcomes(report), Is.EqualTo(new[] { ("sample.fails.command", Outcome.Failed), ("sample.leaks", Outcome.Passed), ("sample.passes", Outcome.NotRun) }));
        Assert.That((report.Stopped, report.ExitCode), Is.EqualTo(("sample.fails.command failed", 1)));
    }

    private static IEnumerable<(string, Outcome)> Outcomes(Report report) => report.Tests.Select(test => (test.Id, test.Outcome));

    private async Task<Report> RunAsync(FakePlatform platform, string fault, params string[] tests)
    {
        Fault injected = new Faults([typeof(Samples.MutatedTests)]).All.First(f => f.Id == fault);
        Func<Kola.Running.SessionOptions, Kola.Running.SessionOptions> with = _run.With;
        _run.With = options => with(options) with { Fault = injected };
        Report report = await _run.RunAsync(platform, tests);
        Assert.That(platform.Instances, Is.Empty, "machines left behind");
        Assert.That(platform.HeldTemplates, Is.Zero, "templates held for ever");
        return report.Run is null ? report : Report.Of(_run.Events.Select(happened => happened is RunStarted started ? started with { Fault = fault } : happened));
    }

    private FakePlatform Platform() => new(new FakeOptions { Guest = Guest() }, _run.Time);

    /// <summary>One that is degraded once it has been made so, and dies when it is told to.</summary>
    internal static FakeGuest Guest() => new()
    {
        Answers =
        [
            new FakeAnswer { Command = Killed(), Effect = FakeEffect.Dies },
            new FakeAnswer { Command = Readiness(), Make = call => new FakeReply($"state={(call.Machine.Files.ContainsKey("/etc/degraded") ? "degraded" : "running")}\nid=flatcar\nversion={call.Machine.Version}\nboot={call.Machine.BootId}\n") },
        ],
    };

    // kill the emulator
    [GeneratedRegex("^kill the emulator$")]
    private static partial Regex Killed();

    // state=$(systemctl is-system-running --wait 2>/dev/null); …; echo "state=$state"; …
    [GeneratedRegex("""echo "?state=\$state""")]
    private static partial Regex Readiness();
}
