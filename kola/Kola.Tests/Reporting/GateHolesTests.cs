using Kola.Fake;
using Kola.Reporting;
using Kola.Tests.Policies;
using Kola.Tests.Running;

namespace Kola.Tests.Reporting;

/// <summary>Ways in which a release gate of today has shown a wrong green or lost what it knew. A test each, named after the hole, that we do not have it.</summary>
public sealed class GateHolesTests
{
    private static readonly DateOnly s_today = new(2026, 11, 22);
    private static readonly (string, string)[] s_all = [("cl.basic", "P"), ("cl.internet", "P"), ("docker.base", "P")];

    // A merged list of results that is never held against a plan is green when the one run that was to do all died and a small one passed.
    [Test]
    public void The_main_run_was_killed_while_an_extra_run_passed()
    {
        var extra = new Recorded { Hour = 1, Tests = [("cl.internet", "P")] };
        foreach (Recorded main in (Recorded[])[new() { Tests = [("cl.basic", ""), ("cl.internet", ""), ("docker.base", "")], Dies = true }, new() { Tests = s_all, PlanCutAt = 0 }, new() { Tests = s_all, PlanCutAt = 1 }])
        {
            GateVerdict verdict = Gate(main, extra).Verdict;
            Assert.That((verdict.Open, verdict.ExitCode), Is.EqualTo((false, 3)), string.Join('\n', verdict.Reasons));
        }
    }

    // And when of the main run nothing is there at all, whoever asks has to say what there should be.
    [Test]
    public void The_main_run_left_nothing_while_an_extra_run_passed()
    {
        var extra = new Recorded { Tests = [("cl.internet", "P")] };
        var aws = new Recorded { Platform = "aws", Tests = s_all };
        Assert.That(GateResults.Of([extra.Report], Asked(new GateRule { Platforms = ["qemu", "aws"] })).Verdict.Reasons, Has.One.Contains("there is no result of aws"));
        Assert.That(GateResults.Of([extra.Report], Asked(new GateRule()) with { Expect = 2 }).Verdict.Reasons, Has.One.EqualTo("there are results of 1 place, and at least 2 should be"));
        Assert.That(GateResults.Of([extra.Report], Asked(new GateRule { Passed = 3 })).Verdict.Reasons, Has.One.Contains("1 test passed on qemu/amd64, and at least 3 have to"));
        Assert.That(GateResults.Of([extra.Report], Asked(new GateRule(), PolicyTests.Entry(PolicyAction.Enforce, "cl.basic"))).Verdict.Reasons, Has.One.Contains("cl.basic has to pass and is not planned on qemu/amd64"));
        Assert.That(GateResults.Of([aws.Report, new Recorded { Tests = s_all }.Report], Asked(new GateRule { Platforms = ["qemu", "aws"], Passed = 3 }, PolicyTests.Entry(PolicyAction.Enforce, "cl.basic")) with { Expect = 2 }).Verdict.Open);
    }

    // Whoever opens the machines of a test that failed, looks around and leaves has not made it pass.
    [Test]
    public void Somebody_looked_into_the_machines_of_a_test_that_failed()
    {
        Happened failed = new Happened().Start("qemu-1").Plan("cl.basic").Begin("cl.basic").End("cl.basic", Outcome.Failed, "machine: no").Finish();
        IReadOnlyList<RunEvent> look = Happened.Clean().Events;
        Report visit = Report.Of([(RunStarted)look[0] with { Visit = true }, .. look.Skip(1)]);
        var question = new GateQuestion { Today = new DateOnly(2026, 11, 23) };

        GateResults both = GateResults.Of([Report.Of(failed.Events), visit], question);
        Assert.That(both.Places.Single().Joined.Tests.Single().Outcome, Is.EqualTo(Outcome.Failed));
        Assert.That(GateResults.Of([visit], question).Verdict.Open, Is.False);
        Assert.That(visit.ExitCode, Is.EqualTo(3));
        Assert.That(visit.Problems, Has.One.EqualTo("nothing was tested: somebody looked into machines"));
    }

    // 1..0 is no success.
    [Test]
    public void The_plan_is_empty()
    {
        Recorded empty = new();
        Assert.That((empty.Report.ExitCode, Gate(empty).Verdict.ExitCode), Is.EqualTo((3, 3)));
        Assert.That(Gate().Verdict.ExitCode, Is.EqualTo(3), "no run at all");
        Assert.That(Gate(new Recorded { Tests = s_all }, empty with { Hour = 1 }).Verdict.ExitCode, Is.EqualTo(3), "beside a good one");
        Assert.That(Gate(new Recorded { Skipped = ["cl.tpm"] }).Verdict.ExitCode, Is.EqualTo(3), "nothing but skips");
    }

