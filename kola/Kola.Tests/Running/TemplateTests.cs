using System.Globalization;
using System.Text.RegularExpressions;
using Kola.Fake;
using Kola.Machines;
using Kola.Reporting;

namespace Kola.Tests.Running;

/// <summary>Machines that are copies: made once, shared, and no fault of theirs is ever a test's.</summary>
[NonParallelizable] // there is one session a process
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class TemplateTests
{
    private readonly FakeRun _run = new();

    [TearDown]
    public void RemoveDirectory() => _run.Dispose();

    [Test]
    public async Task A_template_is_made_once_and_shared()
    {
        await using FakePlatform platform = Platform();
        Report report = await RunAsync(platform, "sample.passes", "sample.fails.command", "sample.leaks");
        Assert.That(report.Tests.Select(t => t.Outcome), Is.EqualTo(new[] { Outcome.Failed, Outcome.Passed, Outcome.Passed }));
        Assert.That(report.Problems, Is.Empty);
        TemplateMade made = report.Templates!.Made.Single();
        Assert.That(report.Tests.SelectMany(t => t.Attempts).SelectMany(a => a.Machines).Select(m => m.Template), Is.All.EqualTo(made.Template));
        Assert.That(platform.Started, Is.EqualTo(4));
        Assert.That(Directory.GetFiles(Path.Combine(_run.Directory, made.Directory)).Select(Path.GetFileName), Is.SupersetOf(new[] { "console.txt", "journal.txt", "ignition.json", "ssh.log" }));
        Assert.That(File.ReadAllText(Path.Combine(_run.Directory, made.Directory, "ignition.json")), Does.Not.Contain("@kola-public-key@").And.Contain("ssh-ed25519 AAAA"));
    }

    [Test]
    public async Task A_template_of_an_earlier_run_is_used_again()
    {
        await using FakePlatform platform = Platform();
        using (var earlier = new FakeRun(_run.Time))
            await earlier.RunAsync(platform, "sample.passes");
        Report report = await RunAsync(platform, "sample.passes");
        Assert.That((report.Templates!.Made.Count, report.Templates.Reused), Is.EqualTo((0, 1)));
        Assert.That(SummaryReport.Render(report, null), Does.Contain("templates: none made, 1 reused; parity: 0 tests of 1 checked; seed 0"));
    }

    [Test]
    public async Task Machines_of_one_test_are_copies_on_one_segment()
    {
        await using FakePlatform platform = Platform();
        Report report = await RunAsync(platform, "sample.two");
        Assert.That(report.Tests.Single().Outcome, Is.EqualTo(Outcome.Passed), report.Tests.Single().Message);
        Assert.That(report.Templates!.Made, Has.Count.EqualTo(1));
        Assert.That(File.ReadAllText(Path.Combine(_run.Directory, "sample.two", "hub", "ignition.json")), Does.Contain("10-kola-private.network"));
    }

    [TestCase(false, 2)]
    [TestCase(true, 0)]
    public async Task A_preparation_is_behind_a_machine_whether_it_is_a_copy_or_not(bool cold, int templates)
    {
        await using FakePlatform platform = Platform();
        _run.With = options => options with { Cold = cold };
        Report report = await RunAsync(platform, "sample.prepared", "sample.prepared.again");
        Assert.That(report.Tests.Select(t => t.Outcome), Is.All.EqualTo(Outcome.Passed));
        // The ready machine, and from there the prepared one.
        Assert.That(report.Templates?.Made.Count ?? 0, Is.EqualTo(templates));
        Assert.That(platform.Started, Is.EqualTo(templates + 2));
    }

    [Test]
    public async Task A_preparation_that_fails_shows_in_the_tests_that_ask_for_it_and_nowhere_else()
    {
        await using FakePlatform platform = Platform();
        Report report = await RunAsync(platform, "sample.prepared.badly", "sample.passes");
        Assert.That(report.Tests.Single(t => t.Id == "sample.passes").Outcome, Is.EqualTo(Outcome.Passed));
        TestReport badly = report.Tests.Single(t => t.Id == "sample.prepared.badly");
        Assert.That((badly.Outcome, badly.Message), Is.EqualTo((Outcome.Failed, badly.Message)));
        Assert.That(badly.Message, Does.Contain("goodbye"));
        Assert.That(report.Templates!.Dropped.Single().Why, Does.Contain("preparation \"failing\" failed"));
    }

    [TestCase(false, 4)]
    [TestCase(true, 0)]
    public async Task Machines_that_begin_together_do_whether_they_are_copies_or_not(bool cold, int templates)
    {
        await using FakePlatform platform = Platform();
        _run.With = options => options with { Cold = cold };
        Report report = await RunAsync(platform, "sample.together", "sample.together.again");
        Assert.That(report.Tests.Select(t => (t.Outcome, t.Message)), Is.All.EqualTo((Outcome.Passed, (string?)null)));
        // A ready machine of each shape, and from there the two that were frozen together.
        Assert.That(report.Templates?.Made.Count ?? 0, Is.EqualTo(templates));
        Assert.That(report.Problems, Is.Empty);
        if (cold)
            return;
        TemplateMade[] together = [.. report.Templates!.Made.TakeLast(2)];
        Assert.That(together.Select(made => made.Together), Is.All.Not.Null.And.All.EqualTo(together[0].Together));
        Assert.That(together.Select(made => made.Directory), Is.EqualTo(new[] { "hub", "spoke" }.Select(role => $"templates/{together[0].Template[..12]}/{role}")));
        Assert.That(File.Exists(Path.Combine(_run.Directory, together[1].Directory, "ssh.log")), Is.True);
        string[] copied = [.. report.Tests.SelectMany(t => t.Attempts).SelectMany(a => a.Machines).Select(m => m.Template!)];
        Assert.That(copied.Distinct().Count(), Is.EqualTo(2));
        Assert.That(platform.Started, Is.EqualTo(2 + 2 + 4));
    }

    [Test]
    public async Task Machines_that_begin_together_are_used_again_by_a_later_run_or_not_at_all()
    {
        await using FakePlatform platform = Platform();
        string[] made;
        using (var earlier = new FakeRun(_run.Time))
            made = [.. (await earlier.RunAsync(platform, "sample.together")).Templates!.Made.Select(t => t.Template).TakeLast(2)];
        Report again = await RunAsync(platform, "sample.together");
        Assert.That((again.Templates!.Made.Count, again.Templates.Reused), Is.EqualTo((0, 2)));

        // One without the others is no cluster.
        await platform.Templates!.ForgetAsync(made[0]);
        using var later = new FakeRun(_run.Time);
        Report anew = await later.RunAsync(platform, "sample.together");
        Assert.That(anew.Tests.Single().Outcome, Is.EqualTo(Outcome.Passed), anew.Tests.Single().Message);
        Assert.That(anew.Templates!.Made.Select(t => t.Template), Is.EquivalentTo(made));
    }

    [Test]
    public async Task Machines_that_cannot_begin_together_fail_their_tests_and_no_others()
    {
        await using FakePlatform platform = Platform();
        Report report = await RunAsync(platform, "sample.together.badly", "sample.together");
        Assert.That(report.Tests.Single(t => t.Id == "sample.together").Outcome, Is.EqualTo(Outcome.Passed));
        TestReport badly = report.Tests.Single(t => t.Id == "sample.together.badly");
        Assert.That((badly.Outcome, badly.Message), Is.EqualTo((Outcome.Failed, badly.Message)));
        Assert.That(badly.Message, Does.Contain("goodbye"));
        Assert.That(report.Templates!.Dropped.Select(d => d.Why).ToArray(), Has.Length.EqualTo(2).And.All.Contains("preparation \"failing-pair\" failed"));
    }

    [Test]
    public async Task Tests_that_look_at_a_first_boot_get_one()
    {
        await using FakePlatform platform = Platform();
        Report report = await RunAsync(platform, "sample.fresh");
        Assert.That(report.Tests.Single().Outcome, Is.EqualTo(Outcome.Passed));
        Assert.That(report.Templates, Is.Null);
    }

    [Test]
    public async Task A_cold_run_knows_no_templates()
    {
        await using FakePlatform platform = Platform();
        _run.With = options => options with { Cold = true, Parity = 1 };
        Report report = await RunAsync(platform, "sample.passes");
        Assert.That(report.Tests.Single().Outcome, Is.EqualTo(Outcome.Passed));
        Assert.That((report.Templates, platform.Started), Is.EqualTo(((TemplatesReport?)null, 1)));
    }

    private static readonly TestCaseData[] s_bad =
    [
        new TestCaseData(Well() with { FailedUnits = ["foo.service"], State = "degraded" }, "unit foo.service failed") { TestName = "unsettled" },
        new TestCaseData(Well() with { Journal = [new("systemd[1]: Failed to start broken.service.")] }, "unit-failed") { TestName = "finding in the journal" },
        new TestCaseData(Well() with { Console = [new("Kernel panic - not syncing: no reason", TimeSpan.FromSeconds(1))], AnswersAfter = TimeSpan.FromSeconds(5) }, "kernel panicked") { TestName = "panic" },
        new TestCaseData(Well() with { AnswersAfter = TimeSpan.FromSeconds(5), End = new FakeEnd(TimeSpan.FromSeconds(1), new InstanceExit(true, "killed by signal 9")) }, "signal 9") { TestName = "death" },
        new TestCaseData(Well() with { StartFailure = "no memory left" }, "no memory left") { TestName = "no start" },
        new TestCaseData(Well() with { FreezeFailure = "no room for RAM" }, "no room for RAM") { TestName = "no freezing" },
        new TestCaseData(Well() with { AnswersAfter = null }, "not ready") { TestName = "no answer" },
    ];

    [TestCaseSource(nameof(s_bad))]
    public async Task A_machine_that_is_not_well_becomes_no_template_and_its_tests_boot(FakeGuest template, string why)
    {
        await using FakePlatform platform = Platform(spec => IsTemplate(spec) ? template : Well());
        Report report = await RunAsync(platform, "sample.passes", "sample.leaks");
        Assert.That(report.Tests.Select(t => (t.Outcome, t.Message)), Is.All.EqualTo((Outcome.Passed, (string?)null)));
        Assert.That(report.Templates!.Dropped.Single().Why, Does.Contain(why));
        Assert.That((report.Templates.Made.Count, report.Templates.Tests), Is.EqualTo((0, 0)));
    }

    private static readonly TestCaseData[] s_badCopies =
    [
        new TestCaseData(Well() with { CloneFailure = "the memory file is torn" }, "the memory file is torn") { TestName = "no copy" },
        new TestCaseData(Well() with { NeverWakes = true }, "does not answer") { TestName = "no waking" },
        new TestCaseData(Well() with { AsCopy = Well() with { Console = [new("Kernel panic - not syncing: no reason", TimeSpan.FromSeconds(1))], AnswersAfter = TimeSpan.FromSeconds(5) } }, "kernel panicked") { TestName = "panic of a copy" },
        new TestCaseData(Well() with { AsCopy = Well() with { AnswersAfter = TimeSpan.FromSeconds(5), End = new FakeEnd(TimeSpan.FromSeconds(1), new InstanceExit(true, "killed by signal 9")) } }, "signal 9") { TestName = "death of a copy" },
    ];

    [TestCaseSource(nameof(s_badCopies))]
    public async Task A_copy_that_does_not_wake_up_costs_no_verdict(FakeGuest guest, string why)
    {
        await using FakePlatform platform = Platform(_ => guest);
        Report report = await RunAsync(platform, "sample.passes", "sample.leaks");
        Assert.That(report.Tests.Select(t => (t.Outcome, t.Message)), Is.All.EqualTo((Outcome.Passed, (string?)null)));
        Assert.That(report.Templates!.Dropped.Single().Why, Does.Contain(why));
        Assert.That(report.Problems, Is.Empty);
        Assert.That(report.Tests[0].Attempts[0].Machines[^1].Template, Is.Null);
        Assert.That(await platform.Templates!.FindAsync(report.Templates.Dropped[0].Template, CancellationToken.None), Is.Null, "no other run is to have it");
    }

    [Test]
    public async Task A_clock_that_was_set_late_is_set_again()
    {
        // What sets it is started seconds after it is told the time, each time as many.
        var told = new List<(DateTimeOffset At, double Time)>();
        await using FakePlatform platform = Platform(_ => Well() with { AsCopy = RunTests.Guest() with { Answers = [Clock(told, TimeSpan.FromSeconds(3))] } });
        Report report = await RunAsync(platform, "sample.passes");
        Assert.That(report.Tests.Single().Outcome, Is.EqualTo(Outcome.Passed), report.Tests.Single().Message);
        // The clock goes on while a command is on its way.
        double[] ahead = [.. told.Select(clock => clock.Time - clock.At.ToUnixTimeMilliseconds() / 1000.0)];
        Assert.That(ahead, Has.Length.GreaterThanOrEqualTo(3));
        Assert.That((double[])[ahead[0], ahead[1], ahead[2]], Is.EqualTo(new[] { 0.0, 0.0, 3.0 }).Within(1), "ahead by");
        Assert.That(File.ReadAllText(Path.Combine(_run.Directory, "sample.passes", "machine", "ssh.log")), Does.Contain("set_clock"));
    }

    [Test]
    public async Task A_clock_that_is_never_right_is_set_five_times_and_left()
    {
        await using FakePlatform platform = Platform(_ => Well() with { AsCopy = RunTests.Guest() with { Answers = [Clock([], TimeSpan.Zero) with { Reply = new FakeReply("0.5\n"), Make = null }] } });
        Report report = await RunAsync(platform, "sample.passes");
        Assert.That(report.Tests.Single().Outcome, Is.EqualTo(Outcome.Passed), report.Tests.Single().Message);
        Assert.That(ClockSettings(), Is.EqualTo(5));
    }

    [Test]
    public async Task A_clock_that_cannot_be_told_is_set_once()
    {
        await using FakePlatform platform = Platform(_ => Well() with { AsCopy = RunTests.Guest() with { Answers = [Clock([], TimeSpan.FromSeconds(3)) with { Reply = new FakeReply("\n"), Make = null }] } });
        Report report = await RunAsync(platform, "sample.passes");
        Assert.That(report.Tests.Single().Outcome, Is.EqualTo(Outcome.Passed), report.Tests.Single().Message);
        Assert.That(ClockSettings(), Is.EqualTo(1));
    }

    [Test]
    public async Task A_copy_that_dies_during_its_test_is_broken()
    {
        await using FakePlatform platform = Platform(_ => Well() with { AsCopy = RunTests.Guest() with { End = new FakeEnd(TimeSpan.FromSeconds(5), new InstanceExit(true, "killed by signal 9")) } });
        Report report = await RunAsync(platform, "sample.hangs.command");
        Assert.That(report.Tests.Single().Outcome, Is.EqualTo(Outcome.Broken));
        Assert.That(report.Tests.Single().Message, Does.Contain("killed by signal 9"));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_run_that_is_stopped_while_a_template_is_made_leaves_nothing(bool kill)
    {
        await using FakePlatform platform = Platform(_ => Well() with { AnswersAfter = TimeSpan.FromSeconds(30) });
        _run.When = happened => happened is MachineStarted;
        _run.Then = session => (kill ? (Action<string>)session.Kill : session.Stop)("interrupted");
        Report report = await RunAsync(platform, "sample.passes", "sample.leaks");
        Assert.That(report.Tests.Select(t => t.Outcome), Is.All.EqualTo(Outcome.NotRun));
        Assert.That(_run.Events.OfType<TemplateMade>(), Is.Empty);
        Assert.That(_run.Events.OfType<MachineEnded>().Count(), Is.EqualTo(1));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_preparation_that_holds_its_thread_for_ever_is_left_behind(bool cold)
    {
        // Deadlines of some seconds; a template has a minute.
        await using var platform = new FakePlatform(new FakeOptions { Guest = RunTests.Guest(), Slowness = 0.05 }, _run.Time);
        _run.With = options => options with { Cold = cold };
        Report report = await RunAsync(platform, "sample.prepared.never");
        Assert.That(report.Tests.Single().Outcome, Is.EqualTo(Outcome.Failed));
        Assert.That(report.Tests.Single().Message, Does.Contain("did not end within"));
        Assert.That(report.Templates?.Dropped.Single().Why ?? "not frozen", Does.Contain("not frozen"));
    }

    private async Task<Report> RunAsync(FakePlatform platform, params string[] tests)
    {
        Report report = await _run.RunAsync(platform, tests);
        Assert.That(platform.Instances, Is.Empty, "machines left behind");
        Assert.That(platform.HeldTemplates, Is.Zero, "templates held for ever");
        Assert.That(report.Leftovers, Is.Empty);
        return report;
    }

    private FakePlatform Platform(Func<InstanceSpec, FakeGuest>? guest = null) => new(new FakeOptions { GuestFor = guest ?? (_ => RunTests.Guest()) }, _run.Time);

    private int ClockSettings() => File.ReadLines(Path.Combine(_run.Directory, "sample.passes", "machine", "ssh.log")).Count(line => line.Contains("set_clock", StringComparison.Ordinal));

    /// <summary>A clock that shows the time it is told this much later.</summary>
    private FakeAnswer Clock(List<(DateTimeOffset At, double Time)> told, TimeSpan late) => new()
    {
        Command = new Regex("^set_clock (?<time>.+)$"),
        Delay = late,
        Make = call =>
        {
            told.Add((_run.Time.GetUtcNow(), double.Parse(call.Match.Groups["time"].Value, CultureInfo.InvariantCulture)));
            return new FakeReply(call.Match.Groups["time"].Value + "\n");
        },
    };

    private static bool IsTemplate(InstanceSpec spec) => spec.Id.StartsWith("template/", StringComparison.Ordinal);

    private static FakeGuest Well() => new();
}
