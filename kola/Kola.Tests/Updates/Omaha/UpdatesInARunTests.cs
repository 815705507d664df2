using Kola.Fake;
using Kola.Reporting;
using Kola.Serving;
using Kola.Tests.Running;

namespace Kola.Tests.Updates.Omaha;

/// <summary>What a test of a run has of the update server.</summary>
[NonParallelizable]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class UpdatesInARunTests
{
    [Test]
    public async Task A_test_talks_to_a_server_of_its_own_and_the_talk_is_recorded()
    {
        using var run = new FakeRun();
        (TestReport test, IReadOnlyCollection<RunEvent> events) = await RunAsync(run, "sample.updates");
        Assert.That((test.Outcome, test.Message), Is.EqualTo((Outcome.Passed, (string?)null)));
        UpdateExchanged told = events.OfType<UpdateExchanged>().Single();
        Assert.That((told.Test, told.Attempt, told.Kind, told.Asked, told.Answered, told.Status, told.MachineId), Is.EqualTo(("sample.updates", 1, "check", "check of 1.0.0 in  by 0123: 3/2 from 0.9.0", "noupdate", 200, "0123")));
        WaitEnded waited = events.OfType<WaitEnded>().Single(w => w.For == "an event");
        Assert.That((waited.Held, waited.LastSeen), Is.EqualTo((true, "3/2 from 0.9.0")));
        string[] lines = await File.ReadAllLinesAsync(Path.Combine(run.Directory, "sample.updates", "omaha.txt"));
        Assert.That(lines.Single(), Does.EndWith("Z check of 1.0.0 in  by 0123: 3/2 from 0.9.0 -> 200 noupdate"));
    }

    [Test]
    public async Task A_wait_without_end_ends_with_its_test()
    {
        using var run = new FakeRun();
        (TestReport test, IReadOnlyCollection<RunEvent> events) = await RunAsync(run, "sample.updates.hangs");
        Assert.That(test.Outcome, Is.EqualTo(Outcome.Failed));
        Assert.That(test.Message, Does.StartWith("sample.updates.hangs: did not end within 60 s"));
        WaitEnded waited = events.OfType<WaitEnded>().Single(w => w.For.EndsWith("to check", StringComparison.Ordinal));
        Assert.That((waited.Held, waited.LastSeen), Is.EqualTo((false, "no request")));
    }

    [Test]
    public async Task A_test_that_asks_for_none_has_none()
    {
        using var run = new FakeRun();
        (TestReport test, _) = await RunAsync(run, "sample.updates.unasked");
        Assert.That(test.Message, Does.Contain("Needs = [Feature.OmahaServer]"));
    }

    [Test]
    public async Task A_place_whose_machines_do_not_reach_it_skips_the_test()
    {
        using var run = new FakeRun();
        Report report = await run.RunAsync(new FakePlatform(new FakeOptions { Features = new HashSet<Feature>() }, run.Time), "sample.updates");
        Assert.That((report.Tests.Single().Outcome, report.Tests.Single().Message), Is.EqualTo((Outcome.Skipped, "machines do not reach the harness's update server")));
    }

    private static async Task<(TestReport Test, IReadOnlyCollection<RunEvent> Events)> RunAsync(FakeRun run, string test)
    {
        await using OmahaServer server = await OmahaServer.StartAsync(new OmahaServerOptions(), CancellationToken.None);
        run.With = options => options with { Updates = server.Serving };
        Report report = await run.RunAsync(new FakePlatform(new FakeOptions(), run.Time), test);
        return (report.Tests.Single(), run.Events);
    }
}
