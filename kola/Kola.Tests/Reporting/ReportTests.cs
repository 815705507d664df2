using Kola.Reporting;

namespace Kola.Tests.Reporting;

public sealed class ReportTests
{
    private static readonly KnownFailure Covered = new("the kernel is too old", new DateOnly(2026, 11, 22));

    private static Happened Started => new Happened().Start().Plan("cl.basic");

    private static Happened Running => Started.Begin("cl.basic").Boot("cl.basic", "machine");

    [Test]
    public void A_run_in_which_everything_passed_is_clean()
    {
        Report report = Report.Of(Happened.Clean().Events);
        Assert.That(report.Problems, Is.Empty);
        Assert.That(report.Complete, Is.True);
        Assert.That(report.ExitCode, Is.Zero);
        Assert.That(report.Tests.Single().Outcome, Is.EqualTo(Outcome.Passed));
        Assert.That(report.Tests.Single().Message, Is.Null);
        Assert.That(report.Tests.Single().Directories, Is.EqualTo(new[] { "cl.basic/machine" }));
    }

    [Test]
    public void A_run_without_an_end_is_never_green()
    {
        IReadOnlyList<RunEvent> whole = Happened.Clean().Events;
        for (int length = 0; length < whole.Count; length++)
        {
            Report report = Report.Of(whole.Take(length));
            Assert.That(report.ExitCode, Is.EqualTo(3), $"after {length} events");
            Assert.That(report.Problems, Has.Some.StartsWith("the run died"), $"after {length} events");
        }
    }

    [Test]
    public void What_is_planned_and_never_started_is_not_run()
    {
        Report report = Report.Of(Started.Plan("cl.other").Begin("cl.basic").End("cl.basic", Outcome.Passed).Finish().Events);
        Assert.That(report.Tests.Select(test => test.Outcome), Is.EqualTo(new[] { Outcome.Passed, Outcome.NotRun }));
        Assert.That(report.Tests[1].Message, Is.EqualTo("cl.other: planned and never started: the run ended without it"));
        Assert.That(report.ExitCode, Is.EqualTo(3));
    }

    [Test]
    public void What_has_started_and_never_ended_is_not_run()
    {
        Report report = Report.Of(Running.Events);
        Assert.That(report.Tests.Single().Outcome, Is.EqualTo(Outcome.NotRun));
        Assert.That(report.Tests.Single().Message, Is.EqualTo("cl.basic: started at 18:15:02 UTC and never ended: the run died"));
    }

    [Test]
    public void An_empty_plan_is_never_green()
    {
        Report report = Report.Of(new Happened().Start().Finish().Events);
        Assert.That(report.Problems, Is.EqualTo(new[] { "the plan is empty: no test was to be run" }));
        Assert.That(report.ExitCode, Is.EqualTo(3));
    }

    [Test]
    public void No_events_at_all_are_never_green()
    {
        Assert.That(Report.Of([]).ExitCode, Is.EqualTo(3));
    }

    [Test]
    public void A_run_that_skipped_everything_is_never_green()
    {
        Report report = Report.Of(new Happened().Start().Plan("cl.tpm", "no TPM", "Install swtpm.").Finish().Events);
        Assert.That(report.Tests.Single(), Has.Property("Outcome").EqualTo(Outcome.Skipped).And.Property("Message").EqualTo("no TPM").And.Property("Remedy").EqualTo("Install swtpm."));
        Assert.That(report.Problems, Has.Count.EqualTo(1));
        Assert.That(report.ExitCode, Is.EqualTo(3));
    }

    [Test]
    public void A_stopped_run_is_never_green_even_when_every_test_has_passed()
    {
        Report report = Report.Of(Running.End("cl.basic", Outcome.Passed).Finish("interrupted").Events);
        Assert.That(report.Problems, Is.EqualTo(new[] { "the run was stopped: interrupted" }));
        Assert.That((report.ExitCode, report.Complete), Is.EqualTo((3, false)));
    }

