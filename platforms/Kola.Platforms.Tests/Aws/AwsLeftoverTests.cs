using Kola.Aws;
using Kola.Machines;

namespace Kola.Platforms.Tests.Aws;

/// <summary>What a kola that was killed has left on EC2, and how it goes.</summary>
public sealed class AwsLeftoverTests
{
    private AwsPlace _place = null!;

    [SetUp]
    public async Task HaveAPlace() => _place = await AwsPlace.CreateAsync();

    [TearDown]
    public async Task LeaveNothing()
    {
        if (_place is not null)
            await _place.DisposeAsync();
    }

    [Test]
    public async Task All_of_a_run_is_found_over_all_pages_and_goes_and_the_image_stays()
    {
        // Nobody disposes these.
        AwsPlatform killed = await _place.OpenAsync();
        for (int machine = 0; machine < 6; machine++)
            await killed.StartAsync(_place.Spec($"m{machine}"), CancellationToken.None);
        _place.Front.More = r => r.Action is "DescribeInstances" && !r.Parameters.ContainsKey("MaxResults") ? "&MaxResults=5" : "";
        Removal dry = await Removal.RunAsync(_place.Driver, _place.Access(), _place.Tags.Run, dryRun: true, CancellationToken.None);
        Assert.That(dry.Gone.Count(l => l.Kind == "instance"), Is.EqualTo(6));
        Assert.That(_place.Front.Requests.Count(r => r.Action == "DescribeInstances" && r.Parameters.ContainsKey("NextToken")), Is.GreaterThan(0), "there was a second page");

        Removal removal = await Removal.RunAsync(_place.Driver, _place.Access(), _place.Tags.Run, dryRun: false, CancellationToken.None);
        Assert.That(removal.Failures, Is.Empty);
        Assert.That(await _place.LeftAsync(), Is.EquivalentTo(new[] { "image of image", "snapshot of image" }));
        await killed.DisposeAsync();
    }

    [Test]
    public async Task What_has_not_expired_stays_and_what_is_not_kolas_is_not_listed()
    {
        await using AwsPlatform platform = await _place.OpenAsync();
        await using IInstance machine = await platform.StartAsync(_place.Spec("hub"), CancellationToken.None);
        Removal removal = await Removal.RunAsync(_place.Driver, _place.Access(), null, dryRun: false, CancellationToken.None);
        Assert.That(removal.Gone, Is.Empty);
        Assert.That(removal.Kept, Has.Count.EqualTo(7));
    }

    [Test]
    public async Task What_expired_goes_the_image_with_its_snapshot_too()
    {
        await using (AwsPlatform platform = await _place.OpenAsync())
        {
        }

        PlatformAccess later = _place.Access() with { Clock = new LaterClock(AwsImages.Kept + TimeSpan.FromHours(1)) };
        Removal removal = await Removal.RunAsync(_place.Driver, later, null, dryRun: false, CancellationToken.None);
        Assert.That(removal.Failures, Is.Empty);
        Assert.That(removal.Gone.Select(l => l.Kind), Is.EqualTo(new[] { "image", "snapshot" }));
        Assert.That(await _place.LeftAsync(), Is.Empty);
    }

    [Test]
    public async Task What_is_deleted_twice_is_gone_once()
    {
        AwsPlatform killed = await _place.OpenAsync();
        await killed.StartAsync(_place.Spec("hub"), CancellationToken.None);
        IReadOnlyList<ILeftover> left = await _place.Driver.FindLeftoversAsync(_place.Access(), CancellationToken.None);
        foreach (ILeftover one in left.Concat(left))
            await one.DeleteAsync(CancellationToken.None);
        Assert.That(await _place.LeftAsync(), Is.Empty);
        await killed.DisposeAsync();
    }

    private sealed class LaterClock(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + by;
    }
}
