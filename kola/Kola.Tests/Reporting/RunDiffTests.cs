using System.Text.Json;
using Kola.Reporting;

namespace Kola.Tests.Reporting;

/// <summary>What changed between runs, and what is called slower.</summary>
public sealed class RunDiffTests
{
    private static readonly Outcome[] s_ran = [Outcome.Passed, Outcome.Failed, Outcome.Flaky, Outcome.Known, Outcome.Broken, Outcome.NotRun, Outcome.Skipped];

    [TestCase(Outcome.Passed, Outcome.Failed, ChangeKind.NewFailure)]
    [TestCase(Outcome.Flaky, Outcome.Failed, ChangeKind.NewFailure)]
    [TestCase(Outcome.Broken, Outcome.Failed, ChangeKind.NewFailure)]
    [TestCase(Outcome.NotRun, Outcome.Failed, ChangeKind.NewFailure)]
    [TestCase(Outcome.Skipped, Outcome.Failed, ChangeKind.NewFailure)]
    [TestCase(null, Outcome.Failed, ChangeKind.NewFailure)]
    [TestCase(Outcome.Known, Outcome.Failed, ChangeKind.NoLongerKnown)]
    [TestCase(Outcome.Failed, Outcome.Passed, ChangeKind.Fixed)]
    [TestCase(Outcome.Known, Outcome.Passed, ChangeKind.Fixed)]
    [TestCase(Outcome.Flaky, Outcome.Passed, ChangeKind.Steady)]
    [TestCase(Outcome.Broken, Outcome.Passed, ChangeKind.WorksAgain)]
    [TestCase(Outcome.NotRun, Outcome.Passed, ChangeKind.WorksAgain)]
    [TestCase(Outcome.Passed, Outcome.Flaky, ChangeKind.NewlyFlaky)]
    [TestCase(Outcome.Passed, Outcome.Known, ChangeKind.NewlyKnown)]
    [TestCase(Outcome.Failed, Outcome.Known, ChangeKind.NewlyKnown)]
    [TestCase(Outcome.Passed, Outcome.Broken, ChangeKind.NewlyBroken)]
    [TestCase(Outcome.Failed, Outcome.NotRun, ChangeKind.NewlyNotRun)]
    [TestCase(Outcome.Passed, Outcome.Skipped, ChangeKind.NewlySkipped)]
    [TestCase(Outcome.Skipped, Outcome.Passed, ChangeKind.NoLongerSkipped)]
    [TestCase(null, Outcome.Passed, ChangeKind.Appeared)]
    [TestCase(Outcome.Passed, null, ChangeKind.Disappeared)]
    public void Every_change_has_one_kind(Outcome? before, Outcome? after, ChangeKind kind)
    {
        RunDiff diff = RunDiff.Of([Run(("a", before, 10))], [Run(("a", after, 10))]);
        Assert.That(diff.Changes.Select(change => (change.Test, change.Kind, change.Before, change.After)), Is.EqualTo(new[] { ("a", kind, before, after) }));
        Assert.That(diff.ExitCode, Is.EqualTo(kind == ChangeKind.NewFailure ? 1 : 0));
    }

    [TestCaseSource(nameof(s_ran))]
    public void What_stayed_is_not_told(Outcome outcome) =>
        Assert.That(RunDiff.Of([Run(("a", outcome, 10))], [Run(("a", outcome, 10))]).Changes, Is.Empty);

    [Test]
    public void Several_runs_of_a_side_are_taken_together()
    {
        static Report[] Side(params Outcome[] outcomes) => [.. outcomes.Select(outcome => Run(("a", outcome, 10)))];
        Report[] passes = Side(Outcome.Passed, Outcome.Passed, Outcome.Broken);
        Assert.That(RunDiff.Of(passes, Side(Outcome.Passed, Outcome.NotRun)).Changes, Is.Empty, "what says nothing of the image does not count beside what does");
        TestChange seldom = RunDiff.Of(passes, Side(Outcome.Passed, Outcome.Failed)).Changes.Single();
        Assert.That((seldom.Kind, seldom.After), Is.EqualTo((ChangeKind.NewFailure, (Outcome?)Outcome.Flaky)), "a failure nobody saw before is one, however seldom");
        Assert.That(seldom.Words, Is.EqualTo("2 passed, 1 broken → 1 passed, 1 failed"));
        Assert.That(RunDiff.Of(Side(Outcome.Passed, Outcome.Failed), Side(Outcome.Passed, Outcome.Failed)).Changes, Is.Empty);
        Assert.That(RunDiff.Of(Side(Outcome.Passed, Outcome.Failed), Side(Outcome.Failed, Outcome.Failed)).Changes.Single().Kind, Is.EqualTo(ChangeKind.NewFailure), "it passed at times, and now never does");
    }

