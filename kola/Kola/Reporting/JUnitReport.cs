using System.Globalization;
using System.Text;
using System.Xml;

namespace Kola.Reporting;

/// <summary>
/// <c>junit.xml</c>, for CI systems. JUnit has four outcomes for our seven: failed is a <c>failure</c>; broken and not-run are <c>error</c>s of that
/// type; skipped and known are <c>skipped</c>, for neither may turn a build red; flaky passes, with Surefire's <c>flakyFailure</c>, as other
/// attempts of a failed test are its <c>rerunFailure</c>. The
/// property <c>outcome</c> of every test case keeps them apart. Problems of the run are an error of a test case of their own, or a run
/// that died early would look like a short green one.
/// </summary>
public static class JUnitReport
{
    /// <summary>Name of the test case that stands for the run.</summary>
    public const string RunCase = "kola.run";

    public static string Render(Report report)
    {
        using var text = new Utf8Writer();
        using (XmlWriter xml = XmlWriter.Create(text, new XmlWriterSettings { Indent = true, NewLineChars = "\n" }))
        {
            bool problems = report.Problems.Count > 0;
            Open(xml, "testsuites", report, problems);
            Open(xml, "testsuite", report, problems);
            if (report.Run is { } run)
            {
                Attribute(xml, "timestamp", run.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture));
                WriteFacts(xml, run);
            }

            if (problems)
                WriteProblems(xml, report);
            foreach (TestReport test in report.Tests)
                WriteTest(xml, test);
            xml.WriteEndElement();
            xml.WriteEndElement();
        }

        return text + "\n";
    }

    private static void Open(XmlWriter xml, string element, Report report, bool problems)
    {
        IReadOnlyDictionary<Outcome, int> counts = report.Counts;
        xml.WriteStartElement(element);
        Attribute(xml, "name", report.Run?.Run ?? "kola");
        Attribute(xml, "tests", Number(report.Tests.Count + (problems ? 1 : 0)));
        Attribute(xml, "failures", Number(counts[Outcome.Failed]));
        Attribute(xml, "errors", Number(counts[Outcome.Broken] + counts[Outcome.NotRun] + (problems ? 1 : 0)));
        Attribute(xml, "skipped", Number(counts[Outcome.Skipped] + counts[Outcome.Known]));
        Attribute(xml, "time", Seconds(report.ElapsedSeconds));
    }

    private static void WriteFacts(XmlWriter xml, RunStarted run)
    {
        xml.WriteStartElement("properties");
        Property(xml, "kola", run.Kola);
        Property(xml, "platform", run.Platform);
        Property(xml, "image", run.Image.Name);
        Property(xml, "image.version", run.Image.Version);
        Property(xml, "image.channel", run.Image.Channel);
        Property(xml, "image.architecture", run.Image.Architecture);
        Property(xml, "image.digest", run.Image.Digest);
        foreach ((string name, string value) in run.Facts.OrderBy(fact => fact.Key, StringComparer.Ordinal))
            Property(xml, name, value);
        xml.WriteEndElement();
    }

    private static void WriteProblems(XmlWriter xml, Report report)
    {
        OpenCase(xml, RunCase, 0);
        WriteResult(xml, "error", "problem", string.Join('\n', report.Problems), null);
        xml.WriteEndElement();
    }

    private static void WriteTest(XmlWriter xml, TestReport test)
    {
        OpenCase(xml, test.Id, test.ElapsedSeconds);
        xml.WriteStartElement("properties");
        Property(xml, "outcome", test.Outcome.Word());
        Property(xml, "sentence", test.Sentence);
        Property(xml, "attempts", Number(test.Attempts.Count));
        foreach (string directory in test.Directories)
            Property(xml, "evidence", directory);
        xml.WriteEndElement();
        WriteOutcome(xml, test);
        if (test.Directories.Any())
            xml.WriteElementString("system-out", PlainText.Clean($"see, in the run's directory:\n{string.Join('\n', test.Directories)}\n"));
        xml.WriteEndElement();
    }

    private static void WriteOutcome(XmlWriter xml, TestReport test)
    {
        switch (test.Outcome)
        {
            case Outcome.Failed:
                WriteResult(xml, "failure", "failed", test.Message, test.Trace);
                foreach (AttemptReport attempt in test.Attempts.Where(attempt => attempt.Message is not null && attempt.Message != test.Message))
                    WriteResult(xml, "rerunFailure", attempt.Outcome.Word(), attempt.Message, attempt.Trace);
                break;
            case Outcome.Broken or Outcome.NotRun:
                WriteResult(xml, "error", test.Outcome.Word(), test.Message, test.Trace);
                break;
            case Outcome.Flaky:
                foreach (AttemptReport attempt in test.Attempts.Where(attempt => attempt.Outcome != Outcome.Passed))
                    WriteResult(xml, "flakyFailure", attempt.Outcome.Word(), attempt.Message, attempt.Trace);
                break;
            case Outcome.Known:
                WriteSkip(xml, $"known until {test.Known?.Until:yyyy-MM-dd}: {test.Known?.Because}: {PlainText.FirstLine(test.Message)}");
                break;
            case Outcome.Skipped:
                WriteSkip(xml, $"{PlainText.OneLine(test.Message)}{(test.Remedy is null ? "" : $" ({PlainText.OneLine(test.Remedy)})")}");
                break;
        }
    }

    private static void OpenCase(XmlWriter xml, string id, double seconds)
    {
        // cl.network.wireguard is "wireguard" of class "cl.network" to a viewer that groups; the name stays the whole id.
        int dot = id.LastIndexOf('.');
        xml.WriteStartElement("testcase");
        Attribute(xml, "classname", dot > 0 ? id[..dot] : id);
        Attribute(xml, "name", id);
        Attribute(xml, "time", Seconds(seconds));
    }

    private static void WriteResult(XmlWriter xml, string element, string type, string? message, string? trace)
    {
        xml.WriteStartElement(element);
        Attribute(xml, "message", PlainText.FirstLine(message));
        Attribute(xml, "type", type);
        xml.WriteString(PlainText.Clean(trace is null ? message : $"{message}\n{trace}"));
        xml.WriteEndElement();
    }

    private static void WriteSkip(XmlWriter xml, string why)
    {
        xml.WriteStartElement("skipped");
        Attribute(xml, "message", why);
        xml.WriteEndElement();
    }

    private static void Property(XmlWriter xml, string name, string? value)
    {
        if (string.IsNullOrEmpty(value))
            return;
        xml.WriteStartElement("property");
        Attribute(xml, "name", name);
        Attribute(xml, "value", value);
        xml.WriteEndElement();
    }

    private static void Attribute(XmlWriter xml, string name, string value) => xml.WriteAttributeString(name, PlainText.OneLine(value));

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Seconds(double seconds) => (double.IsFinite(seconds) ? Math.Max(0, seconds) : 0).ToString("0.000", CultureInfo.InvariantCulture);

    // A plain StringWriter makes the declaration say utf-16.
    private sealed class Utf8Writer : StringWriter
    {
        internal Utf8Writer()
            : base(CultureInfo.InvariantCulture)
        {
        }

        public override Encoding Encoding => new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
    }
}
