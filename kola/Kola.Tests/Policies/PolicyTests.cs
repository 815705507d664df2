using Kola.Policies;

namespace Kola.Tests.Policies;

public sealed class PolicyTests
{
    private static readonly DateOnly s_today = new(2026, 11, 22);
    private static readonly Image s_image = Some.Image() with { Channel = "alpha" };

    [TestCase(">=4400", "4459.2.0+build", true)]
    [TestCase(">=4400", "4459.0.0+nightly-20260821-2100", true)]
    [TestCase("=4459.2.0", "4459.2.0-dev", true)]
    [TestCase("=4459.2", "4459.2.0", true)]
    [TestCase(">4459.2.0", "4459.2.0+build", false)]
    [TestCase(">=4400.0.0 <4500", "4500.0.0", false)]
    [TestCase(">=4400.0.0 <4500", "4499.9.9", true)]
    [TestCase("<=4459.2", "4459.2.0.1", false)]
    [TestCase(">=4400", "rolling", null)]
    [TestCase(">=4400", null, null)]
    [TestCase(">=4400", "", null)]
    public void A_range_holds_versions_by_their_numbers(string range, string? version, bool? holds)
    {
        Assert.That(VersionRange.TryParse(range, out VersionRange? read, out string? problem), problem);
        Assert.That(read!.Holds(version), Is.EqualTo(holds));
    }

    [TestCase("")]
    [TestCase("4400")]
    [TestCase("~>4400")]
    [TestCase(">=4400.0.0.0.0")]
    [TestCase(">=99999999999")]
    [TestCase(">4400 <4400")]
    [TestCase("<0")]
    [TestCase("=1 =2")]
    public void What_is_no_range_is_said_to_be_none(string range)
    {
        Assert.That(VersionRange.TryParse(range, out VersionRange? read, out string? problem), Is.False);
        Assert.That((read, problem), Is.Not.EqualTo(((VersionRange?)null, (string?)null)));
    }

    [Test]
    public void Where_an_entry_is_for_is_asked_of_platform_architecture_channel_and_version()
    {
        PolicyEntry there = Entry(PolicyAction.Skip) with { Platforms = ["qemu"], Architectures = ["amd64"], Channels = ["alpha"], Versions = ">=4400" };
        Assert.That(Left(there), Is.EqualTo(1));
        Assert.That(Left(there with { Platforms = ["aws"] }), Is.Zero);
        Assert.That(Left(there with { Architectures = ["arm64"] }), Is.Zero);
        Assert.That(Left(there with { Channels = ["beta", "lts"] }), Is.Zero);
        Assert.That(Left(there with { Versions = "<4400" }), Is.Zero);
    }

    [TestCase(PolicyAction.Skip, 0)]
    [TestCase(PolicyAction.Known, 0)]
    [TestCase(PolicyAction.Enforce, 1)]
    public void Where_version_or_channel_are_not_known_nothing_is_excused_and_everything_is_enforced(PolicyAction action, int left)
    {
        Image unknown = s_image with { Version = null, Channel = null };
        Assert.That(Of(Entry(action) with { Versions = "<4400" }).For("qemu", unknown).Entries, Has.Count.EqualTo(left));
        Assert.That(Of(Entry(action) with { Channels = ["beta"] }).For("qemu", unknown).Entries, Has.Count.EqualTo(left));
    }

    [Test]
    public void The_first_entry_that_applies_decides()
    {
        Policy policy = Of(Entry(PolicyAction.Known, "cl.network.*"), Entry(PolicyAction.Skip, "cl.*"));
        Assert.That(policy.Of("cl.network.a", null, s_today)!.Action, Is.EqualTo(PolicyAction.Known));
        Assert.That(policy.Of("cl.basic", null, s_today)!.Action, Is.EqualTo(PolicyAction.Skip));
        Assert.That(policy.Of("docker.x", null, s_today), Is.Null);
    }

    [Test]
    public void A_test_is_also_named_by_the_id_it_had_before() =>
        Assert.That(Of(Entry(PolicyAction.Known, "old.id")).Of("new.id", "old.id", s_today), Is.Not.Null);

    [Test]
    public void An_entry_counts_on_its_last_day_and_not_after_it()
    {
        Policy policy = Of(Entry(PolicyAction.Known, "cl.*") with { Until = s_today });
        Assert.That(policy.Of("cl.basic", null, s_today), Is.Not.Null);
        Assert.That(policy.Of("cl.basic", null, s_today.AddDays(1)), Is.Null);
        Assert.That(policy.Expired(s_today.AddDays(1)).Count(), Is.EqualTo(1));
    }

    [TestCase(PolicyAction.Skip)]
    [TestCase(PolicyAction.Known)]
    public void Enforced_and_excused_at_once_is_an_error_that_names_both_lines(PolicyAction excuse)
    {
        Policy policy = Of(Entry(PolicyAction.Enforce, "cl.*") with { Line = 3 }, Entry(excuse, "cl.basic") with { Line = 9 });
        Assert.That(() => policy.Of("cl.basic", null, s_today), Throws.TypeOf<UsageException>().With.Message.StartsWith("p.yaml:9: cl.basic has to pass (p.yaml:3) and need not (p.yaml:9)"));
        Assert.That(policy.Of("cl.other", null, s_today)!.Action, Is.EqualTo(PolicyAction.Enforce));
    }

    internal static PolicyEntry Entry(PolicyAction action, params string[] tests) => new()
    {
        Action = action,
        Tests = tests.Length == 0 ? ["cl.*"] : tests,
        Because = "It is so.",
        Owner = "me",
        Tracker = "https://a.example/1",
        Until = new DateOnly(2026, 12, 31),
        Line = 7,
    };

    internal static Policy Of(params PolicyEntry[] entries) => new() { File = "p.yaml", Digest = "sha256:" + new string('1', 64), Gate = new GateRule(), Entries = entries };

    private static int Left(PolicyEntry entry) => Of(entry).For("qemu", s_image).Entries.Count;
}
