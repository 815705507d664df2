using System.Globalization;
using System.Xml;

namespace Kola.Reporting;

/// <summary>
/// <c>junit.xml</c>, for CI systems. JUnit has four outcomes for our seven: failed is a <c>failure</c>; broken and not-run are <c>error</c>s of that
/// type; skipped and known are <c>skipped</c>, for neither may turn a build red; flaky passes, with Surefire's <c>flakyFailure</c> and
/// <c>flakyError</c>, as other attempts of a test that did not pass are its <c>rerunFailure</c> and <c>rerunError</c>. The property <c>outcome</c> of
/// every test case keeps them apart. Problems of the run are an error of a test case of their own, or a run that died early would look like a
/// short green one. Files are attached as Jenkins and GitLab read it: <c>[[ATTACHMENT|cl.basic/machine/console.txt]]</c> in <c>system-out</c>,
/// relative to the run's directory.
/// </summary>
public static class JUnitReport
{
    /// <summary>Name of the test case that stands for the run.</summary>
    public const string RunCase = TestFacts.RunCase;

    /// <param name="report">What to write.</param>
    /// <param name="isThere">Whether a file, named relative to the run's directory, is there to be attached; null attaches all a machine may leave.</param>
    public static string Render(Report report, Func<string, bool>? isThere = null) => XmlText.Of(xml =>
    {
        bool problems = report.Problems.Count > 0;
        Open(xml, "testsuites", report, problems);
        Open(xml, "testsuite", report, problems);
        IReadOnlyDictionary<Outcome, int> counts = report.Counts;
        xml.Attribute("skipped", counts[Outcome.Skipped] + counts[Outcome.Known]);
        if (report.Run is { } run)
        {
            xml.Attribute("timestamp", run.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture));
            WriteFacts(xml, run);
        }

        if (problems)
        {
            OpenCase(xml, RunCase, 0);
            WriteResult(xml, "error", "problem", string.Join('\n', report.Problems), null);
            xml.WriteEndElement();
        }

        foreach (TestReport test in report.Tests)
            WriteTest(xml, test, isThere);
        xml.WriteEndElement();
        xml.WriteEndElement();
    });

    private static void Open(XmlWriter xml, string element, Report report, bool problems)
    {
        IReadOnlyDictionary<Outcome, int> counts = report.Counts;
        xml.WriteStartElement(element);
        xml.Attribute("name", report.Run?.Run ?? "kola");
        xml.Attribute("tests", report.Tests.Count + (problems ? 1 : 0));
        xml.Attribute("failures", counts[Outcome.Failed]);
        xml.Attribute("errors", counts[Outcome.Broken] + counts[Outcome.NotRun] + (problems ? 1 : 0));
        xml.Attribute("time", TestFacts.Seconds(report.ElapsedSeconds));
    }

    private static void WriteFacts(XmlWriter xml, RunStarted run)
    {
        xml.WriteStartElement("properties");
        foreach ((string name, string? value) in TestFacts.Of(run))
            xml.Property(name, value);
        xml.WriteEndElement();
    }

    private static void WriteTest(XmlWriter xml, TestReport test, Func<string, bool>? isThere)
    {
        OpenCase(xml, test.Id, test.ElapsedSeconds);
        xml.WriteStartElement("properties");
        foreach ((string name, string value) in TestFacts.Of(test))
            xml.Property(name, value);
        xml.WriteEndElement();
        WriteOutcome(xml, test);
        string[] files = [.. test.Attempts.SelectMany(attempt => Artifact.Of(attempt, isThere)).Select(artifact => $"[[ATTACHMENT|{PlainText.OneLine(artifact.Path)}]]").Distinct()];
        if (files.Length > 0)
            xml.TextElement("system-out", $"{string.Join('\n', files)}\n");
        xml.WriteEndElement();
    }

    private static void WriteOutcome(XmlWriter xml, TestReport test)
    {
        AttemptReport? decisive = TestFacts.Shown(test);
        switch (test.Outcome)
        {
            case Outcome.Failed:
                WriteResult(xml, "failure", "failed", test.Message, test.Trace);
                WriteAttempts(xml, "rerun", test.Attempts.Where(attempt => attempt != decisive));
                break;
            case Outcome.Broken or Outcome.NotRun:
                WriteResult(xml, "error", test.Outcome.Word(), test.Message, test.Trace);
                WriteAttempts(xml, "rerun", test.Attempts.Where(attempt => attempt != decisive));
                break;
            case Outcome.Flaky:
                WriteAttempts(xml, "flaky", test.Attempts);
                break;
            case Outcome.Known:
                WriteSkip(xml, string.Create(CultureInfo.InvariantCulture, $"known until {test.Known?.Until:yyyy-MM-dd}: {test.Known?.Because}: {PlainText.FirstLine(test.Message)}"), test.Message);
                break;
            case Outcome.Skipped:
                WriteSkip(xml, $"{PlainText.OneLine(test.Message)}{(test.Remedy is null ? "" : $" ({PlainText.OneLine(test.Remedy)})")}", null);
                break;
        }
    }

    private static void WriteAttempts(XmlWriter xml, string word, IEnumerable<AttemptReport> attempts)
    {
        foreach (AttemptReport attempt in attempts.Where(attempt => attempt.Outcome is not (Outcome.Passed or Outcome.Skipped)))
        {
            xml.WriteStartElement(word + (attempt.Outcome == Outcome.Failed ? "Failure" : "Error"));
            xml.Attribute("message", PlainText.FirstLine(attempt.Message));
            xml.Attribute("type", attempt.Outcome.Word());
            xml.TextElement("stackTrace", attempt.Trace is null ? attempt.Message : $"{attempt.Message}\n{attempt.Trace}");
            xml.WriteEndElement();
        }
    }

    private static void OpenCase(XmlWriter xml, string id, double seconds)
    {
        // cl.network.wireguard is "wireguard" of class "cl.network" to a viewer that groups; the name stays the whole id.
        xml.WriteStartElement("testcase");
        xml.Attribute("classname", TestFacts.Suite(id));
        xml.Attribute("name", id);
        xml.Attribute("time", TestFacts.Seconds(seconds));
    }

    private static void WriteResult(XmlWriter xml, string element, string type, string? message, string? trace)
    {
        xml.WriteStartElement(element);
        xml.Attribute("message", PlainText.FirstLine(message));
        xml.Attribute("type", type);
        xml.WriteString(PlainText.Clean(trace is null ? message : $"{message}\n{trace}"));
        xml.WriteEndElement();
    }

    private static void WriteSkip(XmlWriter xml, string why, string? message)
    {
        xml.WriteStartElement("skipped");
        xml.Attribute("message", why);
        if (message is not null)
            xml.WriteString(PlainText.Clean(message));
        xml.WriteEndElement();
    }
}
