using System.Text.Json;
using System.Xml.Linq;
using Kola.Fake;
using Kola.Policies;
using Kola.Reporting;

namespace Kola.Tests.Running;

/// <summary>The sample suite is run, and every format has each of its tests under its outcome's right name: all seven, none as another.</summary>
[NonParallelizable] // there is one session a process
public sealed class OutcomesInReportsTests
{
    private static readonly Dictionary<string, Outcome> s_outcomes = new()
    {
        ["sample.passes"] = Outcome.Passed,
        ["sample.flaky"] = Outcome.Flaky,
        ["sample.fails.command"] = Outcome.Failed,
        ["sample.fails.several"] = Outcome.Known,
        ["sample.broken"] = Outcome.Broken,
        ["sample.skips"] = Outcome.Skipped,
        ["sample.needs"] = Outcome.Skipped,
        ["sample.hangs.command"] = Outcome.NotRun,
    };

    private Report _report = null!;

    [OneTimeSetUp]
    public async Task RunTheSamplesAsync()
    {
        Policy policy = PolicyFile.Parse(
            """
            version: 1
            tests:
              - known: [sample.fails.several]
                because: it is a sample
                owner: Ada
                tracker: https://example.org/1
                until: 2027-01-31
            """,
            "kola-policy.yaml");
        using var run = new FakeRun { Policy = policy, With = options => options with { Retries = 1 } };
        // Stopped when all have ended but the one that hangs.
        run.When = _ => s_outcomes.Keys.Where(test => test is not ("sample.hangs.command" or "sample.needs"))
            .All(test => run.Events.OfType<TestEnded>().Any(ended => ended.Test == test && (ended.Attempt == 2 || ended.Outcome is Outcome.Passed or Outcome.Skipped)));
        run.Then = session => session.Stop("timeout");
        await using var platform = new FakePlatform(new FakeOptions { Guest = RunTests.Guest() }, run.Time);
        _report = await run.RunAsync(platform, [.. s_outcomes.Keys]);
        Assert.That(_report.Tests.ToDictionary(test => test.Id, test => test.Outcome), Is.EquivalentTo(s_outcomes));
    }

    [Test]
    public void Json() => Check("results.json", JsonDocument.Parse(JsonReport.Render(_report)).RootElement.GetProperty("tests").EnumerateArray()
        .Select(test => (Text(test, "id"), Text(test, "outcome"))));

    [Test]
    public void JUnit() => Check("junit.xml", XDocument.Parse(JUnitReport.Render(_report)).Descendants("testcase")
        .Select(test => (test.Attribute("name")!.Value, test.Element("error") ?? test.Element("failure") ?? test.Element("skipped") ?? test.Element("flakyFailure")))
        .Select(test => (test.Item1, test.Item2 switch
        {
            null => "passed",
            { Name.LocalName: "flakyFailure" } => "flaky",
            { Name.LocalName: "skipped" } skipped => skipped.Attribute("message")!.Value.StartsWith("known until", StringComparison.Ordinal) ? "known" : "skipped",
            { } other => other.Attribute("type")!.Value,
        })));

    [Test]
    public void NUnitXml() => Check("nunit3.xml", XDocument.Parse(NUnitReport.Render(_report)).Descendants("test-case")
        .Select(test => (test.Attribute("name")!.Value, $"{test.Attribute("result")!.Value} {test.Attribute("label")?.Value}".Trim() switch
        {
            "Passed" => "passed",
            "Passed Flaky" => "flaky",
            "Failed" => "failed",
            "Skipped Known" => "known",
            "Failed Broken" => "broken",
            "Skipped" => "skipped",
            "Failed NotRun" => "not-run",
            var other => other,
        })));

    [Test]
    public void Tap()
    {
        string[] lines = TapReport.Render(_report).Split('\n');
        Check("test.tap", lines.Index().Where(line => line.Item.StartsWith("ok ", StringComparison.Ordinal) || line.Item.StartsWith("not ok ", StringComparison.Ordinal))
            .Select(line => (line.Item.Split(" - ")[1].Split(" # ")[0], lines[line.Index + 2].Split('"')[1])));
        foreach ((string id, string start, string end) in (IEnumerable<(string, string, string)>)[("sample.passes", "ok", ""), ("sample.flaky", "ok", ""), ("sample.fails.command", "not ok", ""), ("sample.fails.several", "not ok", " # TODO "), ("sample.broken", "not ok", ""), ("sample.skips", "ok", " # SKIP "), ("sample.hangs.command", "not ok", "")])
            Assert.That(lines, Has.One.Matches<string>(line => line!.StartsWith(start, StringComparison.Ordinal) && line.Contains($" - {id}{end}", StringComparison.Ordinal)), id);
    }

    [Test]
    public void The_peers_tap() => Assert.That(TapCompatReport.Render(_report).Split('\n').Where(line => line.Contains(" - ", StringComparison.Ordinal)), Is.EquivalentTo(new[]
    {
        "not ok - kola.run",
        "ok - sample.passes",
        "ok - sample.flaky",
        "not ok - sample.fails.command",
        "ok - sample.fails.several",
        "not ok - sample.broken",
        "ok - sample.skips # SKIP",
        "ok - sample.needs # SKIP",
        "not ok - sample.hangs.command",
    }));

    [Test]
    public void Allure() => Check("allure-results", AllureReport.Render(_report).Where(file => file.Name.EndsWith("-result.json", StringComparison.Ordinal))
        .Select(file => JsonDocument.Parse(file.Text!).RootElement)
        .GroupBy(result => Text(result, "historyId"), (_, attempts) => attempts.MaxBy(attempt => attempt.GetProperty("start").GetInt64()))
        .Select(last => (Text(last, "name"), last.GetProperty("labels").EnumerateArray().Single(label => Text(label, "name") == "outcome").GetProperty("value").GetString()!)));

    [Test]
    public void Ctrf() => Check("ctrf-report.json", JsonDocument.Parse(CtrfReport.Render(_report)).RootElement.GetProperty("results").GetProperty("tests").EnumerateArray()
        .Select(test => (Text(test, "name"), Text(test, "rawStatus"))));

    [Test]
    public void Markdown() => Check("summary.md", MarkdownReport.Render(_report).Split('\n').Where(line => line.Contains("| `", StringComparison.Ordinal))
        .Select(line => (line.Split('`')[1], line.Split(' ')[1])).Append(("sample.passes", "passed")));

    [Test]
    public void Summary() => Assert.That(SummaryReport.Render(_report, null), Does.Contain("1 passed, 1 flaky, 1 failed, 1 known, 1 broken, 2 skipped, 1 not-run"));

    [Test]
    public void Annotations()
    {
        string[] lines = [.. GitHubReport.Annotations(_report)];
        foreach ((string id, Outcome outcome) in s_outcomes.Where(test => test.Value is not (Outcome.Passed or Outcome.Skipped)))
            Assert.That(lines, Has.One.StartsWith($"::{(outcome is Outcome.Flaky or Outcome.Known ? "warning" : "error")} title={outcome.Word()}%3A {id}::"));
        Assert.That(lines.Where(line => line.Contains("sample.passes", StringComparison.Ordinal) || line.Contains("sample.skips", StringComparison.Ordinal)), Is.Empty);
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static void Check(string format, IEnumerable<(string Id, string Word)> found) =>
        Assert.That(found.Where(test => test.Id != "kola.run").ToDictionary(test => test.Id, test => test.Word), Is.EquivalentTo(s_outcomes.ToDictionary(test => test.Key, test => test.Value.Word())), format);
}
