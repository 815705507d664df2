using Kola.Fake;
using Kola.Reporting;

namespace Kola.Tests.Running;

/// <summary>What tests do to their networks, as the platform is told it and the run records it.</summary>
[NonParallelizable] // there is one session a process
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class NetworkTests
{
    private readonly FakeRun _run = new();

    [TearDown]
    public void RemoveDirectory() => _run.Dispose();

    [Test]
    public async Task Faults_are_recorded_and_healed_at_the_end_also_of_a_test_that_failed()
    {
        await using var platform = new FakePlatform(new FakeOptions(), _run.Time);
        Report report = await _run.RunAsync(platform, "sample.network");
        Assert.That(report.Tests.Single().Outcome, Is.EqualTo(Outcome.Failed), report.Tests.Single().Message);
        Assert.That(report.Tests.Single().Message, Does.Contain("on purpose"));
        Assert.That(_run.Events.OfType<NetworkChanged>().Select(e => e.What), Is.EqualTo(new[]
        {
            "partition: one | two, three",
            "cut: two → three",
            "link to two on lan: loss 50 %",
            "three: unplugged",
            "one, the harness's own card: unplugged",
            "servers on lan: first DNS silent, DHCP gives other addresses",
        }));
        Assert.That(report.Tests.Single().Attempts.Single().Kept.Count(e => e.File.EndsWith(".pcap", StringComparison.Ordinal)), Is.EqualTo(3));
        Assert.That(Timeline.Of(report.Tests.Single().Attempts.Single()).Parts.Where(p => p.Kind == "network").Select(p => p.What).First(), Is.EqualTo("partition: one | two, three"));
        FakeNetwork network = platform.Networks.Last();
        Assert.That(network.IsOver, Is.True);
        Assert.That(network.Conducts["lan"], Is.EqualTo(new SegmentConduct()), "as they should");
    }
}
