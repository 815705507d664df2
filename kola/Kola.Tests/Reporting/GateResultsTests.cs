using System.Text;
using Kola.Policies;
using Kola.Reporting;
using Kola.Tests.Policies;

namespace Kola.Tests.Reporting;

public sealed class GateResultsTests
{
    private static readonly DateOnly s_today = new(2026, 11, 22);
    private static readonly Recorded s_green = new() { Tests = [("cl.a", "P"), ("cl.b", "P"), ("cl.c", "P")] };
    private static readonly string s_selection = Shard.DigestOf(["cl.a", "cl.b", "cl.c"]);

    private static readonly Recorded[] s_shards =
    [
        new() { Hour = 1, Shard = "1/3", Selection = s_selection, Tests = [("cl.a", "P"), ("cl.c", "P")] },
        new() { Hour = 2, Shard = "2/3", Selection = s_selection, Tests = [("cl.b", "P")] },
        new() { Hour = 3, Shard = "3/3", Selection = s_selection },
    ];

    [Test]
    public void A_green_run_opens_the_gate()
    {
        GateResults judged = Gate(null, s_green);
        Assert.That((judged.Verdict.Open, judged.Verdict.ExitCode, judged.Places.Single().Name), Is.EqualTo((true, 0, "qemu/amd64")), string.Join('\n', judged.Verdict.Reasons));
    }

    [Test]
    public void A_green_run_cut_off_anywhere_before_its_last_line_never_opens_the_gate()
    {
        byte[] whole = Encoding.UTF8.GetBytes(string.Concat(s_green.Events.Select(happened => System.Text.Json.JsonSerializer.Serialize(happened, EventFormat.Line) + "\n")));
        int last = Array.LastIndexOf(whole, (byte)'\n', whole.Length - 2) + 1;
        Assert.That(ExitCodeOf(whole), Is.Zero);
        Assert.That(ExitCodeOf(whole[..^1]), Is.Zero, "the last line is whole without its end");
        for (int length = 0; length < whole.Length - 1; length++)
            Assert.That(ExitCodeOf(whole[..length]), Is.EqualTo(3), $"cut off after {length} of {whole.Length} bytes, the last line begins at {last}");
    }

    [TestCase("P", "F", Outcome.Failed)]
    [TestCase("F", "P", Outcome.Flaky)]
    [TestCase("P", "B", Outcome.Flaky)]
    [TestCase("B", "P", Outcome.Flaky)]
    [TestCase("F", "B", Outcome.Failed)]
    [TestCase("B", "B", Outcome.Broken)]
    [TestCase("S", "P", Outcome.Passed)]
    [TestCase("S", "S", Outcome.Skipped)]
    [TestCase("", "P", Outcome.Passed)]
    [TestCase("", "", Outcome.NotRun)]
    public void Results_of_two_runs_are_attempts_in_the_order_of_time(string first, string second, Outcome outcome)
    {
        var one = new Recorded { Tests = [("cl.x", first)] };
        var other = new Recorded { Hour = 1, Tests = [("cl.x", second)] };
        foreach (Recorded[] order in (Recorded[][])[[one, other], [other, one]])
        {
            TestReport test = Gate(null, order).Places.Single().Joined.Tests.Single();
            Assert.That(test.Outcome, Is.EqualTo(outcome));
            Assert.That(test.Attempts.Select(attempt => attempt.Number), Is.EqualTo(Enumerable.Range(1, first.Length + second.Length)));
        }
    }

    [Test]
    public void The_same_run_given_twice_counts_once() =>
        Assert.That(Gate(null, s_green, s_green).Places.Single().Runs, Has.Count.EqualTo(1));

    [Test]
    public void A_run_that_was_stopped_opens_nothing_by_itself()
    {
        Assert.That(Gate(null, s_green with { Stopped = "timeout" }).Verdict.Reasons, Has.One.Contains("the run was stopped: timeout"));
        Assert.That(Gate(null, s_green with { Dies = true }).Verdict.ExitCode, Is.EqualTo(3));
    }

