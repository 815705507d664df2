using System.Diagnostics;
using Kola.Fake;
using Kola.Platforms;
using Kola.Tests.Conformance;
using Microsoft.Extensions.Time.Testing;

namespace Kola.Tests.Platforms;

/// <summary>What is taken away of what runs have left, and what stays.</summary>
public sealed class RemovalTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 28, 20, 0, 0, TimeSpan.Zero);

    [Test]
    public async Task What_has_expired_goes_and_what_has_not_stays()
    {
        Left old = Of("old", s_now), young = Of("young", s_now.AddSeconds(1));
        Removal removal = await RunAsync([old, young]);
        Assert.That((old.IsGone, young.IsGone), Is.EqualTo((true, false)));
        Assert.That(removal.ForPeople(), Is.EqualTo("removed: volume old of run-1, tests\nkept: 1 of run-1, not over yet"));
    }

    [Test]
    public async Task What_was_made_by_a_process_of_this_host_that_is_gone_goes_before_it_expires()
    {
        using var dead = Process.Start("true");
        await dead.WaitForExitAsync();
        string host = Maker.Self.Split('-')[0];
        Left ofDead = Made($"{host}-{dead.Id}-1"), ofReused = Made($"{host}-{Environment.ProcessId}-1"), ofUs = Made(Maker.Self), ofElsewhere = Made($"0123456789ab-{dead.Id}-1"), ofNobody = Made("nonsense");
        await RunAsync([ofDead, ofReused, ofUs, ofElsewhere, ofNobody]);
        Assert.That(new[] { ofDead, ofReused, ofUs, ofElsewhere, ofNobody }.Select(l => l.IsGone), Is.EqualTo(new[] { true, true, false, false, false }));
    }

    [Test]
    public async Task A_run_is_taken_away_whole_when_it_is_named()
    {
        Left ours = Of("ours", s_now.AddDays(1)), others = Of("others", s_now.AddDays(-1), "run-2");
        await RunAsync([ours, others], run: "Run 1");
        Assert.That((ours.IsGone, others.IsGone), Is.EqualTo((true, false)));
    }

    [Test]
    public async Task A_dry_run_takes_nothing_away()
    {
        Left old = Of("old", s_now);
        Removal removal = await RunAsync([old], dryRun: true);
        Assert.That(old.IsGone, Is.False);
        Assert.That(removal.ForPeople(), Is.EqualTo("left: volume old of run-1, tests"));
    }

    [Test]
    public async Task What_cannot_be_removed_is_passed_over_tried_again_and_told()
    {
        Left never = Of("never", s_now), later = Of("later", s_now), simple = Of("simple", s_now);
        (never.Refusals, later.Refusals) = (2, 1);
        Removal removal = await RunAsync([never, later, simple]);
        Assert.That((never.IsGone, later.IsGone, simple.IsGone), Is.EqualTo((false, true, true)));
        Assert.That(removal.Failures, Is.EqualTo(new[] { "volume never could not be removed: never is in use" }));
    }

    [Test]
    public async Task Credentials_that_may_not_delete_one_thing_do_not_keep_the_others()
    {
        var forbidden = new Left("key", "forbidden") { Tags = Left.Ours with { Expires = s_now }, Refusals = 2, Refusal = () => new UsageException("these credentials may not do that") };
        Left simple = Of("simple", s_now);
        Removal removal = await RunAsync([forbidden, simple]);
        Assert.That(simple.IsGone, Is.True);
        Assert.That(removal.Failures, Is.EqualTo(new[] { "key forbidden could not be removed: these credentials may not do that" }));
    }

    [Test]
    public async Task Nothing_is_said_to_be_nothing() => Assert.That((await RunAsync([])).ForPeople(), Is.EqualTo("nothing is left of any run"));

    [Test]
    public void Tags_are_what_every_cloud_takes_and_are_read_back()
    {
        var tags = new ResourceTags { Run = "QEMU: Run_1", Owner = "Root@Build.Host", Expires = s_now, MadeBy = "a-1-2" };
        Assert.That(tags.ToPairs().Select(p => $"{p.Key}={p.Value}"), Is.EqualTo(new[] { "kola-expires=20261128t200000z", "kola-maker=a-1-2", "kola-owner=root-build-host", "kola-run=qemu-run-1" }));
        Assert.That(ResourceTags.Of(tags.ToPairs()), Is.EqualTo(tags with { Run = "qemu-run-1", Owner = "root-build-host" }));
        Assert.That(ResourceTags.Clean(new string('x', 70)), Has.Length.EqualTo(63));
        Assert.That(ResourceTags.Clean("!!"), Is.EqualTo("none"));
    }

    [TestCase("kola-run")]
    [TestCase("kola-owner")]
    [TestCase("kola-expires")]
    public void What_lacks_a_tag_is_not_ours(string missing)
    {
        var pairs = new Dictionary<string, string>(Left.Ours.ToPairs());
        pairs.Remove(missing);
        Assert.That(ResourceTags.Of(pairs), Is.Null);
        Assert.That(ResourceTags.Of(new Dictionary<string, string>(Left.Ours.ToPairs()) { ["kola-expires"] = "soon" }), Is.Null);
    }

    private static Left Of(string name, DateTimeOffset expires, string run = "run-1") => new("volume", name) { Tags = Left.Ours with { Run = run, Expires = expires } };

    private static Left Made(string maker) => new("volume", maker) { Tags = Left.Ours with { Expires = s_now.AddDays(1), MadeBy = maker } };

    private static async Task<Removal> RunAsync(IReadOnlyList<Left> left, string? run = null, bool dryRun = false)
    {
        await using var platform = new FakePlatform(new FakeOptions(), TimeProvider.System);
        var driver = new FakeDriver(platform);
        driver.Others.AddRange(left);
        var access = new PlatformAccess { CacheDirectory = "/tmp", Clock = new FakeTimeProvider(s_now), Progress = new Progress<string>() };
        return await Removal.RunAsync(driver, access, run, dryRun, CancellationToken.None);
    }
}
