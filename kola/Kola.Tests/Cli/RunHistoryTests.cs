using Kola.Cli;
using Kola.Fake;
using Kola.Machines;
using Kola.Planning;
using Kola.Reporting;
using Kola.Scheduling;

namespace Kola.Tests.Cli;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RunHistoryTests
{
    private string _directory = "";

    [SetUp]
    public void MakeDirectory() => _directory = Directory.CreateTempSubdirectory("kola-run-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [Test]
    public async Task A_run_records_its_seed_and_is_learnt_from()
    {
        await using var platform = new FakePlatform(new FakeOptions(), TimeProvider.System);
        var target = new Target(Some.Image(), platform, platform.Features);
        var plan = new Plan { Tests = [new PlannedTest(Some.Case(), null)] };
        var history = new HistoryFile(Path.Combine(_directory, "cache"), text => Assert.Fail(text), TimeProvider.System);
        using var interruptions = Interruptions.Of(CancellationToken.None);
        var settings = new RunSettings { Output = _directory, Quiet = true, Seed = 4711, History = history };
        await new Run(target, plan, settings, interruptions).ExecuteAsync(["kola", "run"], session => session.RunAsync("some.test", _ => Task.CompletedTask, new TestCode { Judge = fault => (Outcome.Failed, fault.Message) }));
        RecordedRun recorded = EventLog.Read(Path.Combine(_directory, "latest"));
        Assert.That(((RunStarted)recorded.Events[0]).Seed, Is.EqualTo(4711));
        string flavour = CostHistory.FlavourOf(platform.Name, platform.Facts);
        Assert.That(history.Read().Of(flavour, "some.test", cloned: false), Is.Not.Null, string.Join('\n', recorded.Events));
    }
}
