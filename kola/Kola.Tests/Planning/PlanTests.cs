using Kola.Discovery;
using Kola.Planning;
using Kola.Scheduling;

namespace Kola.Tests.Planning;

public sealed class PlanTests
{
    private static readonly Setting s_setting = new()
    {
        Platform = "qemu",
        Features = new HashSet<Feature> { Feature.Console },
        Capacity = new Capacity { Machines = 2, MemoryMiB = 4096, Cpus = 4 },
        Image = Some.Image() with { Lacks = [Feature.UpdateEngine] },
        Checks = new HashSet<string> { "kernel-panic" },
    };

    [Test]
    public void What_needs_nothing_runs() => Assert.That(SkipOf(Some.Case()), Is.Null);

    [Test]
    public void A_feature_the_image_lacks_is_a_skip_with_a_remedy()
    {
        Skip skip = SkipOf(Some.Case() with { Needs = [Feature.UpdateEngine] })!;
        Assert.That(skip.Reason, Is.EqualTo("the image has no update_engine"));
        Assert.That(skip.Remedy, Does.Contain("--image FILE"));
    }

    [Test]
    public void A_feature_of_a_release_is_there_unless_the_image_lacks_it() => Assert.That(SkipOf(Some.Case() with { Needs = [Feature.Selinux] }), Is.Null);

    [TestCase(Feature.Tpm)]
    [TestCase(Feature.Internet)]
    public void A_feature_platform_and_run_do_not_offer_is_a_skip(Feature feature) => Assert.That(SkipOf(Some.Case() with { Needs = [feature] }), Is.Not.Null);

    [TestCase(Feature.LongRun)]
    [TestCase(Feature.FullSpeed)]
    public void What_takes_long_runs_where_it_is_named_by_its_id(Feature feature)
    {
        TestCase test = Some.Case() with { Needs = [feature] };
        Assert.That(SkipOf(test)!.Remedy, Does.Contain("--long").And.Contain("its id"));
        Assert.That(Plan.For(Catalog.Of([test]), new Selection { Patterns = [test.Id] }, s_setting).Tests[0].Skip, Is.Null);
        Assert.That(Plan.For(Catalog.Of([test]), new Selection { Patterns = ["*"] }, s_setting).Tests[0].Skip, Is.Not.Null);
    }

    [Test]
    public void What_a_spec_asks_for_is_needed_without_saying_so()
    {
        Assert.That(SkipOf(Some.Case("two", 10, Some.Machine("a"), Some.Machine("b")))!.Reason, Does.Contain("private network"));
        Assert.That(SkipOf(Some.Case("tpm", 10, Some.Machine() with { Tpm = true }))!.Reason, Does.Contain("TPM"));
        Assert.That(SkipOf(Some.Case("disks", 10, Some.Machine() with { Disks = [new ExtraDisk(1, "a")] }))!.Reason, Does.Contain("disks"));
        Assert.That(SkipOf(Some.Case("cut", 10, Some.Machine() with { RecordsWrites = true }))!.Reason, Does.Contain("writes"));
    }

    [TestCase("4459.2.1", null, false)]
    [TestCase("4459.2.0", null, true)]
    [TestCase(null, "4459.2.0", false)]
    [TestCase(null, "4459.2.1", true)]
    [TestCase("3000.0.0", "5000.0.0", true)]
    public void The_version_range_is_half_open(string? since, string? until, bool runs) =>
        Assert.That(SkipOf(Some.Case() with { Since = since, Until = until }) is null, Is.EqualTo(runs));

    [Test]
    public void A_range_does_not_skip_on_an_image_of_unknown_version() =>
        Assert.That(PlanOf(Some.Case() with { Since = "9999.0.0" }, s_setting with { Image = s_setting.Image with { Version = null } }).Tests[0].Skip, Is.Null);