    // A run that is killed early loses nothing that was known, is reported, and can be made up for by another one.
    [Test]
    public void A_run_was_killed_early()
    {
        var killed = new Recorded { Tests = [("cl.basic", "P"), ("cl.internet", "-"), ("docker.base", "")], Dies = true };
        GateResults alone = Gate(killed);
        Assert.That(alone.Verdict.ExitCode, Is.EqualTo(3));
        Assert.That(Outcomes(alone), Is.EqualTo("cl.basic passed, cl.internet not-run, docker.base not-run"));
        GateResults again = Gate(killed, new Recorded { Hour = 1, Tests = [("cl.internet", "P"), ("docker.base", "P")] });
        Assert.That(again.Verdict.Open, string.Join('\n', again.Verdict.Reasons));
        Assert.That(Outcomes(again), Is.EqualTo("cl.basic passed, cl.internet flaky, docker.base passed"), "what was under way when the run died needed a second chance");
        Assert.That(again.Verdict.Notes, Has.One.Contains("the run died"));
    }

    // "x # SKIP" is not another test that passed, and what fails and is skipped afterwards has not passed.
    [Test]
    public void A_skip_is_not_another_test_that_passed()
    {
        GateResults judged = Gate(new Recorded { Tests = [("cl.basic", "P"), ("cl.tpm", "F")] }, new Recorded { Hour = 1, Skipped = ["cl.tpm"] });
        Assert.That(Outcomes(judged), Is.EqualTo("cl.basic passed, cl.tpm failed"));
        Assert.That(Outcomes(Gate(new Recorded { Tests = [("cl.basic", "P"), ("cl.tpm", "FS")] })), Is.EqualTo("cl.basic passed, cl.tpm failed"));
        Assert.That(Outcomes(Gate(new Recorded { Tests = [("cl.basic", "P"), ("cl.tpm", "B")] }, new Recorded { Hour = 1, Tests = [("cl.tpm", "S")] })), Is.EqualTo("cl.basic passed, cl.tpm broken"));
    }

    // What azure said stands under azure.
    [Test]
    public void Messages_are_not_mixed_between_platforms()
    {
        GateResults judged = Gate(new Recorded { Tests = [("cl.basic", "F")] }, new Recorded { Platform = "azure", Tests = [("cl.basic", "F")] });
        Assert.That(judged.Places.Select(place => (place.Name, place.Joined.Tests.Single().Message)), Is.EqualTo(new[] { ("azure/amd64", "cl.basic: azure says no"), ("qemu/amd64", "cl.basic: qemu says no") }));
        Assert.That(judged.Verdict.Reasons, Has.One.Contains("cl.basic on azure/amd64, cl.basic on qemu/amd64"));
    }

    // Nor does a pass on one platform, architecture or firmware make up for a failure on another.
    [Test]
    public void A_pass_elsewhere_does_not_clear_a_failure()
    {
        var failed = new Recorded { Tests = [("cl.basic", "F")] };
        foreach (Recorded elsewhere in (Recorded[])[new() { Platform = "aws" }, new() { Architecture = "arm64" }, new() { Firmware = "uefi" }])
            Assert.That(Gate(failed, elsewhere with { Hour = 1, Tests = [("cl.basic", "P")] }).Verdict.ExitCode, Is.EqualTo(1));
    }

    // Twenty tries until it passes once: shown, counted, said how much it proves, and closed at a limit.
    [Test]
    public void Passing_once_in_twenty_hides_nothing()
    {
        var run = new Recorded { Retries = 19, Tests = [("cl.basic", "P"), ("cl.shy", new string('F', 19) + "P")] };
        GateVerdict open = Gate(run).Verdict;
        Assert.That(open.Statistics, Has.One.StartsWith("flaky tests: 1 of 2, 50 %"));
        Assert.That(open.Statistics, Has.One.EqualTo("with 19 retries a test that fails 80 % of the time gets through in 98.8 % of runs, in 78.8 % as flaky"));
        GateVerdict closed = GateResults.Of([run.Report], Asked(new GateRule { Flaky = 0 })).Verdict;
        Assert.That((closed.ExitCode, closed.Reasons.Single()), Is.EqualTo((1, "1 test flaky, and at most 0 may be: cl.shy on qemu/amd64")));
        GateVerdict enforced = GateResults.Of([run.Report], Asked(new GateRule(), PolicyTests.Entry(PolicyAction.Enforce, "cl.shy"))).Verdict;
        Assert.That((enforced.ExitCode, enforced.Reasons.Single()), Is.EqualTo((1, "cl.shy has to pass and is flaky on qemu/amd64")));
    }