    [Test]
    public void Sides_that_are_not_alike_are_told()
    {
        Report report = Run(("a", Outcome.Passed, 10));
        RunStarted other = report.Run! with { Platform = "libvirt", Facts = new Dictionary<string, string> { ["acceleration"] = "tcg" }, Image = report.Run!.Image with { Digest = "sha256:" + new string('1', 64) } };
        Assert.That(RunDiff.Of([report], [report]).Warnings, Is.Empty);
        Assert.That(RunDiff.Of([report], [report with { Run = other }]).Warnings.Select(w => w.Split(':')[0]), Is.EqualTo(new[] { "not the same image", "not the same platform", "not the same acceleration" }));
        Assert.That(RunDiff.Of([report], [report with { Complete = false, Stopped = "interrupted" }]).Warnings.Single(), Does.Contain("did not come to its end: interrupted"));
    }

    [Test]
    public void One_run_a_side_is_held_against_itself()
    {
        // All a third slower, with a little noise, and one four times as slow, one half as long.
        (string, Outcome?, double)[] before = [.. Enumerable.Range(0, 40).Select(i => ($"t{i:00}", (Outcome?)Outcome.Passed, 20.0 + i))];
        (string, Outcome?, double)[] after = [.. before.Select((test, i) => (test.Item1, test.Item2, test.Item3 * (1.33 + i % 5 * 0.01) * (i == 7 ? 3 : i == 9 ? 0.4 : 1)))];
        TimeDiff times = RunDiff.Of([Run(before)], [Run(after)]).Times;
        Assert.That(times.Slower.Select(test => test.Test), Is.EqualTo(new[] { "t07" }));
        Assert.That(times.Faster.Select(test => test.Test), Is.EqualTo(new[] { "t09" }));
        Assert.That(times.Shift, Is.EqualTo(1.35).Within(0.01));
        Assert.That(times.Method, Does.Contain("×1.35").And.Contain("cannot tell a slower test from a slow moment"));
    }

    [Test]
    public void Few_tests_are_not_judged() =>
        Assert.That(RunDiff.Of([Run(("a", Outcome.Passed, 1), ("b", Outcome.Failed, 9))], [Run(("a", Outcome.Passed, 9), ("b", Outcome.Failed, 1))]).Times.Method, Does.StartWith("Times are not judged: 1 test passed on both sides"));

    [Test]
    public void Many_runs_a_side_judge_each_test_on_its_own()
    {
        static Report[] Side(double slow) => [.. Enumerable.Range(0, 6).Select(i => Run(("a", Outcome.Passed, 20 + i * 0.1), ("b", Outcome.Passed, (20 + i * 0.13) * slow)))];
        TimeDiff times = RunDiff.Of(Side(1), Side(1.5)).Times;
        Assert.That(times.Slower.Single().Test, Is.EqualTo("b"));
        Assert.That(times.Slower.Single().P, Is.EqualTo(2 / 924.0).Within(1e-9), "6 beyond 6, two of 924 orders");
        Assert.That(times.Slower.Single().Q, Is.EqualTo(4 / 924.0).Within(1e-9));
        Assert.That(times.Method, Does.StartWith("Mann–Whitney U"));
    }

    // Of 70 orders of four and four values 7 have a U of 3 at most. The last line is the example of SciPy's mannwhitneyu: U 17, p 0.1111.
    [TestCase(new[] { 1.1, 2.2, 3.3, 4.4 }, new[] { 2.5, 3.5, 4.5, 5.5 }, 14 / 70.0)]
    [TestCase(new[] { 1.0, 2, 3, 4 }, new[] { 5.0, 6, 7, 8 }, 2 / 70.0)]
    [TestCase(new[] { 5.0, 6, 7, 8 }, new[] { 1.0, 2, 3, 4 }, 2 / 70.0)]
    [TestCase(new[] { 19.0, 22, 16, 29, 24 }, new[] { 20.0, 11, 17, 12 }, 14 / 126.0)]
    public void Without_ties_U_is_counted_out(double[] first, double[] second, double p) =>
        Assert.That(Statistics.MannWhitney(first, second), Is.EqualTo(p).Within(1e-9));

