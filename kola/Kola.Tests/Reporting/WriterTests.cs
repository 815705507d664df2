using System.Text.Json;
using System.Xml;
using System.Xml.Linq;
using CsCheck;
using Kola.Reporting;
using NJsonSchema;

namespace Kola.Tests.Reporting;

public sealed class WriterTests
{
    private static readonly string[] Names = ["ok - fake", "x # SKIP", "#", "a\nnot ok - b", "1..0", "a\u0000\u001b[31mb", "\ud800", "Bail out!", "<&\"']]>", "…é🡕", ""];

    private static readonly Gen<string> Texts = Gen.OneOf(Gen.Int[0, Names.Length - 1].Select(i => Names[i]), Gen.String, Gen.Char.Array[0, 20].Select(c => new string(c)));

    private static Report Rich => Report.Of(RichRun.Events);

    [Test]
    public void Results_are_as_ever() => GoldenFile.Check("results.json", JsonReport.Render(Rich));

    [Test]
    public void JUnit_is_as_ever() => GoldenFile.Check("junit.xml", JUnitReport.Render(Rich));

    [Test]
    public void Tap_is_as_ever() => GoldenFile.Check("test.tap", TapReport.Render(Rich));

    [Test]
    public void The_peers_tap_is_as_ever() => GoldenFile.Check("compat.tap", TapCompatReport.Render(Rich));

    [Test]
    public void NUnits_xml_is_as_ever() => GoldenFile.Check("nunit3.xml", NUnitReport.Render(Rich));

    [Test]
    public void Ctrf_is_as_ever() => GoldenFile.Check("ctrf-report.json", CtrfReport.Render(Rich));

    [Test]
    public void Allures_results_are_as_ever() =>
        GoldenFile.Check("allure-results.txt", string.Concat(AllureReport.Render(Rich).Select(file => $"=== {file.Name}{(file.Source is null ? "" : $" is {file.Source}")}\n{file.Text}")));

    [Test]
    public void Annotations_are_as_ever() => GoldenFile.Check("annotations.txt", string.Concat(GitHubReport.Annotations(Rich).Select(line => line + "\n")));

    [Test]
    public void The_summary_is_as_ever() => GoldenFile.Check("summary.txt", SummaryReport.Render(Rich, "_kola/latest"));

    [Test]
    public void The_markdown_is_as_ever() => GoldenFile.Check("summary.md", MarkdownReport.Render(Rich));

    [Test]
    public void The_progress_is_as_ever() =>
        GoldenFile.Check("progress.txt", string.Concat(RichRun.Events.Select(ProgressLine.For).OfType<ReportLine>().Select(line => $"{line.Text}\n")));

    [Test]
    public async Task Results_keep_their_published_shape()
    {
        JsonSchema schema = await JsonSchema.FromFileAsync(Path.Combine(GoldenFile.Root, "docs", "results.schema.json"));
        foreach (IEnumerable<RunEvent> events in (IEnumerable<RunEvent>[])[RichRun.Events, Happened.Clean().Events, Happened.Clean().Events.Skip(1), [], Happened.Clean().Events.Take(4), Stressed()])
            Assert.That(schema.Validate(JsonReport.Render(Report.Of(events))).Select(error => error.ToString()), Is.Empty);
    }

    // All that a run without a policy, shards or repetitions does not have.
    private static IEnumerable<RunEvent> Stressed() => new Happened()
        .Start().Plan("cl.basic", enforced: true)
        .Begin("cl.basic").End("cl.basic", Outcome.Passed).Begin("cl.basic", 2).End("cl.basic", Outcome.Failed, "it", attempt: 2)
        .Add(at => new PolicyRead
        {
            At = at,
            File = "kola-policy.yaml",
            Digest = "sha256:" + new string('1', 64),
            Gate = new GateRule { Flaky = 2, Platforms = ["qemu"] },
            Entries = [new PolicyEntry { Action = PolicyAction.Enforce, Tests = ["cl.*"], Versions = ">=4400.0.0", Because = "it matters", Owner = "Ada", Tracker = "https://example.org/2", Until = new DateOnly(2027, 1, 31), Line = 7 }],
        })
        .Finish().Events.Select(happened => happened is RunStarted started ? started with { Stress = 2, Retries = 1, Shard = "1/2", Selection = "sha256:" + new string('2', 64) } : happened);