    [TestCase(Outcome.Passed, 0)]
    [TestCase(Outcome.Failed, 1)]
    [TestCase(Outcome.Broken, 3)]
    [TestCase(Outcome.NotRun, 3)]
    public void An_outcome_decides_the_exit_code(Outcome outcome, int exitCode)
    {
        Assert.That(Report.Of(Running.End("cl.basic", outcome, "machine: why").Finish().Events).ExitCode, Is.EqualTo(exitCode));
    }

    [Test]
    public void A_failure_outweighs_whatever_else_went_wrong()
    {
        Assert.That(Report.Of(Started.Plan("cl.broken").Begin("cl.basic").End("cl.basic", Outcome.Failed, "it").Begin("cl.broken").End("cl.broken", Outcome.Broken, "it").Events).ExitCode, Is.EqualTo(1));
    }

    [TestCase(new[] { Outcome.Failed, Outcome.Passed }, Outcome.Flaky)]
    [TestCase(new[] { Outcome.Failed, Outcome.Failed, Outcome.Passed }, Outcome.Flaky)]
    [TestCase(new[] { Outcome.Failed, Outcome.Failed }, Outcome.Failed)]
    [TestCase(new[] { Outcome.Broken, Outcome.Failed }, Outcome.Failed)]
    // The retry found nothing out, so the failure stands.
    [TestCase(new[] { Outcome.Failed, Outcome.Broken }, Outcome.Failed)]
    [TestCase(new[] { Outcome.Failed, Outcome.NotRun }, Outcome.Failed)]
    [TestCase(new[] { Outcome.Failed, Outcome.Skipped }, Outcome.Failed)]
    // The place was wrong once; a test that needed a second chance is still shown as one that did.
    [TestCase(new[] { Outcome.Broken, Outcome.Passed }, Outcome.Flaky)]
    [TestCase(new[] { Outcome.Broken, Outcome.Broken }, Outcome.Broken)]
    public void Attempts_together_make_one_outcome(Outcome[] attempts, Outcome expected)
    {
        Happened run = Started;
        for (int i = 1; i <= attempts.Length; i++)
            run.Begin("cl.basic", i).Boot("cl.basic", "machine", i).End("cl.basic", attempts[i - 1], attempts[i - 1] == Outcome.Passed ? null : $"machine: {attempts[i - 1]} {i}", i, seconds: i);
        TestReport test = Report.Of(run.Finish().Events).Tests.Single();

        Assert.That(test.Outcome, Is.EqualTo(expected));
        Assert.That(test.Attempts.Select(attempt => attempt.Outcome), Is.EqualTo(attempts));
        Assert.That(test.Attempts.Select(attempt => attempt.Machines.Single().Directory), Is.Unique);
        Assert.That(test.ElapsedSeconds, Is.EqualTo(attempts.Length * (attempts.Length + 1) / 2.0));
        if (expected is Outcome.Flaky or Outcome.Failed)
            Assert.That(test.Message, Does.StartWith(attempts.Contains(Outcome.Failed) ? "machine: Failed" : "machine: Broken"));
    }

    [Test]
    public void A_retry_that_never_ended_does_not_take_a_failure_back()
    {
        Report report = Report.Of(Running.End("cl.basic", Outcome.Failed, "it").Begin("cl.basic", 2).Events);
        Assert.That(report.Tests.Single().Outcome, Is.EqualTo(Outcome.Failed));
        Assert.That(report.ExitCode, Is.EqualTo(1));
    }

