using System.Text.RegularExpressions;
using Kola.Cli;
using Kola.Reporting;
using Kola.Tests.Reporting;

namespace Kola.Tests.Cli;

/// <summary>Where <c>kola report</c> puts a report beside the run's directory; <c>kola run</c> has the same options and the same code.</summary>
[NonParallelizable] // Console is the process's
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed partial class ReportOptionsTests
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kola-report-").FullName;

    [SetUp]
    public void WriteEvents()
    {
        using var log = EventLog.Create(Path.Combine(_directory, RunDirectory.EventsFile));
        foreach (RunEvent happened in RichRun.Events)
            log.Append(happened is TestEnded { Message: { } message } ended ? ended with { Message = message + "\n::stop-commands::x\n  ::add-mask::root\n##[error]fake" } : happened);
    }

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [Test]
    public async Task The_peers_tap_is_written_where_it_is_wanted()
    {
        string file = Path.Combine(_directory, "peer.tap");
        (int code, string output, _) = await RunAsync(new Surroundings { CacheDirectory = _directory }, "report", _directory, "--tap-compat", file);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(File.ReadAllText(file), Does.StartWith("1..10\nnot ok - kola.run\n").And.Contain("\nok - cl.tpm.root # SKIP\n"));
        Assert.That(output, Does.Not.Contain("::error"));
    }

    [TestCase("/no/such/directory/peer.tap")]
    [TestCase("/tmp")]
    public void A_file_that_cannot_be_is_refused_at_once(string file) =>
        Assert.That(async () => await ReportAsync("report", _directory, "--tap-compat", file), Is.EqualTo(2));

    [Test]
    public async Task Where_github_reads_what_is_printed_only_our_own_commands_are_any([Values] bool asked)
    {
        string summary = Path.Combine(_directory, "step-summary.md");
        await File.WriteAllTextAsync(summary, "before\n");
        using var commands = new StringWriter();
        var surroundings = new Surroundings { CacheDirectory = _directory, StepSummary = summary };
        (int code, string output, _) = asked
            ? await RunAsync(surroundings, "report", _directory, "--github")
            : await RunAsync(surroundings with { IsGitHub = true, Commands = commands }, "report", _directory);
        Assert.That(code, Is.EqualTo(1));
        string[] printed = [.. (asked ? output : commands.ToString()).Split('\n').Where(line => Command().IsMatch(line))];
        Assert.That(printed, Has.Length.EqualTo(12).And.All.Match(@"^::(error|warning|notice) title="));
        if (asked)
            Assert.That(output, Does.Contain("stop-commands").And.Contain("## [error]fake"));
        Assert.That(File.ReadAllText(summary), Does.StartWith("before\n### ❌ failed: 9 tests").And.EndsWith("\n\n"));
    }

    [Test]
    public async Task A_summary_that_is_full_gets_the_verdict_alone()
    {
        string summary = Path.Combine(_directory, "step-summary.md");
        string before = new('x', GitHubReport.LongestSummary - 200);
        await File.WriteAllTextAsync(summary, before);
        await RunAsync(new Surroundings { CacheDirectory = _directory, StepSummary = summary }, "report", _directory, "--github");
        Assert.That(File.ReadAllText(summary)[before.Length..], Does.StartWith("### ❌ failed: 9 tests").And.Property("Length").LessThan(200));
    }

    [Test]
    public void The_environment_says_whether_it_is_github()
    {
        var variables = new Dictionary<string, string> { ["GITHUB_ACTIONS"] = "true", ["GITHUB_STEP_SUMMARY"] = "/s" };
        Assert.That(Surroundings.Of(name => variables.GetValueOrDefault(name)), Has.Property("IsGitHub").True.And.Property("StepSummary").EqualTo("/s"));
        Assert.That(Surroundings.Of(_ => null), Has.Property("IsGitHub").False.And.Property("StepSummary").Null);
    }

    private async Task<int> ReportAsync(params string[] arguments) => (await RunAsync(new Surroundings { CacheDirectory = _directory }, arguments)).Code;

    private static Task<(int Code, string Output, string Error)> RunAsync(Surroundings surroundings, params string[] arguments) =>
        Typed.RunAsync(surroundings, arguments);

    //   ::error title=a::b        text ##[error]text
    [GeneratedRegex(@"^\s*::|##\[")]
    private static partial Regex Command();
}