    [Test]
    public void A_policy_and_a_failure_rate_are_in_the_results()
    {
        JsonElement results = JsonDocument.Parse(JsonReport.Render(Report.Of(Stressed()))).RootElement;
        Assert.That(results.GetProperty("policy").GetProperty("entries")[0].GetProperty("until").GetString(), Is.EqualTo("2027-01-31"));
        Assert.That(results.GetProperty("run").GetProperty("shard").GetString(), Is.EqualTo("1/2"));
        Assert.That(results.GetProperty("tests")[0].GetProperty("stress").GetProperty("failed").GetInt32(), Is.EqualTo(1));
        Assert.That(results.GetProperty("gate").GetProperty("reasons").EnumerateArray().Select(reason => reason.GetString()), Has.Member("cl.basic has to pass and is failed"));
        Assert.That(TapReport.Render(Report.Of(Stressed())), Does.Contain("stress: \"1 of 2, 50 % (95 %: "));
    }

    [Test]
    public void Attempts_of_a_test_have_the_names_surefire_gives_them()
    {
        Happened run = new Happened().Start().Plan("a.failed").Plan("a.flaky").Plan("a.broken")
            .Begin("a.failed").End("a.failed", Outcome.Broken, "the host was full").Begin("a.failed", 2).End("a.failed", Outcome.Failed, "it is wrong", attempt: 2).Begin("a.failed", 3).End("a.failed", Outcome.Failed, "it is wrong", attempt: 3)
            .Begin("a.flaky").End("a.flaky", Outcome.Broken, "the host was full").Begin("a.flaky", 2).End("a.flaky", Outcome.Failed, "it is wrong", attempt: 2).Begin("a.flaky", 3).End("a.flaky", Outcome.Passed, attempt: 3)
            .Begin("a.broken").End("a.broken", Outcome.Broken, "no memory").Begin("a.broken", 2).End("a.broken", Outcome.Broken, "no memory at all", attempt: 2);
        IEnumerable<string> attempts = XDocument.Parse(JUnitReport.Render(Report.Of(run.Finish().Events))).Descendants("testcase")
            .Select(test => $"{test.Attribute("name")!.Value}: {string.Join(", ", test.Elements().Skip(1).Select(element => $"{element.Name} {element.Attribute("message")!.Value}"))}");
        Assert.That(attempts, Is.EqualTo(new[]
        {
            "a.failed: failure it is wrong, rerunError the host was full, rerunFailure it is wrong",
            "a.flaky: flakyError the host was full, flakyFailure it is wrong",
            "a.broken: error no memory at all, rerunError no memory",
        }));
    }

    [Test]
    public async Task The_published_shape_refuses_what_is_none()
    {
        JsonSchema schema = await JsonSchema.FromFileAsync(Path.Combine(GoldenFile.Root, "docs", "results.schema.json"));
        string results = JsonReport.Render(Rich);
        foreach ((string was, string becomes) in (IEnumerable<(string, string)>)
            [("\"outcome\": \"flaky\"", "\"outcome\": \"fine\""), ("\"exitCode\": 1", "\"exitCode\": 2"), ("\"problems\": [", "\"problem\": ["), ("\"complete\": false", "\"complete\": 0"), ("\"number\": 1", "\"numbre\": 1")])
        {
            Assert.That(results, Does.Contain(was));
            Assert.That(schema.Validate(results.Replace(was, becomes, StringComparison.Ordinal)), Is.Not.Empty, becomes);
        }
    }

    [Test]
    public void JUnit_keeps_every_outcome_apart()
    {
        XDocument xml = XDocument.Parse(JUnitReport.Render(Rich));
        Dictionary<string, (string Outcome, string Element)> cases = xml.Descendants("testcase").Skip(1).ToDictionary(
            test => test.Attribute("name")!.Value,
            test => (Of(test, "outcome"), string.Join(' ', test.Elements().Select(e => e.Name.LocalName).Except(["properties", "system-out"]))));

        Assert.That(cases["cl.basic"], Is.EqualTo(("passed", "")));
        Assert.That(cases["cl.network.wireguard"], Is.EqualTo(("failed", "failure")));
        Assert.That(cases["cl.flannel.vxlan"], Is.EqualTo(("flaky", "flakyFailure")));
        Assert.That(cases["cl.selinux.enforcing"], Is.EqualTo(("known", "skipped")));
        Assert.That(cases["cl.disk.raid1"], Is.EqualTo(("broken", "error")));
        Assert.That(cases["cl.tpm.root"], Is.EqualTo(("skipped", "skipped")));
        Assert.That(cases["cl.update.payload"], Is.EqualTo(("not-run", "error")));
    }

