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
        foreach (IEnumerable<RunEvent> events in (IEnumerable<RunEvent>[])[RichRun.Events, Happened.Clean().Events, Happened.Clean().Events.Skip(1), [], Happened.Clean().Events.Take(4)])
            Assert.That(schema.Validate(JsonReport.Render(Report.Of(events))).Select(error => error.ToString()), Is.Empty);
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
            Assert.That(TapReport.Render(report), Does.Contain("\nnot ok - kola.run\n"));
            Assert.That(SummaryReport.Lines(report, null).Last(), Has.Property("Tone").EqualTo(Tone.Bad).And.Property("Text").StartsWith("inconclusive: "));
            Assert.That(MarkdownReport.Render(report), Does.StartWith("### ❌"));
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
                string[] tap = TapReport.Render(report).Split('\n');
                SummaryReport.Render(report, other);
                MarkdownReport.Render(report);
                return tap.Count(line => line.StartsWith("ok", StringComparison.Ordinal)) == 1
                    && tap.Count(line => line.StartsWith("not ok", StringComparison.Ordinal)) == 2
                    && tap.All(line => line.Length == 0 || line.StartsWith("  ", StringComparison.Ordinal) || line.StartsWith("ok - ", StringComparison.Ordinal) || line.StartsWith("not ok - ", StringComparison.Ordinal) || line == "1..3");
            },
            iter: 500);
    }

    [Test]
    public void A_tap_name_is_never_a_directive()
    {
        Report report = Report.Of(new Happened().Start().Plan("a # SKIP b").Begin("a # SKIP b").End("a # SKIP b", Outcome.Failed, "it").Finish().Events);
        Assert.That(TapReport.Render(report), Does.StartWith("1..1\nnot ok - a _ SKIP b\n  ---\n  outcome: failed\n  Error: \"it\"\n  ...\n"));
    }

    [Test]
    public void All_forms_are_written_and_written_again()
    {
        string directory = Directory.CreateTempSubdirectory("kola-rendering-").FullName;
        try
        {
            Rendering.WriteAll(Report.Of(Happened.Clean().Events), directory);
            Rendering.WriteAll(Rich, directory, "_kola/latest");
            Assert.That(Directory.GetFiles(directory).Select(Path.GetFileName), Is.EquivalentTo(new[] { "results.json", "junit.xml", "test.tap", "summary.txt", "summary.md", "report.html" }));
            Assert.That(File.ReadAllText(Path.Combine(directory, "results.json")), Is.EqualTo(JsonReport.Render(Rich)));
            Assert.That(File.ReadAllBytes(Path.Combine(directory, "junit.xml"))[0], Is.EqualTo((byte)'<'), "no byte order mark");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Test]
    public void A_report_that_cannot_be_written_is_the_places_fault()
    {
        Assert.That(() => Rendering.WriteAll(Rich, "/proc/kola"), Throws.TypeOf<PlatformException>().With.Message.Contains("results.json cannot be written"));
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