    [Test]
    public void The_count_is_that_of_all_orders()
    {
        double[] first = [3, 8, 11, 14, 2.5], second = [1, 4, 9, 10.5];
        double[] all = [.. first, .. second];
        double U(int picked) => Enumerable.Range(0, 9).Where(i => (picked >> i & 1) == 1).Sum(i => Enumerable.Range(0, 9).Count(k => (picked >> k & 1) == 0 && all[i] > all[k]));
        int[] picks = [.. Enumerable.Range(0, 512).Where(i => int.PopCount(i) == 5)];
        double seen = Math.Min(U(0b11111), 20 - U(0b11111));
        double expected = Math.Min(1, 2.0 * picks.Count(pick => U(pick) <= seen) / picks.Length);
        Assert.That(Statistics.MannWhitney(first, second), Is.EqualTo(expected).Within(1e-9));
    }

    [Test]
    public void With_ties_the_variance_is_corrected()
    {
        // U = 4.5, mean 12.5, ties of 2, 2 and 3: variance 25/12 * (11 - 36/90) = 22.0833, z = 7.5/4.69929 = 1.59598, p = 0.110494.
        Assert.That(Statistics.MannWhitney([1, 2, 2, 3, 5], [3, 5, 5, 7, 2.5]), Is.EqualTo(0.1105).Within(0.0001));
        Assert.That(Statistics.MannWhitney([4, 4, 4, 4], [4, 4, 4, 4]), Is.EqualTo(1));
    }

    [Test]
    public void The_normal_distribution_is_the_one_of_the_tables()
    {
        Assert.That(Statistics.TwoSided(1.959964), Is.EqualTo(0.05).Within(1e-6));
        Assert.That(Statistics.TwoSided(-2.575829), Is.EqualTo(0.01).Within(1e-6));
        Assert.That(Statistics.TwoSided(0), Is.EqualTo(1).Within(1e-6));
    }

    // Benjamini and Hochberg (1995), section 3.2: of fifteen hypotheses the first four are rejected at 0.05.
    [Test]
    public void False_discoveries_are_counted_as_in_the_paper()
    {
        double[] p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0];
        double[] q = Statistics.BenjaminiHochberg(p);
        Assert.That(q.Count(value => value <= 0.05), Is.EqualTo(4));
        Assert.That(q[3], Is.EqualTo(0.0095 * 15 / 4).Within(1e-9));
        Assert.That(Statistics.BenjaminiHochberg([0.01, 0.02, 0.03]), Is.EqualTo(new[] { 0.03, 0.03, 0.03 }).Within(1e-9));
    }

    [Test]
    public void It_can_be_read_by_people_and_programs()
    {
        RunDiff diff = RunDiff.Of([Run(("a|b<i>", Outcome.Passed, 10), ("c", Outcome.Failed, 10))], [Run(("a|b<i>", Outcome.Failed, 10), ("c", Outcome.Passed, 10))]);
        string text = string.Join("\n", RunDiffText.Lines(diff).Select(line => line.Text));
        Assert.That(text, Does.Contain("new failures (1):\n  a|b<i>: passed → failed").And.Contain("fixed (1):\n  c: failed → passed").And.EndWith("1 new failure, 1 fixed"));
        Assert.That(RunDiffText.Markdown(diff), Does.StartWith("### 1 new failure, 1 fixed\n").And.Contain(@"| a\|b&lt;i> | passed → failed |"));
        JsonElement json = JsonDocument.Parse(RunDiffText.Json(diff)).RootElement;
        Assert.That(json.GetProperty("schema").GetString(), Is.EqualTo("kola.diff/1"));
        Assert.That(json.GetProperty("changes")[0].GetProperty("kind").GetString(), Is.EqualTo("new-failure"));
        Assert.That(json.GetProperty("exitCode").GetInt32(), Is.EqualTo(1));
    }

    // What a report says of each outcome is the report's business; here it is given.
    private static Report Run(params (string Test, Outcome? Outcome, double Seconds)[] tests) => Report.Of(Happened.Clean().Events) with
    {
        Tests = [.. tests.Where(test => test.Outcome is not null).Select(test => new TestReport
        {
            Id = test.Test,
            Outcome = test.Outcome!.Value,
            Message = test.Outcome == Outcome.Passed ? null : "it says why",
            Attempts = [new AttemptReport { Number = 1, Outcome = test.Outcome!.Value, ElapsedSeconds = test.Seconds }],
        })],
    };
}