    [Test]
    public void A_finding_that_nobody_tolerates_keeps_a_test_from_passing()
    {
        Report report = Report.Of(Running.Find("cl.basic", "machine").End("cl.basic", Outcome.Passed).Finish().Events);
        Assert.That(report.Tests.Single().Outcome, Is.EqualTo(Outcome.Failed));
        Assert.That(report.Tests.Single().Message, Is.EqualTo("""
            machine: The kernel warned with a backtrace
              wanted:  no such line in the console (kernel-warning)
              got:     [   12.345678] WARNING: kernel/workqueue.c:1234 at __queue_work+0x1/0x2, CPU#1: kworker/1:1/77
              see:     cl.basic/machine/console.txt:2113
            """));
        Assert.That(report.ExitCode, Is.EqualTo(1));
    }

    [Test]
    public void A_finding_that_comes_after_the_result_counts_as_well()
    {
        Assert.That(Report.Of(Running.End("cl.basic", Outcome.Passed).Find("cl.basic", "machine").Finish().Events).ExitCode, Is.EqualTo(1));
    }

    [Test]
    public void A_tolerated_finding_is_told_and_fails_nothing()
    {
        Report report = Report.Of(Running.Find("cl.basic", "machine", tolerated: "it is provoked").End("cl.basic", Outcome.Passed).Finish().Events);
        Assert.That(report.Tests.Single().Attempts.Single().Findings, Has.Count.EqualTo(1));
        Assert.That(report.ExitCode, Is.Zero);
    }

    [TestCase(Outcome.Failed, 1)]
    [TestCase(Outcome.Broken, 3)]
    [TestCase(Outcome.Skipped, 0)]
    public void A_step_that_failed_keeps_its_test_from_passing(Outcome step, int exitCode)
    {
        Report report = Report.Of(Running.Step("cl.basic", "ReadOnly", step, "machine: why").End("cl.basic", Outcome.Passed).Finish().Events);
        Assert.That(report.ExitCode, Is.EqualTo(exitCode));
    }

    [Test]
    public void A_failure_the_policy_covers_is_known_until_its_last_day()
    {
        Outcome On(KnownFailure known) => Report.Of(new Happened().Start().Plan("cl.basic", known: known)
            .Begin("cl.basic").End("cl.basic", Outcome.Failed, "it").Finish().Events).Tests.Single().Outcome;

        Assert.That(On(Covered), Is.EqualTo(Outcome.Known));
        Assert.That(On(Covered with { Until = Covered.Until.AddDays(-1) }), Is.EqualTo(Outcome.Failed));
    }

    [TestCase(Outcome.Broken)]
    [TestCase(Outcome.Passed)]
    [TestCase(Outcome.NotRun)]
    public void A_policy_covers_failures_only(Outcome outcome)
    {
        Report report = Report.Of(new Happened().Start().Plan("cl.basic", known: Covered).Begin("cl.basic").End("cl.basic", outcome, "it").Finish().Events);
        Assert.That(report.Tests.Single().Outcome, Is.EqualTo(outcome));
    }

    [Test]
    public void A_test_that_was_never_planned_is_told_and_never_passes()
    {
        Report report = Report.Of(Happened.Clean().Events.SkipLast(1)
            .Concat(new Happened().Begin("cl.ghost").End("cl.ghost", Outcome.Passed).Finish().Events));
        TestReport ghost = report.Tests[^1];
        Assert.That((ghost.Id, ghost.Planned, ghost.Outcome), Is.EqualTo(("cl.ghost", false, Outcome.Broken)));
        Assert.That(report.Problems, Is.EqualTo(new[] { "cl.ghost has events and was never planned" }));
        Assert.That(report.ExitCode, Is.EqualTo(3));
    }

    [TestCase(Outcome.Flaky)]
    [TestCase(Outcome.Known)]
    public void Nobody_but_the_report_excuses_a_failure(Outcome claim)
    {
        Report report = Report.Of(Running.End("cl.basic", claim).Finish().Events);
        Assert.That(report.Tests.Single().Outcome, Is.EqualTo(Outcome.Broken));
        Assert.That(report.ExitCode, Is.EqualTo(3));
    }