    [Test]
    public void JUnit_counts_what_it_holds()
    {
        XElement suite = XDocument.Parse(JUnitReport.Render(Rich)).Root!.Element("testsuite")!;
        foreach ((string attribute, string element) in (IEnumerable<(string, string)>)[("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")])
            Assert.That((int)suite.Attribute(attribute)!, Is.EqualTo(suite.Descendants(element).Count()), attribute);
    }

    [Test]
    public void No_writer_makes_a_run_that_died_look_green()
    {
        foreach (IEnumerable<RunEvent> events in (IEnumerable<RunEvent>[])[[], Happened.Clean().Events.Take(1), Happened.Clean().Events.SkipLast(1), new Happened().Start().Finish().Events])
        {
            Report report = Report.Of(events);
            Assert.That(XDocument.Parse(JUnitReport.Render(report)).Descendants("error"), Is.Not.Empty);
            Assert.That(TapReport.Render(report), Does.Contain("\nnot ok 1 - kola.run\n"));
            Assert.That(SummaryReport.Lines(report, null).Last(), Has.Property("Tone").EqualTo(Tone.Bad).And.Property("Text").StartsWith("inconclusive: "));
            Assert.That(MarkdownReport.Render(report), Does.StartWith("### ❌"));
            Assert.That(TapCompatReport.Render(report), Does.Contain("\nnot ok - kola.run\n"));
            Assert.That((string)XDocument.Parse(NUnitReport.Render(report)).Root!.Attribute("result")!, Is.EqualTo("Failed"));
            Assert.That(CtrfReport.Render(report), Does.Contain("\"rawStatus\": \"problem\""));
            Assert.That(AllureReport.Render(report).Select(file => file.Text), Has.Some.Contains("\"name\": \"kola.run\""));
            Assert.That(GitHubReport.Annotations(report).First(), Does.StartWith("::error title=problem of the run::"));
            Assert.That(JsonReport.Render(report), Does.Contain("\"exitCode\": 3"));
        }
    }

    [Test]
    public void Whatever_a_machine_says_every_file_stays_readable()
    {
        Gen.Select(Texts, Texts, Texts).Sample(
            (id, message, other) =>
            {
                Report report = Report.Of(new Happened().Start(other).Plan(id, known: new KnownFailure(message, DateOnly.MaxValue, other)).Plan(id + "2", message, other)
                    .Begin(id).Boot(id, other).Step(id, message, Outcome.Failed, other).End(id, Outcome.Failed, message, trace: other).Finish(other).Events);
                using var reader = XmlReader.Create(new StringReader(JUnitReport.Render(report)));
                while (reader.Read())
                {
                }

                JsonDocument.Parse(JsonReport.Render(report)).Dispose();
                JsonDocument.Parse(CtrfReport.Render(report)).Dispose();
                XDocument.Parse(NUnitReport.Render(report));
                foreach (ReportFile file in AllureReport.Render(report).Where(file => file.Name.EndsWith(".json", StringComparison.Ordinal) && file.Text is not null))
                    JsonDocument.Parse(file.Text!).Dispose();
                string[] compat = TapCompatReport.Render(report).Split('\n');
                SummaryReport.Render(report, other);
                MarkdownReport.Render(report);
                return IsTap(TapReport.Render(report))
                    && GitHubReport.Annotations(report).All(line => !line.AsSpan().ContainsAny('\n', '\r', '\u001b') && line.StartsWith("::", StringComparison.Ordinal))
                    && compat.Count(line => line.StartsWith("ok - ", StringComparison.Ordinal)) == 2
                    && compat.Count(line => line.StartsWith("not ok - ", StringComparison.Ordinal)) == 1
                    && compat.All(line => line.Length == 0 || line is "1..3" or "  ---" or "  ..." || line.StartsWith("  Error: \"", StringComparison.Ordinal) || line.StartsWith("ok - ", StringComparison.Ordinal) || line.StartsWith("not ok - ", StringComparison.Ordinal));
            },
            iter: 500);
    }

