using System.Text.Json;
using System.Xml.Linq;
using Kola.Reporting;
using Kola.Tests.Reporting;
using NUnit.Framework.Interfaces;

namespace Kola.Tests.Parsers;

/// <summary>Readers nobody here wrote accept every format, and find each test under its outcome's right name.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ForeignParserTests
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kola-parsers-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [TestCaseSource(nameof(Runs))]
    public async Task Junitparser_reads_junit(TestRun run)
    {
        JsonElement read = await ForeignReaders.JUnitParserAsync(Write(run, RunDirectory.JUnitFile));
        Dictionary<string, string> outcomes = read.GetProperty("cases").EnumerateArray().ToDictionary(Name, test =>
        {
            JsonElement[] results = [.. test.GetProperty("results").EnumerateArray()];
            return results.Length == 0 ? (test.GetProperty("flaky").GetBoolean() ? "flaky" : "passed")
                : results.Single().GetProperty("kind").GetString() != "Skipped" ? results[0].GetProperty("type").GetString()!
                : results[0].GetProperty("message").GetString()!.StartsWith("known until ", StringComparison.Ordinal) ? "known" : "skipped";
        });
        Assert.That(outcomes, Is.EquivalentTo(run.Outcomes));
        IReadOnlyDictionary<Outcome, int> counts = run.Report.Counts;
        Assert.That(read.GetProperty("counts").GetProperty("failures").GetInt32(), Is.EqualTo(counts[Outcome.Failed]));
        Assert.That(read.GetProperty("counts").GetProperty("skipped").GetInt32(), Is.EqualTo(counts[Outcome.Skipped] + counts[Outcome.Known]));
    }

    [TestCaseSource(nameof(Runs))]
    public async Task Test_results_parser_reads_junit_and_nunit(TestRun run)
    {
        foreach ((string type, string name) in (IEnumerable<(string, string)>)[("junit", RunDirectory.JUnitFile), ("nunit", RunDirectory.NUnitFile)])
        {
            JsonElement[] tests = [.. (await ForeignReaders.NodeAsync("results", type, Write(run, name))).EnumerateArray()];
            Assert.That(tests.Select(Name), Is.EquivalentTo(run.Outcomes.Keys), type);
            foreach (JsonElement test in tests)
            {
                string outcome = run.Outcomes[Name(test)];
                Assert.That(test.GetProperty("status").GetString(), Is.EqualTo(outcome switch { "passed" or "flaky" => "PASS", "skipped" or "known" => "SKIP", _ => "FAIL" }), $"{type}: {Name(test)}");
                if (outcome != "problem")
                    Assert.That(test.GetProperty("outcome").GetString(), Is.EqualTo(outcome), type);
            }
        }
    }

    [TestCaseSource(nameof(Runs))]
    public async Task Tap_parser_reads_tap_14(TestRun run)
    {
        JsonElement read = await ForeignReaders.NodeAsync("tap", Write(run, RunDirectory.TapFile));
        JsonElement[] tests = [.. read.GetProperty("tests").EnumerateArray()];
        Assert.That(read.GetProperty("complaints").GetRawText(), Is.EqualTo("[]"));
        Assert.That(tests.ToDictionary(Name, test => test.GetProperty("outcome").GetString()!), Is.EquivalentTo(run.Outcomes));
        foreach (JsonElement test in tests)
        {
            string outcome = run.Outcomes[Name(test)];
            Assert.That(test.GetProperty("ok").GetBoolean(), Is.EqualTo(outcome is "passed" or "flaky" or "skipped"), Name(test));
            Assert.That(test.GetProperty("skip").ValueKind == JsonValueKind.String, Is.EqualTo(outcome == "skipped"), Name(test));
            Assert.That(test.GetProperty("todo").ValueKind == JsonValueKind.String, Is.EqualTo(outcome == "known"), Name(test));
            TestReport? known = run.Report.Tests.SingleOrDefault(t => t.Id == Name(test));
            Assert.That(test.GetProperty("parts").GetArrayLength(), Is.EqualTo(known is null ? 0 : TestFactsShown(known)), Name(test));
            if (known?.Message is { } message)
                Assert.That(test.GetProperty("message").GetString(), Is.EqualTo(PlainText.Clean(message)));
        }
    }

    [TestCaseSource(nameof(Runs))]
    public async Task Perls_parser_reads_both_taps(TestRun run)
    {
        // Perl 5.36's knows versions up to 13 and calls 14 an error; the specification has older readers take the rest as it is.
        string modern = Write(run, RunDirectory.TapFile);
        File.WriteAllLines(modern, File.ReadAllLines(modern).Skip(1));
        Assert.That(await ForeignReaders.PerlAsync(modern), Is.EqualTo(run.Outcomes.Select(test => $"{Word(test.Value)} {test.Key}")));

        string compat = Path.Combine(_directory, "compat.tap");
        File.WriteAllText(compat, TapCompatReport.Render(run.Report));
        Assert.That(await ForeignReaders.PerlAsync(compat), Is.EqualTo(run.Outcomes.Select(test => $"{(test.Value == "known" ? "ok" : Word(test.Value))} {test.Key}")));

        static string Word(string outcome) => outcome switch { "passed" or "flaky" => "ok", "skipped" => "skip", "known" => "todo", _ => "not ok" };
    }

    [TestCaseSource(nameof(Runs))]
    public async Task Ctrfs_own_package_finds_the_report_valid(TestRun run)
    {
        JsonElement read = await ForeignReaders.NodeAsync("ctrf", Write(run, RunDirectory.CtrfFile));
        Assert.That(read.GetProperty("valid").GetBoolean(), Is.True, read.GetProperty("errors").GetRawText());
        Assert.That(read.GetProperty("tests").EnumerateArray().ToDictionary(Name, test => test.GetProperty("rawStatus").GetString()!), Is.EquivalentTo(run.Outcomes));
        foreach (string count in (string[])["tests", "passed", "failed", "skipped", "pending", "other", "flaky"])
            Assert.That(read.GetProperty("claimed").GetProperty(count).GetInt32(), Is.EqualTo(read.GetProperty("summary").GetProperty(count).GetInt32()), count);
    }

    [TestCaseSource(nameof(Runs))]
    public async Task Allure_makes_its_report_of_the_results(TestRun run)
    {
        Rendering.WriteAll(run.Report, Logs(run));
        string report = await ForeignReaders.AllureAsync(_directory, Path.Combine(_directory, RunDirectory.AllureDirectory));
        JsonElement[] all = [.. Directory.GetFiles(Path.Combine(report, "allure2", "data", "test-cases"), "*.json").Select(file => JsonElement.Parse(File.ReadAllText(file)))];
        JsonElement[] tests = [.. all.Where(test => !test.GetProperty("isRetry").GetBoolean())];
        Assert.That(tests.ToDictionary(Name, test => test.GetProperty("status").GetString()!), Is.EquivalentTo(run.Outcomes.ToDictionary(test => test.Key, test => test.Value switch
        {
            "passed" or "flaky" => "passed",
            "failed" or "known" => "failed",
            "broken" or "problem" => "broken",
            "skipped" => "skipped",
            _ => "unknown",
        })));
        Assert.That(all.Length, Is.EqualTo(run.Report.Tests.Sum(test => Math.Max(1, test.Attempts.Count)) + (run.Report.Problems.Count > 0 ? 1 : 0)), "one result an attempt");

        Assert.That(tests.Where(test => test.GetProperty("flaky").GetBoolean()).Select(Name), Is.EquivalentTo(run.Outcomes.Where(test => test.Value == "flaky").Select(test => test.Key)));

        // Its categories tell apart what its statuses do not.
        var categories = JsonElement.Parse(File.ReadAllText(Path.Combine(report, "allure2", "data", "categories.json")));
        Dictionary<string, string> found = categories.GetProperty("children").EnumerateArray()
            .SelectMany(category => Leaves(category).Select(leaf => (Leaf: leaf, Category: category.GetProperty("name").GetString()!)))
            .ToDictionary(pair => pair.Leaf, pair => pair.Category);
        Assert.That(found, Is.EquivalentTo(run.Outcomes.Where(test => test.Value != "passed").ToDictionary(test => test.Key, test => test.Value switch
        {
            "flaky" => "Flaky: passed on a retry",
            "failed" => "Failed: the image is wrong",
            "known" => "Known: failed, and a dated policy entry covers it",
            "skipped" => "Skipped",
            "not-run" => "Not run: planned and without a result",
            _ => "Broken: the place is wrong",
        })));
    }

    [Test]
    public async Task Allure_finds_the_logs()
    {
        TestRun run = TestRun.Rich;
        Rendering.WriteAll(run.Report, Logs(run));
        string report = await ForeignReaders.AllureAsync(_directory, Path.Combine(_directory, RunDirectory.AllureDirectory));
        string[] attached = [.. Directory.GetFiles(Path.Combine(report, "allure2", "data", "attachments")).Select(File.ReadAllText)];
        foreach (AttemptReport attempt in run.Report.Tests.SelectMany(test => test.Attempts))
        {
            foreach (MachineReport machine in attempt.Machines)
                Assert.That(attached, Has.Member($"console of {machine.Directory}\n"));
        }
    }

    [TestCaseSource(nameof(Runs))]
    public async Task Allure_reads_junit_too(TestRun run)
    {
        string file = Write(run, RunDirectory.JUnitFile);
        string alone = Directory.CreateDirectory(Path.Combine(_directory, "junit")).FullName;
        File.Move(file, Path.Combine(alone, RunDirectory.JUnitFile));
        string report = await ForeignReaders.AllureAsync(_directory, alone);
        Dictionary<string, string> tests = Directory.GetFiles(Path.Combine(report, "allure2", "data", "test-cases"), "*.json").Select(name => JsonElement.Parse(File.ReadAllText(name)))
            .ToDictionary(Name, test => test.GetProperty("status").GetString()!);
        Assert.That(tests, Is.EquivalentTo(run.Outcomes.ToDictionary(test => test.Key, test => test.Value switch
        {
            "passed" or "flaky" => "passed",
            "failed" => "failed",
            "skipped" or "known" => "skipped",
            _ => "broken",
        })));
    }

    // nunit3-console puts what the framework says of a test or suite into its file as it is.
    [Test]
    public void NUnits_framework_has_the_same_words_for_tests_and_suites()
    {
        var own = (NUnit.Framework.Internal.Test)NUnit.Framework.Internal.TestExecutionContext.CurrentContext.CurrentTest;
        var suite = (NUnit.Framework.Internal.Test)own.Parent!;
        var words = XElement.Parse($"<all>{Said(own, TestStatus.Failed)}{Said(own, TestStatus.Skipped)}{Said(suite, TestStatus.Failed)}</all>");
        HashSet<string> known = [.. Words(words)];
        Assert.That(known, Is.SupersetOf(new[] { "test-case", "test-case@label", "test-suite@total", "failure", "stack-trace", "reason", "message" }), "NUnit has said too little to compare with");
        var ours = XElement.Parse(NUnitReport.Render(TestRun.Rich.Report, _ => false));
        Assert.That(Words(ours).Except(known), Is.EquivalentTo((string[])["test-run", "command-line", .. Attributes(ours)]), "only the root is the console's own");

        static string Said(NUnit.Framework.Internal.Test test, TestStatus status)
        {
            NUnit.Framework.Internal.TestResult result = test.MakeTestResult();
            result.SetResult(new ResultState(status, "Broken"), "message", "   at somewhere");
            (result.StartTime, result.EndTime) = (DateTime.UnixEpoch, DateTime.UnixEpoch);
            test.Properties.Set("Description", "it works");
            return result.ToXml(recursive: false).OuterXml;
        }

        static IEnumerable<string> Attributes(XElement element) => element.Attributes().Select(attribute => $"{element.Name}@{attribute.Name}");

        static IEnumerable<string> Words(XElement root) => root.DescendantsAndSelf().SelectMany(element => Attributes(element).Prepend(element.Name.LocalName)).Distinct();
    }

    private static IEnumerable<TestRun> Runs() => [TestRun.Rich, TestRun.Hostile];

    private static int TestFactsShown(TestReport test) => TestFacts.Shown(test)?.Steps.Count ?? 0;

    private static string Name(JsonElement test) => test.GetProperty("name").GetString()!;

    private static IEnumerable<string> Leaves(JsonElement node) =>
        node.TryGetProperty("children", out JsonElement children) ? children.EnumerateArray().SelectMany(Leaves) : [Name(node)];

    private string Write(TestRun run, string name)
    {
        Rendering.WriteAll(run.Report, _directory);
        return Path.Combine(_directory, name);
    }

    private string Logs(TestRun run)
    {
        foreach (MachineReport machine in run.Report.Tests.SelectMany(test => test.Attempts).SelectMany(attempt => attempt.Machines))
        {
            string directory = Directory.CreateDirectory(Path.Combine(_directory, machine.Directory)).FullName;
            File.WriteAllText(Path.Combine(directory, RunDirectory.ConsoleFile), $"console of {machine.Directory}\n");
        }

        return _directory;
    }
}

