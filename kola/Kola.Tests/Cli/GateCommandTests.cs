using System.Text.Json;
using Kola.Cli;
using Kola.Reporting;
using Kola.Tests.Reporting;

namespace Kola.Tests.Cli;

/// <summary><c>kola gate</c> and <c>kola history</c> on runs on disk, as a person types them.</summary>
[NonParallelizable] // Console is the process's
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class GateCommandTests
{
    private static readonly Recorded s_green = new() { Tests = [("cl.a", "P"), ("cl.b", "P")] };

    private string _directory = "";

    [SetUp]
    public void MakeDirectory() => _directory = Directory.CreateTempSubdirectory("kola-gate-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [Test]
    public async Task A_directory_of_runs_is_searched_and_the_gate_opens()
    {
        Write(s_green, "ci/shard-1/_kola");
        Write(s_green with { Platform = "aws" }, "ci/aws");
        File.CreateSymbolicLink(Path.Combine(_directory, "ci/shard-1/_kola/latest"), s_green.Name);
        (int code, string output, _) = await RunAsync("gate", _directory, "--expect", "2");
        Assert.That(code, Is.Zero, output);
        Assert.That(output, Does.Contain("qemu/amd64: flatcar 4459.2.0+build, sha256:0000").And.Contain("  2 tests: 2 passed").And.EndsWith("the gate is open, by the strictest rule; no policy was named\n"));
    }

    [Test]
    public async Task A_closed_gate_says_for_whose_sake()
    {
        Write(s_green with { Tests = [("cl.a", "P"), ("cl.b", "F")] }, "");
        (int code, string output, _) = await RunAsync("gate", _directory);
        Assert.That((code, output), Is.EqualTo((1, output)));
        Assert.That(output, Does.Contain("    failed: cl.b: cl.b: qemu says no").And.Contain("1 test failed, and at most 0 may be: cl.b on qemu/amd64").And.Contain("the gate is closed for the image's sake"));
    }

    [Test]
    public async Task A_run_that_died_before_its_first_line_closes_the_gate()
    {
        Write(s_green, "");
        Directory.CreateDirectory(Path.Combine(_directory, "qemu-dead"));
        await File.WriteAllTextAsync(Path.Combine(_directory, "qemu-dead", RunDirectory.PlanFile), "{}");
        (int code, string output, _) = await RunAsync("gate", _directory);
        Assert.That((code, output), Is.EqualTo((3, output)));
        Assert.That(output, Does.Contain("qemu-dead/events.jsonl cannot be read").And.Contain("for lack of proof"));
    }

    [Test]
    public async Task A_policy_excuses_and_json_holds_it_all()
    {
        Write(s_green with { Tests = [("cl.a", "P"), ("cl.b", "FP")] }, "");
        string policy = Path.Combine(_directory, "p.yaml");
        await File.WriteAllTextAsync(policy, "version: 1\ngate: { flaky: 1 }\ntests: [{ known: [cl.a], because: b, owner: o, tracker: 'https://a.example', until: 2999-01-31 }]");
        (int code, string output, _) = await RunAsync("gate", _directory, "--policy", policy, "--json");
        JsonElement json = JsonDocument.Parse(output).RootElement;
        Assert.That(code, Is.Zero, output);
        Assert.That((json.GetProperty("schema").GetString(), json.GetProperty("open").GetBoolean(), json.GetProperty("places")[0].GetProperty("counts").GetProperty("flaky").GetInt32()), Is.EqualTo(("kola.gate/1", true, 1)));
        Assert.That(json.GetProperty("notes")[0].GetString(), Does.StartWith("cl.a is known to fail and passed"));
        Assert.That(json.GetProperty("places")[0].GetProperty("tests")[1].GetProperty("attempts").GetArrayLength(), Is.EqualTo(2));
    }

    [TestCase("/no/such/results", "does not exist")]
    [TestCase(".", "holds no run")]
    [TestCase(". --expect 0", "--expect 0")]
    [TestCase(". --policy /no/such.yaml", "holds no run")]
    public async Task Wrong_use_is_told(string arguments, string message)
    {
        (int code, _, string error) = await RunAsync(["gate", .. arguments.Split(' ').Select(word => word == "." ? _directory : word)]);
        Assert.That((code, error), Is.EqualTo((2, error)));
        Assert.That(error, Does.Contain(message));
    }

    [Test]
    public async Task Two_images_or_one_that_is_not_there_are_wrong_use()
    {
        Write(s_green, "");
        Assert.That((await RunAsync("gate", _directory, "--image", "ffff")).Error, Does.Contain("no run is of that image"));
        Write(s_green with { Hour = 1, Image = '1' }, "");
        (int code, _, string error) = await RunAsync("gate", _directory);
        Assert.That((code, error), Is.EqualTo((2, error)));
        Assert.That(error, Does.Contain("sha256:0000").And.Contain("sha256:1111"));
        Assert.That((await RunAsync("gate", _directory, "--image", "1111")).Code, Is.Zero);
    }

    [Test]
    public async Task History_is_imported_once_and_told()
    {
        Write(s_green, "runs");
        Write(s_green with { Hour = 3, Tests = [("cl.a", "F"), ("cl.b", "FP")] }, "runs");
        string runs = Path.Combine(_directory, "runs");
        Assert.That((await RunAsync("history")).Error, Does.Contain("holds no such result"));
        Assert.That((await RunAsync("history", "add", runs)).Output, Does.StartWith("2 runs in "));
        Assert.That((await RunAsync("history", "add", runs)).Code, Is.Zero);
        (int code, string table, string error) = await RunAsync("history");
        Assert.That(code, Is.Zero, error);
        Assert.That(table, Does.Match(@"(?m)^cl\.a +2 +1 of 2, 50 % \(95 %: .*\) +0 of 2.* 29\.0 s +failed +▇▁").And.Contain("2 tests in 2 runs."));
        string one = (await RunAsync("history", "cl.a")).Output;
        Assert.That(one, Does.Contain("qemu/amd64: fails since version 4459.2.0+build, the first there is a result of").And.Match(@"2026-11-22 21:00  qemu/amd64  4459\.2\.0\+build  failed .* \[test\] cl\.a: qemu says no"));
        Assert.That((await RunAsync("history", "cl.none")).Code, Is.EqualTo(2));
        Assert.That((await RunAsync("history", "--since", "soon")).Error, Does.Contain("--since soon"));
        JsonElement json = JsonDocument.Parse((await RunAsync("history", "--json", "--last", "1")).Output).RootElement;
        Assert.That(json.GetProperty("tests")[0].GetProperty("results").GetArrayLength(), Is.EqualTo(1));
    }

    [Test]
    public async Task A_look_into_machines_is_no_result()
    {
        Write(s_green, "runs");
        RunEvent[] look = [.. s_green.Events.Select(happened => happened is RunStarted started ? started with { Run = "look", Visit = true, At = started.At.AddHours(1) } : happened)];
        string directory = Directory.CreateDirectory(Path.Combine(_directory, "runs", "look")).FullName;
        using (var log = EventLog.Create(Path.Combine(directory, RunDirectory.EventsFile)))
            look.ToList().ForEach(log.Append);
        string runs = Path.Combine(_directory, "runs");
        Assert.That((await RunAsync("history", "add", runs)).Output, Does.Match("^1 run in .*, and 1 run left out that did not test an image\n$"));
        Assert.That((await RunAsync("gate", runs)).Output, Does.Contain("1 run: "));
        Assert.That((await RunAsync("gate", directory)).Code, Is.EqualTo(3));
    }

    [Test]
    public async Task Shards_and_policies_are_told_by_list()
    {
        string policy = Path.Combine(_directory, "p.yaml");
        await File.WriteAllTextAsync(policy, "version: 1\ntests: [{ known: [cl.basic, cl.basci], platforms: [qemu], because: b, owner: o, tracker: 'https://a.example', until: 2020-01-31 }]");
        (int code, string output, string error) = await RunAsync("list", "cl.basic", "--policy", policy);
        Assert.That(code, Is.Zero, error);
        Assert.That(output, Does.Contain("known until 2020-01-31 on qemu: b"));
        Assert.That(error, Does.Contain("p.yaml:2 has expired").And.Contain("no test is called \"cl.basci\"\n  nearest: cl.basic"));
        string[] lists = [.. await Task.WhenAll(Enumerable.Range(1, 3).Select(async n => (await RunAsync("list", "cl.basic", "--shard", $"{n}/3")).Output))];
        Assert.That(lists.Count(list => list.StartsWith("cl.basic ", StringComparison.Ordinal)), Is.EqualTo(1));
        Assert.That(lists.Count(list => list == "0 tests\n"), Is.EqualTo(2));
        Assert.That((await RunAsync("list", "--shard", "4/3")).Error, Does.Contain("--shard 4/3"));
    }

    private void Write(Recorded run, string below)
    {
        string directory = Path.Combine(_directory, below, run.Name);
        Directory.CreateDirectory(directory);
        using var log = EventLog.Create(Path.Combine(directory, RunDirectory.EventsFile));
        foreach (RunEvent happened in run.Events)
            log.Append(happened);
    }

    private Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) =>
        Typed.RunAsync(new Surroundings { CacheDirectory = Path.Combine(_directory, "cache") }, arguments);
}