    // Nor can it be hidden by doing the twenty tries in twenty runs.
    [Test]
    public void Passing_in_the_twentieth_run_hides_nothing()
    {
        Recorded[] runs = [.. Enumerable.Range(0, 20).Select(i => new Recorded { Hour = i, Tests = [("cl.shy", i == 19 ? "P" : "F")] })];
        GateVerdict verdict = GateResults.Of(runs.Select(run => run.Report), Asked(new GateRule { Flaky = 0 })).Verdict;
        Assert.That(verdict.ExitCode, Is.EqualTo(1));
        Assert.That(verdict.Statistics, Has.One.StartsWith("with 19 retries"));
    }

    // How often it really fails is for a stress run to say, and one such failure is a failure.
    [Test]
    public void A_stress_run_states_the_rate()
    {
        GateVerdict verdict = Gate(new Recorded { Stress = 10, Tests = [("cl.shy", "FFPFFFFPFF")] }).Verdict;
        Assert.That((verdict.ExitCode, verdict.Statistics.Single(line => line.StartsWith("stress", StringComparison.Ordinal))), Is.EqualTo((1, "stress: cl.shy failed 8 of 10, 80 % (95 %: 49–94 %)")));
    }

    // Retries live within one run: the image is unpacked and named once, and what was tried on another image is no retry.
    [Test]
    public void A_retry_is_on_the_very_same_image()
    {
        var retried = new Recorded { Retries = 1, Tests = [("cl.basic", "FP")] };
        Assert.That(retried.Events.OfType<RunStarted>().Count(), Is.EqualTo(1));
        Assert.That(Outcomes(Gate(retried)), Is.EqualTo("cl.basic flaky"));
        Assert.That(
            () => Gate(new Recorded { Tests = [("cl.basic", "F")] }, new Recorded { Hour = 1, Image = '1', Tests = [("cl.basic", "P")] }),
            Throws.TypeOf<UsageException>().With.Message.Contains("sha256:" + new string('0', 64)).And.Message.Contains("sha256:" + new string('1', 64)).And.Message.Contains("--image"));
    }

    // A test that hangs ends at its own deadline and costs no other test its result.
    [Test]
    public async Task A_test_that_hangs_costs_only_itself()
    {
        using var run = new FakeRun();
        await using var platform = new FakePlatform(new FakeOptions(), run.Time);
        Report report = await run.RunAsync(platform, "sample.hangs.command", "sample.passes");
        Assert.That(report.Tests.ToDictionary(test => test.Id, test => test.Outcome), Is.EqualTo(new Dictionary<string, Outcome> { ["sample.hangs.command"] = Outcome.Failed, ["sample.passes"] = Outcome.Passed }));
    }

    // Durations, attempts, what was the place's fault, the image's digest, kola's version: all of it is in the results, on file and in the history.
    [Test]
    public void Results_hold_durations_attempts_blame_digest_and_version()
    {
        string json = JsonReport.Render(new Recorded { Retries = 1, Tests = [("cl.basic", "FP"), ("cl.net", "B")] }.Report);
        foreach (string word in (string[])["\"elapsedSeconds\": 58", "\"number\": 2", "\"outcome\": \"broken\"", "\"digest\": \"sha256:" + new string('0', 64), "\"kola\": \"0.1.0\"", "\"version\": \"4459.2.0+build\""])
            Assert.That(json, Does.Contain(word));
    }

    // At 1 % a test, a hundred tests are all green at the first try in 37 % of runs: retries are needed, so is their record.
    [Test]
    public void What_one_percent_of_flakes_amounts_to_is_stated()
    {
        var hundred = new Recorded { Tests = [.. Enumerable.Range(0, 100).Select(i => ($"some.test{i}", i == 0 ? "FP" : "P"))] };
        Assert.That(Gate(hundred).Verdict.Statistics, Has.One.EqualTo("100 tests that each fail 1 % of the time all pass at their first attempt in 36.6 % of runs").And.One.StartsWith("first attempts that did not pass: 1 of 100, 1 %"));
        Assert.That(GateStatistics.GetsThrough(0.8, 20), Is.EqualTo(0.988).Within(0.0005));
        Assert.That(GateStatistics.GetsThrough(0.95, 20), Is.EqualTo(0.642).Within(0.0005));
        Assert.That(GateStatistics.GetsThrough(0.8, 2), Is.EqualTo(0.36).Within(1e-9));
    }

    private static GateResults Gate(params Recorded[] runs) => GateResults.Of(runs.Select(run => run.Report), new GateQuestion { Today = s_today });

    private static GateQuestion Asked(GateRule rule, params PolicyEntry[] entries) => new() { Today = s_today, Policy = PolicyTests.Of(entries) with { Gate = rule } };

    private static string Outcomes(GateResults judged) => string.Join(", ", judged.Places.Single().Joined.Tests.Select(test => $"{test.Id} {test.Outcome.Word()}"));
}
