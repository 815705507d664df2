using Kola.Fake;
using Kola.Reporting;

namespace Kola.Tests.Running;

/// <summary>Power cuts of a test, as the run records them.</summary>
[NonParallelizable] // there is one session a process
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PowerCutTests
{
    private readonly FakeRun _run = new();

    [TearDown]
    public void RemoveDirectory() => _run.Dispose();

    [Test]
    public async Task What_was_synced_survives_and_each_cut_is_recorded([Values] bool templates)
    {
        await using var platform = new FakePlatform(new FakeOptions { Templates = templates }, _run.Time);
        Report report = await _run.RunAsync(platform, "sample.power-cut");
        Assert.That(report.Tests.Single().Outcome, Is.EqualTo(Outcome.Passed), report.Tests.Single().Message);
        PowerWasCut[] cuts = [.. _run.Events.OfType<PowerWasCut>()];
        Assert.That(cuts.Select(c => c.Lost), Is.EqualTo(new[] { "unflushed writes kept", "unflushed writes lost" }));
        Assert.That(cuts[1].Entry, Is.LessThan(cuts[0].Entry));
        Assert.That(cuts.Select(c => c.Recorded).Distinct(), Is.EqualTo(new[] { cuts[0].Recorded }), "later boots are not recorded");
        Assert.That(ProgressLine.For(cuts[1])!.Text, Does.Contain($"power cut after write {cuts[1].Entry} of {cuts[1].Recorded}, unflushed writes lost"));
    }

    [Test]
    public async Task A_power_cut_that_was_not_recorded_has_its_remedy()
    {
        await using var platform = new FakePlatform(new FakeOptions(), _run.Time);
        Report report = await _run.RunAsync(platform, "sample.power-cut.unrecorded");
        Assert.That(report.Tests.Single().Message, Does.Contain("[Spec(RecordsWrites = true)]"));
        Assert.That(report.Tests.Single().Outcome, Is.Not.EqualTo(Outcome.Passed));
    }
}
