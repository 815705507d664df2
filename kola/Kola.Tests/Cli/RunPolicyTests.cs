using Kola.Cli;
using Kola.Fake;
using Kola.History;
using Kola.Machines;
using Kola.Planning;
using Kola.Reporting;
using Kola.Tests.Policies;

namespace Kola.Tests.Cli;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RunPolicyTests
{
    private string _directory = "";

    [SetUp]
    public void MakeDirectory() => _directory = Directory.CreateTempSubdirectory("kola-run-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [Test]
    public async Task A_run_records_its_policy_its_shard_and_what_it_planned_and_is_in_the_history()
    {
        var known = new KnownFailure("It is so.", new DateOnly(2999, 1, 1), "https://a.example/1", "me");
        var planned = new PlannedTest(Some.Case() with { Formerly = "old.id" }, null) { Known = known, Enforced = true };
        var target = DatabaseTarget.Parse(Path.Combine(_directory, "results.db"));
        var settings = new RunSettings { Policy = PolicyTests.Of(), Shard = new Shard(2, 3), Selection = "sha256:1", Results = target };
        Assert.That(await RunAsync([planned], settings), Is.Zero);
        RecordedRun recorded = EventLog.Read(Path.Combine(_directory, "latest"));
        Assert.That((RunStarted)recorded.Events[0], Has.Property("Shard").EqualTo("2/3").And.Property("Selection").EqualTo("sha256:1").And.Property("Planned").EqualTo(1));
        Assert.That(recorded.Events[1], Is.TypeOf<PolicyRead>().With.Property("File").EqualTo("p.yaml"));
        Assert.That((TestPlanned)recorded.Events[2], Has.Property("Known").EqualTo(known).And.Property("Enforced").True.And.Property("Formerly").EqualTo("old.id"));
        await using ResultDatabase database = await ResultDatabase.OpenAsync(target, CancellationToken.None);
        Assert.That((await database.ReadAsync(new ResultFilter { Test = "old.id" }, CancellationToken.None)).Single().Outcome, Is.EqualTo(Outcome.Passed));
    }

    [Test]
    public async Task A_history_that_cannot_be_written_changes_no_verdict()
    {
        string file = Path.Combine(_directory, "no-database");
        await File.WriteAllTextAsync(file, new string('x', 4096));
        Assert.That(await RunAsync([new PlannedTest(Some.Case(), null)], new RunSettings { Results = DatabaseTarget.Parse(file) }), Is.Zero);
    }

    [Test]
    public async Task An_empty_shard_ends_well_and_an_empty_plan_does_not()
    {
        Assert.That(await RunAsync([], new RunSettings { Shard = new Shard(2, 3), Selection = Shard.DigestOf(["some.test"]) }), Is.Zero);
        Assert.That(Report.Of(EventLog.Read(Path.Combine(_directory, "latest"))).Problems, Is.Empty);
        Assert.That(File.ReadAllText(Path.Combine(_directory, "latest", RunDirectory.TapFile)), Does.Contain("1..0"));
        Assert.That(await RunAsync([], new RunSettings { Output = Path.Combine(_directory, "other") }), Is.EqualTo(3));
    }

    private async Task<int> RunAsync(PlannedTest[] tests, RunSettings settings)
    {
        await using var platform = new FakePlatform(new FakeOptions(), TimeProvider.System);
        using var interruptions = Interruptions.Of(CancellationToken.None);
        return await new Run(new Target(Some.Image(), platform, platform.Features), new Plan { Tests = tests }, settings with { Output = settings.Output ?? _directory, Quiet = true }, interruptions)
            .ExecuteAsync(["kola", "run"], async session =>
            {
                foreach (PlannedTest test in tests)
                    await session.RunAsync(test.Case.Id, _ => Task.CompletedTask, new TestCode { Judge = fault => (Outcome.Failed, fault.Message) });
            });
    }
}