    [Test]
    public void A_config_that_does_not_parse_ends_the_plan() =>
        Assert.That(() => SkipOf(Some.Case("bad", 10, Some.Machine() with { Config = "{", ConfigFile = "bad.ign" })), Throws.TypeOf<UsageException>().With.Message.StartsWith("bad/machine: bad.ign:1:"));

    [Test]
    public void More_machines_than_there_can_be_are_a_skip_that_says_how_to_have_more() =>
        Assert.That(
            PlanOf(Some.Case("big", 10, Some.Machine("a"), Some.Machine("b"), Some.Machine("c")), s_setting with { Features = new HashSet<Feature> { Feature.PrivateNetwork } }).Tests[0].Skip,
            Has.Property("Reason").Contains("needs 3 machines").And.Property("Remedy").Contains("--jobs"));

    [TestCase(1, 0, DiskBus.Virtio, "a needs 2 extra disks, the platform attaches 1")]
    [TestCase(2, 0, DiskBus.Nvme, "a needs a disk on nvme, the platform has none there")]
    [TestCase(2, 0, DiskBus.Virtio, "a needs 1 cards beside the first, the platform gives 0")]
    [TestCase(2, 1, DiskBus.Virtio, null)]
    public void What_is_beyond_a_platforms_limits_is_a_skip(int disks, int cards, DiskBus bus, string? reason)
    {
        Setting setting = s_setting with
        {
            Features = new HashSet<Feature> { Feature.PrivateNetwork, Feature.ExtraDisks },
            Limits = new PlatformLimits { Disks = disks, Cards = cards },
        };
        MachineSpec machine = Some.Machine("a") with { Disks = [new ExtraDisk(8, "one"), new ExtraDisk(8, "two", bus)], Links = [new MachineLink("lan")] };
        Assert.That(PlanOf(Some.Case("big", 10, machine), setting).Tests[0].Skip?.Reason, Is.EqualTo(reason));
    }

    [Test]
    public void What_only_a_first_boot_gives_is_a_skip_where_machines_are_there_already()
    {
        Setting ready = s_setting with { Limits = PlatformLimits.None with { ConfigBytes = 0 } };
        Assert.That(PlanOf(Some.Case(), ready).Tests[0].Skip, Is.Null);
        Assert.That(Reason(Some.Machine() with { Config = "{ \"ignition\": { \"version\": \"3.0.0\" } }", ConfigFile = "a.ign" }), Does.Contain("a config of its own"));
        Assert.That(Reason(Some.Machine() with { User = "somebody" }), Does.Contain("a user somebody"));
        Assert.That(Reason(Some.Machine() with { Hostname = "here" }), Does.Contain("a host name of its own"));
        Assert.That(Reason(Some.Machine() with { DiskMiB = 9000 }), Does.Contain("a boot disk of a given size"));
        Assert.That(Reason(Some.Machine() with { Firmware = Firmware.Bios }), Does.Contain("firmware of its own"));
        Assert.That(PlanOf(Some.Case() with { Fresh = true }, ready).Tests[0].Skip!.Reason, Does.Contain("a first boot, and machines here have booted before the run"));

        string Reason(MachineSpec machine) => PlanOf(Some.Case("ready", 10, machine), ready).Tests[0].Skip!.Reason;
    }

    [Test]
    public void A_toleration_of_no_check_ends_the_plan() =>
        Assert.That(() => SkipOf(Some.Case() with { Tolerates = [new Toleration("kernel-panik", "typo")] }), Throws.TypeOf<UsageException>().With.Message.Contains("kernel-panik"));

    [Test]
    public void Every_feature_has_a_reason_and_a_remedy() =>
        Assert.That(FeatureFacts.All.Keys, Is.EquivalentTo(Enum.GetValues<Feature>()));

    private static Skip? SkipOf(TestCase test) => PlanOf(test, s_setting).Tests[0].Skip;

    private static Plan PlanOf(TestCase test, Setting setting) => Plan.For(Catalog.Of([test]), new Selection(), setting);
}
