using System.Globalization;
using System.Xml;

namespace Kola.Reporting;

/// <summary>
/// <c>nunit3.xml</c>, as nunit3-console writes it. NUnit's results hold our seven under a label: passed is Passed, flaky is Passed with the label Flaky;
/// failed is Failed, broken and not-run are Failed with the labels Broken and NotRun; skipped is Skipped, known is Skipped with the label Known. Not
/// Warning and not Inconclusive: readers differ in what they make of those. The property <c>outcome</c> has our word. Problems of the run are a test
/// case <c>kola.run</c> that failed with the label Problem. Attached files are named relative to the run's directory.
/// </summary>
public static class NUnitReport
{
    /// <param name="report">What to write.</param>
    /// <param name="isThere">Whether a file, named relative to the run's directory, is there to be attached; null attaches all a machine may leave.</param>
    public static string Render(Report report, Func<string, bool>? isThere = null) => XmlText.Of(xml =>
    {
        bool problems = report.Problems.Count > 0;
        int id = 1000;
        xml.WriteStartElement("test-run");
        Open(xml, "0", null, report.Run?.Run ?? "kola", report.Run?.Image.Name ?? "kola", report.Tests, problems);
        xml.Attribute("engine-version", report.Run?.Kola ?? "");
        Times(xml, report.Run?.At, report.Ended, report.ElapsedSeconds);
        xml.TextElement("command-line", string.Join(' ', report.Run?.CommandLine ?? []));
        xml.WriteStartElement("test-suite");
        Open(xml, "0-1000", "Assembly", report.Run?.Image.Name ?? "kola", report.Run?.Image.File ?? "kola", report.Tests, problems);
        Times(xml, report.Run?.At, report.Ended, report.ElapsedSeconds);
        WriteFacts(xml, report.Run);
        if (problems)
        {
            xml.WriteStartElement("test-suite");
            Open(xml, $"0-{++id}", "TestFixture", "kola", "kola", [], true);
            Times(xml, report.Run?.At, report.Ended, 0);
            WriteProblems(xml, $"0-{++id}", report);
            xml.WriteEndElement();
        }

        foreach (IGrouping<string, TestReport> suite in report.Tests.GroupBy(test => TestFacts.Suite(test.Id)))
        {
            TestReport[] tests = [.. suite];
            xml.WriteStartElement("test-suite");
            Open(xml, $"0-{++id}", "TestFixture", suite.Key, suite.Key, tests, false);
            Times(xml, tests.SelectMany(test => test.Attempts).Min(attempt => attempt.Started), tests.Max(Ended), tests.Sum(test => test.ElapsedSeconds));
            foreach (TestReport test in tests)
                WriteTest(xml, $"0-{++id}", test, isThere);
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
        xml.WriteEndElement();
    });

    private static void Open(XmlWriter xml, string id, string? type, string name, string fullName, IReadOnlyList<TestReport> tests, bool problems)
    {
        (string Result, string? Label)[] results = [.. tests.Select(test => Result(test.Outcome)), .. problems ? [("Failed", "Problem")] : Array.Empty<(string, string?)>()];
        int Count(string result) => results.Count(one => one.Result == result);
        xml.Attribute("id", id);
        if (type is not null)
            xml.Attribute("type", type);
        xml.Attribute("name", name);
        xml.Attribute("fullname", fullName);
        xml.Attribute("runstate", "Runnable");
        xml.Attribute("testcasecount", results.Length);
        // A suite is as its worst child, as NUnit orders them.
        xml.Attribute("result", ((string[])["Failed", "Passed", "Skipped"]).FirstOrDefault(result => Count(result) > 0) ?? "Inconclusive");
        xml.Attribute("total", results.Length);
        xml.Attribute("passed", Count("Passed"));
        xml.Attribute("failed", Count("Failed"));
        xml.Attribute("warnings", 0);
        xml.Attribute("inconclusive", 0);
        xml.Attribute("skipped", Count("Skipped"));
        xml.Attribute("asserts", 0);
    }

    private static (string Result, string? Label) Result(Outcome outcome) => outcome switch
    {
        Outcome.Passed => ("Passed", null),
        Outcome.Flaky => ("Passed", "Flaky"),
        Outcome.Failed => ("Failed", null),
        Outcome.Known => ("Skipped", "Known"),
        Outcome.Broken => ("Failed", "Broken"),
        Outcome.Skipped => ("Skipped", null),
        _ => ("Failed", "NotRun"),
    };

    private static void WriteFacts(XmlWriter xml, RunStarted? run)
    {
        if (run is null)
            return;
        xml.WriteStartElement("properties");
        foreach ((string name, string? value) in TestFacts.Of(run))
            xml.Property(name, value);
        xml.WriteEndElement();
    }

    private static void WriteProblems(XmlWriter xml, string id, Report report)
    {
        OpenCase(xml, id, TestFacts.RunCase, isSkipped: false, "Failed", "Problem");
        Times(xml, report.Run?.At, report.Ended, 0);
        xml.Attribute("asserts", 0);
        WriteFailure(xml, string.Join('\n', report.Problems), null);
        xml.WriteEndElement();
    }

    private static void WriteTest(XmlWriter xml, string id, TestReport test, Func<string, bool>? isThere)
    {
        (string result, string? label) = Result(test.Outcome);
        OpenCase(xml, id, test.Id, test.Outcome == Outcome.Skipped, result, label);
        Times(xml, test.Attempts.Min(attempt => attempt.Started), Ended(test), test.ElapsedSeconds);
        xml.Attribute("asserts", 0);
        xml.WriteStartElement("properties");
        xml.Property("Description", test.Sentence);
        foreach ((string name, string value) in TestFacts.Of(test).Where(fact => fact.Name != "sentence"))
            xml.Property(name, value);
        if (test.Outcome == Outcome.Skipped)
            xml.Property("_SKIPREASON", test.Message);
        xml.WriteEndElement();
        if (result == "Failed")
            WriteFailure(xml, test.Message, test.Trace);
        else if (test.Message is not null)
            WriteReason(xml, test);
        Artifact[] files = [.. test.Attempts.SelectMany(attempt => Artifact.Of(attempt, isThere)).DistinctBy(artifact => artifact.Path)];
        if (files.Length > 0)
            xml.WriteStartElement("attachments");
        foreach (Artifact file in files)
        {
            xml.WriteStartElement("attachment");
            xml.TextElement("filePath", file.Path);
            xml.TextElement("description", file.Name);
            xml.WriteEndElement();
        }

        if (files.Length > 0)
            xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void OpenCase(XmlWriter xml, string id, string name, bool isSkipped, string result, string? label)
    {
        xml.WriteStartElement("test-case");
        xml.Attribute("id", id);
        xml.Attribute("name", name);
        xml.Attribute("fullname", name);
        xml.Attribute("methodname", name);
        xml.Attribute("classname", TestFacts.Suite(name));
        xml.Attribute("runstate", isSkipped ? "Skipped" : "Runnable");
        xml.Attribute("seed", 0);
        xml.Attribute("result", result);
        if (label is not null)
            xml.Attribute("label", label);
    }

    private static void WriteFailure(XmlWriter xml, string? message, string? trace)
    {
        xml.WriteStartElement("failure");
        xml.TextElement("message", message);
        if (trace is not null)
            xml.TextElement("stack-trace", trace);
        xml.WriteEndElement();
    }

    private static void WriteReason(XmlWriter xml, TestReport test)
    {
        string why = test.Outcome == Outcome.Known
            ? string.Create(CultureInfo.InvariantCulture, $"known until {test.Known?.Until:yyyy-MM-dd}: {test.Known?.Because}\n{test.Message}")
            : test.Remedy is null ? test.Message! : $"{test.Message}\n{test.Remedy}";
        xml.WriteStartElement("reason");
        xml.TextElement("message", why);
        xml.WriteEndElement();
    }

    private static DateTimeOffset? Ended(TestReport test) =>
        test.Attempts.Max(attempt => attempt.Started?.AddSeconds(TestFacts.Milliseconds(attempt.ElapsedSeconds) / 1000.0));

    private static void Times(XmlWriter xml, DateTimeOffset? start, DateTimeOffset? end, double seconds)
    {
        if (start is { } from)
            xml.Attribute("start-time", from.UtcDateTime.ToString("u", CultureInfo.InvariantCulture));
        if (end is { } until)
            xml.Attribute("end-time", until.UtcDateTime.ToString("u", CultureInfo.InvariantCulture));
        xml.Attribute("duration", TestFacts.Seconds(seconds));
    }
}