    // A problem, a known failure that has a subtest, a skip.
    private static bool IsTap(string tap)
    {
        string[] lines = tap.Split('\n');
        return lines is ["TAP version 14", "1..3", ..]
            && lines.Count(line => line.StartsWith("ok 3 - ", StringComparison.Ordinal) && line.Contains(" # SKIP ", StringComparison.Ordinal)) == 1
            && lines.Count(line => line.StartsWith("not ok ", StringComparison.Ordinal)) == 2
            && lines.Count(line => line.StartsWith("# Subtest: ", StringComparison.Ordinal)) == 1
            && lines.Skip(2).All(line => line.Length == 0 || line.StartsWith("  ", StringComparison.Ordinal) || line.StartsWith("# Subtest: ", StringComparison.Ordinal) || line.StartsWith("ok ", StringComparison.Ordinal) || line.StartsWith("not ok ", StringComparison.Ordinal));
    }

    [Test]
    public void A_bad_day_fits_into_a_jobs_summary()
    {
        Happened run = new Happened().Start();
        for (int i = 0; i < 500; i++)
            run.Plan($"cl.test.t{i}");
        for (int i = 0; i < 500; i++)
            run.Begin($"cl.test.t{i}").End($"cl.test.t{i}", Outcome.Failed, string.Join('\n', Enumerable.Repeat(new string('<', 2000), 100)));
        string summary = GitHubReport.Summary(Report.Of(run.Finish().Events), there: 0);
        Assert.That(summary, Does.Contain("| failed | `cl.test.t499` |").And.Contain("450 more are in the table only").And.Length.LessThan(GitHubReport.LongestSummary));
        Assert.That(GitHubReport.Summary(Report.Of(run.Events), there: GitHubReport.LongestSummary).Split('\n'), Has.Length.EqualTo(3));
    }

    [TestCase("a ```` b\n```\n</details> @team", "\n`````text\na ```` b\n```\n</details> @team\n`````\n")]
    [TestCase("it", "\n```text\nit\n```\n")]
    public void A_message_cannot_leave_its_block(string message, string block)
    {
        Report report = Report.Of(new Happened().Start().Plan("cl.basic").Begin("cl.basic").End("cl.basic", Outcome.Failed, message).Finish().Events);
        Assert.That(MarkdownReport.Render(report), Does.Contain(block));
    }

    [Test]
    public void A_tap_name_is_never_a_directive()
    {
        Report report = Report.Of(new Happened().Start().Plan("a # SKIP b").Begin("a # SKIP b").End("a # SKIP b", Outcome.Failed, "it").Finish().Events);
        Assert.That(TapReport.Render(report), Does.StartWith("TAP version 14\n1..1\nnot ok 1 - a _ SKIP b\n  ---\n  outcome: \"failed\"\n  message: \"it\"\n"));
        Assert.That(TapCompatReport.Render(report), Does.StartWith("1..1\nnot ok - a  SKIP b\n  ---\n  Error: \"failed: it\"\n  ...\n"));
    }

    [TestCase(0, "0.00 s")]
    [TestCase(9.994, "9.99 s")]
    [TestCase(42.123, "42.1 s")]
    [TestCase(59.96, "1 min 0 s")]
    [TestCase(723.4, "12 min 3 s")]
    [TestCase(3599.7, "1 h 0 min")]
    [TestCase(7500, "2 h 5 min")]
    [TestCase(-1, "0.00 s")]
    [TestCase(double.NaN, "?")]
    public void A_duration_is_told_in_the_unit_a_person_would_choose(double seconds, string words)
    {
        Assert.That(PlainText.Duration(seconds), Is.EqualTo(words));
    }

    [TestCase("\u001b[0;1;31mred\u001b[0m", "red")]
    [TestCase("\u001b]0;title\adone", "done")]
    [TestCase("\u001b]0;title\u001b\\done", "done")]
    [TestCase("a\r\nb\rc", "a\nb\nc")]
    [TestCase("a\u0000\a\u009bb", "ab")]
    [TestCase(null, "")]
    public void Text_is_cleaned_of_what_a_terminal_acts_on(string? text, string clean)
    {
        Assert.That(PlainText.Clean(text), Is.EqualTo(clean));
    }

    // Not a TestCase: an attribute cannot hold half a surrogate pair.
    [Test]
    public void What_xml_cannot_hold_is_replaced()
    {
        Assert.That(PlainText.Clean("\ud800x\ufffe"), Is.EqualTo("\ufffdx\ufffd"));
    }

    private static string Of(XElement test, string property) =>
        test.Element("properties")!.Elements().Single(e => e.Attribute("name")!.Value == property).Attribute("value")!.Value;
}
