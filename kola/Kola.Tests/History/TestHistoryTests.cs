using Kola.History;

namespace Kola.Tests.History;

public sealed class TestHistoryTests
{
    [Test]
    public void Rates_are_of_what_says_something_about_the_image()
    {
        var history = TestHistory.Of("cl.basic", Results("P:4400.0.0", "F:4400.0.0", "R:4400.0.0", "P:4400.0.0", "B:4400.0.0", "N:4400.0.0", "S:4400.0.0", "K:4400.0.0"));
        Assert.That((history.Results, history.Passed.Hits, history.Passed.Trials, history.Flaky.Hits), Is.EqualTo((8, 2, 5, 1)));
        Assert.That((history.Trend, history.Last), Is.EqualTo(("▇▁▄▇··-▂", Outcome.Known)));
        Assert.That((history.MedianSeconds, history.SecondsTrend), Is.EqualTo(((double?)11.5, "▁█")), "of passes: 10 s and 13 s");
    }

    [Test]
    public void A_test_that_never_passed_has_no_length() =>
        Assert.That(TestHistory.Of("x", Results("F:1.0.0")), Has.Property("MedianSeconds").Null.And.Property("SecondsTrend").EqualTo(""));

    [Test]
    public void A_trend_shows_the_newest() =>
        Assert.That(TestHistory.Of("x", Results([.. Enumerable.Repeat("F:1.0.0", 5), .. Enumerable.Repeat("P:1.0.0", TestHistory.Shown)])).Trend, Is.EqualTo(new string('▇', TestHistory.Shown)));

    // Outcome and version of each result in the order of time; what is bad since when, after what.
    [TestCase("P:4400.0.0 P:4459.0.0 F:4500.0.0 F:4501.0.0", "4459.0.0", "4500.0.0")]
    [TestCase("F:4501.0.0 P:4400.0.0 F:4500.0.0", "4400.0.0", "4500.0.0", Description = "by version, not by time")]
    [TestCase("P:999.0.0 F:1000.0.0", "999.0.0", "1000.0.0", Description = "by number, not by letter")]
    [TestCase("P:4400.0.0 F:4459.0.0 P:4500.0.0", null, null, Description = "mended since")]
    [TestCase("P:4400.0.0 F:4459.0.0 P:4459.0.0", null, null, Description = "the newest result of a version counts")]
    [TestCase("F:4400.0.0 K:4459.0.0", null, "4400.0.0")]
    [TestCase("P:4400.0.0 B:4459.0.0 N:4500.0.0", null, null, Description = "broken says nothing")]
    [TestCase("P:4400.0.0 B:4459.0.0 F:4500.0.0", "4400.0.0", "4500.0.0")]
    [TestCase("P:4459.0.0+nightly-1 F:4459.0.0+nightly-2", "4459.0.0+nightly-1", "4459.0.0+nightly-2", Description = "builds of one version by time")]
    [TestCase("P:4400.0.0 F:?", null, null, Description = "no version, no order")]
    public void The_first_bad_version_is_the_first_of_those_that_fail_to_this_day(string results, string? good, string? bad)
    {
        FirstBad? found = FirstBad.Of(Results(results.Split(' '))).SingleOrDefault();
        Assert.That((found?.LastGood, found?.Bad), Is.EqualTo((good, bad)));
    }

    [Test]
    public void Each_platform_has_a_first_bad_version_of_its_own()
    {
        StoredResult[] all = [.. Results("P:1.0.0", "F:2.0.0"), .. Results("F:1.0.0", "P:2.0.0").Select(result => result with { Platform = "aws" })];
        Assert.That(FirstBad.Of(all).Select(bad => bad.Place), Is.EqualTo(new[] { "qemu/amd64" }));
    }

    private static StoredResult[] Results(params string[] results) =>
    [
        .. results.Select((result, i) => new StoredResult
        {
            Run = $"r{i}",
            At = new DateTimeOffset(2026, 11, 22, 0, 0, 0, TimeSpan.Zero).AddHours(i),
            Platform = "qemu",
            Architecture = "amd64",
            Image = "flatcar",
            Digest = "sha256:" + new string('0', 64),
            Version = result[2..] == "?" ? null : result[2..],
            Kola = "0.1.0",
            Test = "cl.basic",
            Outcome = result[0] switch { 'P' => Outcome.Passed, 'F' => Outcome.Failed, 'R' => Outcome.Flaky, 'K' => Outcome.Known, 'B' => Outcome.Broken, 'S' => Outcome.Skipped, _ => Outcome.NotRun },
            Attempts = 1,
            Seconds = 10 + i,
        }),
    ];
}