/// <summary>A run that readers are given.</summary>
/// <param name="Title">Names the test.</param>
/// <param name="Report">The run.</param>
public sealed record TestRun(string Title, Report Report)
{
    internal static TestRun Rich { get; } = new("rich", Report.Of(RichRun.Events));

    /// <summary>Machines and commands that say what would end, comment out or command a reader, if it were not escaped.</summary>
    internal static TestRun Hostile { get; } = new("hostile", Report.Of(RichRun.Events.Select(Spoil)));

    /// <summary>What each test should be found under: its outcome's word; <c>problem</c> for the one that stands for the run.</summary>
    internal IReadOnlyDictionary<string, string> Outcomes => new Dictionary<string, string>(
    [
        .. Report.Problems.Count > 0 ? [new("kola.run", "problem")] : Array.Empty<KeyValuePair<string, string>>(),
        .. Report.Tests.Select(test => new KeyValuePair<string, string>(test.Id, test.Outcome.Word())),
    ]);

    private const string Noise = "\u001b[31m]]><&\"' # SKIP \\ %0A ::error::x\n...\n---\n1..0\nBail out!\nnot ok 99 - fake\n    ok 1 - fake\n  ---\n\u2028{{x}} {\"a\": [\u0000\ud83e\udc55\ud800 - : | > ! %TAG &a *a </failure><script>alert(1)</script>\r\n# Subtest: fake\n  wanted:  \"\\\"\n  got:     'x' # TODO\n\u0085\ufeff\uffff";

    public override string ToString() => Title;

    private static RunEvent Spoil(RunEvent happened) => happened switch
    {
        TestEnded { Message: { } message } e => e with { Message = message + Noise, Trace = Noise, Evidence = e.Evidence is null ? null : e.Evidence with { Machine = Noise } },
        TestPlanned { SkipReason: { } reason } e => e with { Sentence = Noise, SkipReason = reason + Noise, SkipRemedy = Noise },
        TestPlanned { Known: { } known } e => e with { Sentence = Noise, Known = known with { Because = known.Because + Noise, Owner = Noise } },
        TestPlanned e => e with { Sentence = Noise },
        StepEnded e => e with { Step = e.Step + Noise, Message = Noise },
        EvidenceKept e => e with { What = Noise },
        CleanupFailed e => e with { What = Noise, Message = Noise },
        _ => happened,
    };
}