    [Test]
    public void Two_ends_of_one_attempt_make_the_worse_one_and_a_problem()
    {
        Report report = Report.Of(Running.End("cl.basic", Outcome.Failed, "it").End("cl.basic", Outcome.Passed).Finish().Events);
        Assert.That(report.Tests.Single().Outcome, Is.EqualTo(Outcome.Failed));
        Assert.That(report.Problems, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_log_that_holds_two_runs_is_never_green()
    {
        IReadOnlyList<RunEvent> clean = Happened.Clean().Events;
        Assert.That(Report.Of(clean.Concat(clean)).ExitCode, Is.EqualTo(3));
        Assert.That(Report.Of(clean.SkipLast(1).Concat(clean)).Problems, Has.Some.StartsWith("the log holds two runs"));
    }

    [Test]
    public void A_log_that_goes_on_after_its_end_is_never_green()
    {
        Report report = Report.Of(Happened.Clean().Find("cl.basic", "machine", "x").Events);
        Assert.That(report.Problems, Is.EqualTo(new[] { "the log goes on after its end by 1 event" }));
        Assert.That(report.ExitCode, Is.EqualTo(3));
    }

    [Test]
    public void A_second_end_does_not_heal_a_run_that_was_stopped()
    {
        Assert.That(Report.Of(Running.End("cl.basic", Outcome.Passed).Finish("interrupted").Finish().Events).Stopped, Is.EqualTo("interrupted"));
    }

    [Test]
    public void A_test_planned_twice_or_run_in_spite_of_a_skip_is_a_problem()
    {
        Assert.That(Report.Of(Started.Plan("cl.basic").Begin("cl.basic").End("cl.basic", Outcome.Passed).Finish().Events).Problems, Is.EqualTo(new[] { "cl.basic was planned twice" }));
        Assert.That(Report.Of(Started.Plan("cl.tpm", "no TPM").Begin("cl.tpm").End("cl.tpm", Outcome.Passed).Begin("cl.basic").End("cl.basic", Outcome.Passed).Finish().Events).Problems, Is.EqualTo(new[] { "cl.tpm was to be skipped and ran" }));
    }

    [Test]
    public void What_could_not_be_taken_away_is_told_and_changes_no_outcome()
    {
        Report report = Report.Of(Running.End("cl.basic", Outcome.Passed).Add(at => new CleanupFailed { At = at, Test = "cl.basic", What = "network kola-4711", Message = "busy" }).Finish().Events);
        Assert.That(report.Leftovers, Has.Count.EqualTo(1));
        Assert.That(report.ExitCode, Is.Zero);
    }

    [Test]
    public void Machines_tell_their_boots_and_their_end()
    {
        Report report = Report.Of(Running
            .Add(at => new MachineReady { At = at, Test = "cl.basic", Machine = "machine", BootId = "2", ElapsedSeconds = 9, Boot = 1 })
            .Add(at => new MachineEnded { At = at, Test = "cl.basic", Machine = "machine", PlatformFault = true, Detail = "QEMU was killed" })
            .End("cl.basic", Outcome.Broken, "it").Finish().Events);
        MachineReport machine = report.Tests.Single().Attempts.Single().Machines.Single();
        Assert.That(machine.BootSeconds, Is.EqualTo(new[] { 11.25, 9 }));
        Assert.That((machine.Address, machine.Ended, machine.PlatformFault), Is.EqualTo(("core@127.0.0.1:2222", "QEMU was killed", true)));
    }

    [Test]
    public void Every_outcome_is_counted()
    {
        Report report = Report.Of(RichRun.Events);
        Assert.That(report.Counts.Keys, Is.EquivalentTo(Enum.GetValues<Outcome>()));
        Assert.That(report.Counts.Values.Sum(), Is.EqualTo(report.Tests.Count));
        Assert.That(report.Counts.Values, Has.All.GreaterThanOrEqualTo(1));
    }
}