    [Test]
    public void Of_several_images_one_can_be_picked()
    {
        Recorded other = s_green with { Hour = 1, Image = 'a', Tests = [("cl.a", "F")] };
        var question = new GateQuestion { Today = s_today, Image = "aaaa" };
        Assert.That(() => Gate(null, s_green, other with { Firmware = "uefi" }), Throws.TypeOf<UsageException>(), "nor may the firmware tell images apart");
        Assert.That(GateResults.Of([s_green.Report, other.Report], question).Verdict.ExitCode, Is.EqualTo(1));
        Assert.That(GateResults.Of([s_green.Report, other.Report], question with { Image = "sha256:0000" }).Verdict.ExitCode, Is.Zero);
        Assert.That(GateResults.Of([s_green.Report], question with { Image = "ffff" }).Verdict.ExitCode, Is.EqualTo(3));
    }

    [Test]
    public void All_shards_together_are_as_good_as_one_run()
    {
        GateResults judged = Gate(null, s_shards);
        Assert.That(judged.Verdict.Open, string.Join('\n', judged.Verdict.Reasons));
        Assert.That(judged.Places.Single().Joined.Tests, Has.Count.EqualTo(3));
        Assert.That(judged.Verdict.Statistics, Has.One.StartsWith("with no retry"));
        Assert.That(s_shards.Select(shard => shard.Report.ExitCode), Has.All.Zero, "none of them is wrong, the empty one neither");
    }

    [Test]
    public void A_shard_that_is_missing_twice_there_or_of_another_selection_closes_the_gate()
    {
        Assert.That(Closed(s_shards[0], s_shards[1]), Does.Contain("shard 3/3 is missing"));
        Assert.That(Closed(s_shards[0], s_shards[2]), Does.Contain("shard 2/3 is missing"));
        Assert.That(Closed([.. s_shards, s_shards[1] with { Hour = 9 }]), Does.Contain("shard 2/3 is there 2 times"));
        Assert.That(Closed(s_shards[0], s_shards[1], s_shards[2] with { Selection = Shard.DigestOf(["cl.a"]) }), Does.Contain("different selections"));
        Assert.That(Closed(s_shards[0], s_shards[1], s_shards[2] with { Shard = "4/4" }), Does.Contain("do not belong together"));
        Assert.That(Closed(s_shards[0], s_shards[1] with { Tests = [("cl.other", "P")] }, s_shards[2]), Does.Contain("not the selection"));
        Assert.That(Closed(s_shards[0], s_shards[1] with { Dies = true }, s_shards[2]), Does.Contain("shard 2/3 is missing, or was not worked off"));
        Assert.That(Gate(null, [.. s_shards, s_shards[1] with { Hour = 0, Dies = true, Tests = [("cl.b", "")] }]).Verdict.Open, "one that died was run again");
    }

    [Test]
    public void The_policy_of_the_gate_decides_and_not_that_of_the_run()
    {
        var failing = new Recorded { Tests = [("cl.a", "P"), ("cl.x", "F")] };
        var excused = failing with { Known = new KnownFailure("It was so.", new DateOnly(2027, 1, 1)) };
        Assert.That(excused.Report.ExitCode, Is.Zero);
        Assert.That(Gate(null, excused).Verdict.ExitCode, Is.EqualTo(1), "no policy, no excuse");
        Assert.That(Gate(PolicyTests.Of(PolicyTests.Entry(PolicyAction.Known, "cl.x")), failing).Verdict.ExitCode, Is.Zero);
        Assert.That(Gate(PolicyTests.Of(PolicyTests.Entry(PolicyAction.Skip, "cl.x")), failing).Verdict.ExitCode, Is.Zero);
        Assert.That(Gate(PolicyTests.Of(PolicyTests.Entry(PolicyAction.Known, "cl.x") with { Platforms = ["aws"] }), failing).Verdict.ExitCode, Is.EqualTo(1));
        var skipped = new Recorded { Tests = [("cl.a", "P")], Skipped = ["cl.x"], SkippedByPolicy = true };
        Assert.That(Gate(PolicyTests.Of(PolicyTests.Entry(PolicyAction.Skip, "cl.x")), skipped).Verdict.ExitCode, Is.Zero);
        Assert.That(Gate(null, skipped).Verdict.Reasons, Is.EqualTo(new[] { "1 test not-run, and at most 0 may be: cl.x on qemu/amd64" }));
        Assert.That(Gate(null, skipped with { SkippedByPolicy = false }).Verdict.ExitCode, Is.Zero, "what the place lacks is no policy's to say");
    }

