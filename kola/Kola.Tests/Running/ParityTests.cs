using System.Text.RegularExpressions;
using Kola.Fake;
using Kola.Machines;
using Kola.Reporting;
using Kola.Running;
using Kola.Tests.Reporting;

namespace Kola.Tests.Running;

/// <summary>Whether copies are believed: tests that ran on them are repeated on machines booted cold.</summary>
[NonParallelizable] // there is one session a process
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed partial class ParityTests
{
    private readonly FakeRun _run = new() { With = options => options with { Parity = 1, Seed = 4711 } };

    [TearDown]
    public void RemoveDirectory() => _run.Dispose();

    [Test]
    public async Task Where_both_agree_the_verdict_stands()
    {
        await using FakePlatform platform = Platform(_ => RunTests.Guest());
        string[] tests = ["sample.passes", "sample.fails.assertion", "sample.fails.several", "sample.fails.part", "sample.hangs.thread", "sample.finding"];
        Report report = await RunAsync(platform, tests);
        Assert.That(report.Tests.Where(t => t.Outcome == Outcome.Passed).Select(t => t.Id), Is.EqualTo(new[] { "sample.passes" }));
        Assert.That(report.Tests.Where(t => t.Outcome == Outcome.Failed).Select(t => t.Id), Is.EquivalentTo(tests[1..]), string.Join('\n', report.Tests.Select(t => t.Message)));
        Assert.That(report.Templates!.Parity.Select(p => p.Cold), Is.EqualTo(report.Templates.Parity.Select(p => p.Cloned)));
        Assert.That(SummaryReport.Render(report, null), Does.Match("templates: 1 made in .*, 0 reused; parity: 6 tests of 6 checked, all agreed; seed 4711"));
        Assert.That(MarkdownReport.Render(report), Does.Contain("all agreed"));
        Assert.That(Path.Combine(_run.Directory, "sample.passes", "cold", "machine", "console.txt"), Does.Exist);
        // The first attempt's machines and steps are its own.
        Assert.That(report.Tests.SelectMany(t => t.Attempts).Select(a => a.Machines.Count), Is.All.EqualTo(1));
        Assert.That(report.Tests.Single(t => t.Id == "sample.fails.part").Attempts.Single().Steps, Has.Count.EqualTo(4));
    }

    [Test]
    public async Task What_was_done_to_the_network_of_the_repetition_makes_no_test_of_it()
    {
        await using FakePlatform platform = Platform(_ => new FakeGuest());
        Report report = await RunAsync(platform, "sample.network");
        Assert.That(report.Templates!.Parity.Single().Cold, Is.EqualTo(Outcome.Failed));
        Assert.That(_run.Events.OfType<NetworkChanged>().Select(e => e.Test).Distinct(), Is.EquivalentTo(new[] { "sample.network", "sample.network/cold" }));
        Assert.That(report.Tests.Single().Attempts.Single().NetworkChanges, Has.Count.EqualTo(6), "the first attempt's are its own");
    }

    [TestCase("goodbye", "hello", Outcome.Passed, Outcome.Failed)]
    [TestCase("hello", "goodbye", Outcome.Failed, Outcome.Passed)]
    public async Task Where_they_disagree_nothing_is_said_about_the_image(string cold, string copied, Outcome onCopies, Outcome onCold)
    {
        // A template is asked nothing of the kind.
        await using FakePlatform platform = Platform(_ => Saying(cold) with { AsCopy = Saying(copied) with { Console = [] } });
        Report report = await RunAsync(platform, "sample.passes");
        TestReport test = report.Tests.Single();
        Assert.That(test.Outcome, Is.EqualTo(Outcome.Broken));
        string key = report.Templates!.Made.Single().Template;
        Assert.That(test.Message, Does.StartWith($"sample.passes: {onCopies.ToString().ToLowerInvariant()} on copies, {onCold.ToString().ToLowerInvariant()} on machines booted cold"));
        Assert.That(test.Message, Does.Contain(key).And.Contain("goodbye").And.Contain("kola run sample.passes --cold"));
        Assert.That(report.Templates.Dropped.Single().Template, Is.EqualTo(key));
        Assert.That(await platform.Templates!.FindAsync(key, CancellationToken.None), Is.Null, "no other run is to have it");
        Assert.That(report.ExitCode, Is.EqualTo(3));
        Assert.That(SummaryReport.Render(report, null), Does.Contain("1 DISAGREED"));
    }

    [Test]
    public async Task A_cold_machine_that_cannot_be_had_contradicts_nobody()
    {
        await using FakePlatform platform = Platform(spec => spec.Id.Contains("/cold/", StringComparison.Ordinal) ? new FakeGuest { StartFailure = "no memory left" } : new FakeGuest());
        Report report = await RunAsync(platform, "sample.passes");
        Assert.That(report.Tests.Single().Outcome, Is.EqualTo(Outcome.Passed));
        Assert.That(report.Templates!.Parity.Single().Message, Does.StartWith("nothing is known of parity").And.Contain("no memory left"));
        Assert.That(report.Templates.Dropped, Is.Empty);
    }

    [Test]
    public async Task What_says_nothing_of_the_image_is_not_repeated()
    {
        await using FakePlatform platform = Platform(_ => new FakeGuest());
        Report report = await RunAsync(platform, "sample.broken", "sample.skips", "sample.fresh");
        Assert.That(report.Templates!.Parity, Is.Empty);
    }

    [Test]
    public void A_contradiction_on_record_is_broken_whatever_the_verdict_says()
    {
        Report report = Report.Of(new Happened().Start().Plan("cl.basic").Begin("cl.basic").Boot("cl.basic", "machine")
            .Add(at => new ParityChecked { At = at, Test = "cl.basic", Templates = ["0b5e3f6a9c21"], Cloned = Outcome.Passed, Cold = Outcome.Failed, Message = "no" })
            .End("cl.basic", Outcome.Passed).Finish().Events);
        Assert.That(report.Tests.Single().Outcome, Is.EqualTo(Outcome.Broken));
        Assert.That(report.Tests.Single().Message, Does.Contain("0b5e3f6a9c21"));
    }

    [Test]
    public void The_same_seed_draws_the_same_sample()
    {
        string[] tests = [.. Enumerable.Range(0, 31).Select(i => $"some.test{i}")];
        Assert.That(Parity.Draw(tests, 0.05, 4711), Is.EqualTo(Parity.Draw([.. tests.Reverse()], 0.05, 4711)));
        Assert.That(Parity.Draw(tests, 0, 4711), Is.Empty);
        Assert.That(Enumerable.Range(0, 50).Select(seed => Parity.Draw(tests, 1, seed).Count), Is.All.EqualTo(31));
        Assert.That(Parity.Draw([], 1, 4711), Is.Empty);
        // 0.05 · 31 = 1.55: two of them a little more often than one.
        int[] sizes = [.. Enumerable.Range(0, 1000).Select(seed => Parity.Draw(tests, 0.05, seed).Count)];
        Assert.That(sizes.Distinct(), Is.EquivalentTo(new[] { 1, 2 }));
        Assert.That(sizes.Average(), Is.EqualTo(1.55).Within(0.06));
        // Nobody is left out for ever.
        Assert.That(Enumerable.Range(0, 1000).SelectMany(seed => Parity.Draw(tests, 0.05, seed)).Distinct().Count(), Is.EqualTo(31));
    }

    private async Task<Report> RunAsync(FakePlatform platform, params string[] tests)
    {
        Report report = await _run.RunAsync(platform, tests);
        Assert.That(platform.Instances, Is.Empty, "machines left behind");
        Assert.That(report.Problems, Is.Empty, "the repetition is no test of its own");
        Assert.That(_run.Events.OfType<TestEnded>().Select(e => e.Test), Is.EquivalentTo(tests), "one end for each test");
        Assert.That(_run.Events.OfType<TestStarted>().Select(e => e.Test), Is.EquivalentTo(tests));
        return report;
    }

    private FakePlatform Platform(Func<InstanceSpec, FakeGuest> guest) => new(new FakeOptions { GuestFor = guest }, _run.Time);

    private static FakeGuest Saying(string word) => new() { Answers = [new FakeAnswer { Command = Hello(), Reply = new FakeReply(word + "\n") }] };

    [GeneratedRegex("^echo hello$")]
    private static partial Regex Hello();
}
