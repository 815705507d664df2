using System.Text.Json;
using Kola.Cli;
using Kola.Reporting;
using Kola.Tests.Reporting;

namespace Kola.Tests.Cli;

/// <summary><c>kola diff</c> and <c>kola report --against</c> on runs that are on a disk.</summary>
[NonParallelizable] // Console is the process's
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DiffCommandTests
{
    private string _directory = "";

    [SetUp]
    public void MakeDirectory() => _directory = Directory.CreateTempSubdirectory("kola-diff-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [Test]
    public async Task A_new_failure_is_exit_code_1_and_named()
    {
        string good = Run("good", Outcome.Passed), bad = Run("bad", Outcome.Failed);
        (int code, string output, _) = await RunAsync("diff", good, bad);
        Assert.That((code, output.TrimEnd().Split('\n')[^1]), Is.EqualTo((1, "1 new failure")));
        Assert.That(output, Does.Contain("cl.basic: passed → failed\n    machine: it does not hold"));
        (code, output, _) = await RunAsync("diff", bad, good);
        Assert.That((code, output.TrimEnd().Split('\n')[^1]), Is.EqualTo((0, "no new failures, 1 fixed")));
    }

    [Test]
    public async Task Several_runs_a_side_and_forms_for_programs()
    {
        string a = Run("a", Outcome.Passed), b = Run("b", Outcome.Passed), c = Run("c", Outcome.Failed);
        (int code, string output, _) = await RunAsync("diff", "--base", a, b, "--new", b, c, "--json");
        JsonElement json = JsonDocument.Parse(output).RootElement;
        Assert.That((code, json.GetProperty("base").GetProperty("runs").GetArrayLength(), json.GetProperty("changes")[0].GetProperty("afterRuns").GetArrayLength()), Is.EqualTo((1, 2, 2)));
        (code, output, _) = await RunAsync("diff", "--markdown", a, c);
        Assert.That((code, output), Is.EqualTo((1, output)));
        Assert.That(output, Does.StartWith("### 1 new failure\n"));
    }

    [Test]
    public async Task A_report_against_an_earlier_run_says_and_shows_what_changed()
    {
        string good = Run("good", Outcome.Passed), bad = Run("bad", Outcome.Failed);
        (int code, string output, _) = await RunAsync("report", bad, "--against", good, "--write");
        Assert.That((code, output), Is.EqualTo((1, output)));
        Assert.That(output, Does.Contain("new failures (1):"));
        Assert.That(File.ReadAllText(Path.Combine(bad, "report.html")), Does.Contain("\"kind\":\"new-failure\""));
        await RunAsync("report", bad, "--write");
        Assert.That(File.ReadAllText(Path.Combine(bad, "report.html")), Does.Not.Contain("\"kind\":\"new-failure\""));
    }

    private string Run(string name, Outcome outcome)
    {
        string directory = Directory.CreateDirectory(Path.Combine(_directory, name)).FullName;
        using var log = EventLog.Create(Path.Combine(directory, RunDirectory.EventsFile));
        foreach (RunEvent happened in new Happened().Start(name).Plan("cl.basic").Begin("cl.basic").Boot("cl.basic", "machine").End("cl.basic", outcome, outcome == Outcome.Failed ? "machine: it does not hold\n  wanted:  that it holds" : null).Finish().Events)
            log.Append(happened);
        return directory;
    }

    private static Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) =>
        Typed.RunAsync(new Surroundings { CacheDirectory = Path.GetTempPath() }, arguments);
}
