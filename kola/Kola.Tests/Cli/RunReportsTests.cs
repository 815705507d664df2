using Kola.Cli;
using Kola.Fake;
using Kola.Machines;
using Kola.Planning;
using Kola.Reporting;

namespace Kola.Tests.Cli;

/// <summary>What a run leaves behind, and what becomes of its verdict when it cannot.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RunReportsTests
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kola-run-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [Test]
    public async Task A_run_leaves_every_form_of_its_report()
    {
        using var commands = new StringWriter();
        string tap = Path.Combine(_directory, "peer.tap"), summary = Path.Combine(_directory, "step.md");
        int code = await RunAsync(new Publication { TapCompat = tap, Commands = commands, SummaryFile = summary }, fault: new InvalidOperationException("it\n::set-env name=PATH::/tmp"));
        Assert.That(code, Is.EqualTo(1));
        string run = Path.Combine(_directory, RunDirectory.Latest);
        Assert.That(((string[])[RunDirectory.ResultsFile, RunDirectory.JUnitFile, RunDirectory.TapFile, RunDirectory.NUnitFile, RunDirectory.CtrfFile, RunDirectory.SummaryFile, RunDirectory.MarkdownFile, Path.Combine(RunDirectory.AllureDirectory, "categories.json")]).Select(name => Path.Combine(run, name)), Is.All.Exist);
        Assert.That(File.ReadAllText(tap), Does.StartWith("1..1\nnot ok - some.test\n"));
        Assert.That(commands.ToString(), Does.StartWith("::error title=failed%3A some.test::it%0A::set-env name=PATH::/tmp"));
        Assert.That(commands.ToString().Split('\n').Where(line => line.Contains("set-env", StringComparison.Ordinal)), Is.All.StartsWith("::error"));
        Assert.That(File.ReadAllText(summary), Does.StartWith("### ❌ failed: 1 test"));
    }

    [Test]
    public async Task A_report_that_cannot_be_written_makes_no_run_green()
    {
        int code = await RunAsync(new Publication { TapCompat = Path.Combine(_directory, "gone", "peer.tap") }, fault: null);
        Assert.That(code, Is.EqualTo(3));
        Assert.That(Path.Combine(_directory, RunDirectory.Latest, RunDirectory.ResultsFile), Does.Exist, "the others are there");
    }

    [Test]
    public async Task A_run_whose_directory_was_taken_away_ends_with_its_code() =>
        Assert.That(await RunAsync(new Publication(), fault: null, () => Directory.Delete(Directory.ResolveLinkTarget(Path.Combine(_directory, RunDirectory.Latest), returnFinalTarget: true)!.FullName, recursive: true)), Is.EqualTo(3));

    private async Task<int> RunAsync(Publication publication, Exception? fault, Action? afterwards = null)
    {
        await using var platform = new FakePlatform(new FakeOptions(), TimeProvider.System);
        var target = new Target(Some.Image(), platform, platform.Features);
        var plan = new Plan { Tests = [new PlannedTest(Some.Case(), null)] };
        using var interruptions = Interruptions.Of(CancellationToken.None);
        var settings = new RunSettings { Output = _directory, Quiet = true, Publication = publication };
        return await new Run(target, plan, settings, interruptions).ExecuteAsync(
            ["kola", "run"],
            async session =>
            {
                await session.RunAsync("some.test", _ => fault is null ? Task.CompletedTask : Task.FromException(fault), new TestCode { Judge = thrown => (Outcome.Failed, thrown.Message) });
                afterwards?.Invoke();
            });
    }
}
