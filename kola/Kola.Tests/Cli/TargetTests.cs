using Kola.Cli;
using Kola.Fake;

namespace Kola.Tests.Cli;

public sealed class TargetTests
{
    [TestCase(1, true)]
    [TestCase(8, false)]
    public async Task Machines_have_full_speed_where_nothing_is_emulated(double slowness, bool offered)
    {
        await using var platform = new FakePlatform(new FakeOptions { Slowness = slowness }, TimeProvider.System);
        Assert.That(Target.FeaturesOf(platform, internet: false).Contains(Feature.FullSpeed), Is.EqualTo(offered));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task The_internet_is_there_where_it_was_promised(bool promised)
    {
        await using var platform = new FakePlatform(new FakeOptions(), TimeProvider.System);
        IReadOnlySet<Feature> features = Target.FeaturesOf(platform, promised);
        Assert.That(features.Contains(Feature.Internet), Is.EqualTo(promised));
        Assert.That(features, Is.SupersetOf(platform.Features));
    }
}