    [Test]
    public void An_entry_that_expired_by_the_day_of_the_gate_closes_it()
    {
        Policy policy = PolicyTests.Of(PolicyTests.Entry(PolicyAction.Known, "cl.x") with { Until = s_today.AddDays(-1) });
        GateVerdict verdict = Gate(policy, s_green).Verdict;
        Assert.That((verdict.ExitCode, verdict.Reasons.Single()), Is.EqualTo((3, "p.yaml:7 has expired: known cl.x counted until 2026-11-21; me is to renew it or take it out (https://a.example/1)")));
    }

    [TestCase("P", 0)]
    [TestCase("FP", 1)]
    [TestCase("F", 1)]
    [TestCase("B", 3)]
    [TestCase("", 3)]
    [TestCase("S", 3)]
    public void What_is_enforced_has_to_pass(string outcomes, int exitCode) =>
        Assert.That(Gate(PolicyTests.Of(PolicyTests.Entry(PolicyAction.Enforce, "cl.x")) with { Gate = new GateRule { Broken = 9, NotRun = 9, Failed = 9 } }, new Recorded { Tests = [("cl.a", "P"), ("cl.x", outcomes)] }).Verdict.ExitCode, Is.EqualTo(exitCode));

    [Test]
    public void A_known_failure_that_passes_is_to_be_seen()
    {
        GateVerdict verdict = Gate(PolicyTests.Of(PolicyTests.Entry(PolicyAction.Known, "cl.a")), s_green).Verdict;
        Assert.That((verdict.Open, verdict.Notes.Single()), Is.EqualTo((true, "cl.a is known to fail and passed on qemu/amd64: me can take the entry out (It is so.)")));
    }

    [Test]
    public void What_cannot_be_read_closes_the_gate() =>
        Assert.That(GateResults.Of([s_green.Report], new GateQuestion { Today = s_today, Unreadable = ["x: no record of a run"] }).Verdict.ExitCode, Is.EqualTo(3));

    [Test]
    public void In_a_run_an_expired_entry_is_a_problem_and_a_pattern_that_names_nothing_closes_it()
    {
        PolicyEntry expired = PolicyTests.Entry(PolicyAction.Known, "cl.x") with { Until = s_today.AddDays(-1) };
        Assert.That(Under(expired).Problems.Single(), Does.StartWith("p.yaml:7 has expired"));
        Assert.That(Under(expired).ExitCode, Is.EqualTo(3));
        Assert.That(Under(PolicyTests.Entry(PolicyAction.Enforce, "cl.absent")).Gate.Reasons.Single(), Is.EqualTo("cl.absent has to pass and is not planned (p.yaml:7)"));
        Assert.That(SummaryReport.Render(Under(PolicyTests.Entry(PolicyAction.Enforce, "cl.absent")), null), Does.Contain("gate of p.yaml: closed\n  cl.absent has to pass and is not planned (p.yaml:7)\n"));
        Assert.That(Under(PolicyTests.Entry(PolicyAction.Enforce, "cl.a")).ExitCode, Is.Zero);
        static Report Under(PolicyEntry entry) => Report.Of([s_green.Events[0], PolicyTests.Of(entry).AsEvent(s_green.Events[0].At), .. s_green.Events.Skip(1)]);
    }

    [Test]
    public void A_plan_that_is_not_whole_is_a_problem_of_the_run()
    {
        List<RunEvent> events = [.. s_green.Events];
        events.RemoveAll(happened => happened is TestPlanned { Test: "cl.b" } or TestStarted { Test: "cl.b" } or TestEnded { Test: "cl.b" });
        Assert.That(Report.Of(events).Problems, Is.EqualTo(new[] { "the plan is not whole: 2 of 3 tests are on record" }));
    }

    private static GateResults Gate(Policy? policy, params Recorded[] runs) => GateResults.Of(runs.Select(run => run.Report), new GateQuestion { Today = s_today, Policy = policy });

    private static string Closed(params Recorded[] runs)
    {
        GateVerdict verdict = Gate(null, runs).Verdict;
        Assert.That(verdict.ExitCode, Is.EqualTo(3));
        return string.Join('\n', verdict.Reasons);
    }

    // As kola gate does it: what cannot be read is a reason.
    private static int ExitCodeOf(byte[] record)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(file, record);
            return GateResults.Of([Report.Of(EventLog.Read(file))], new GateQuestion { Today = s_today }).Verdict.ExitCode;
        }
        catch (UsageException none)
        {
            return GateResults.Of([], new GateQuestion { Today = s_today, Unreadable = [none.Message] }).Verdict.ExitCode;
        }
        finally
        {
            File.Delete(file);
        }
    }
}
