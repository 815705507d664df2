using Kola.Discovery;
using Kola.Planning;
using Kola.Scheduling;

namespace Kola.Tests.Planning;

/// <summary>What is wrong with a config is told before anything boots.</summary>
public sealed class ConfigCheckTests
{
    private static readonly Setting s_setting = new()
    {
        Platform = "fake",
        Features = FeatureFacts.All.Where(f => f.Value.OfferedBy == FeatureSource.Platform).Select(f => f.Key).ToHashSet(),
        Capacity = new Capacity { Machines = 8, MemoryMiB = 16384, Cpus = 8 },
        Image = Some.Image() with { IgnitionMaximum = "3.3.0" },
        Checks = new HashSet<string>(),
    };

    [Test]
    public void Every_wrong_config_is_told_not_only_the_first()
    {
        string told = Wrong(
            Some.Case("a.test", 10, With("{\"ignition\":{\"version\":\"3.3.0\"},", "a.ign")),
            Some.Case("b.test", 10, With("variant: flatcar\nversion: 1.0.0\nstorage:\n  filez: []\n", "b.bu")),
            Some.Case("c.test", 10, With("""{"ignition":{"version":"3.4.0"}}""", "c.ign")));
        Assert.That(told, Does.Contain("a.test/machine: a.ign:1:").And.Contain("b.test/machine: b.bu:4:3").And.Contain("filez").And.Contain("c.test/machine: c.ign").And.Contain("3.3.0"));
    }

    [Test]
    public void A_key_nobody_knows_is_an_error_unless_the_test_wants_it()
    {
        MachineSpec typo = With("""{"ignition":{"version":"3.3.0"},"storage":{"filez":[]}}""", "typo.ign");
        Assert.That(Wrong(Some.Case("typo", 10, typo)), Does.Contain("typo/machine: typo.ign:1:").And.Contain("filez").And.Contain("ConfigWarnings"));
        Assert.That(() => Check(Some.Case("typo", 10, typo with { ConfigWarnings = true })), Throws.Nothing);
    }

    [TestCase("${hub.adress}", "did you mean ${hub.address}?")]
    [TestCase("${spoke.address}", "stands for nothing", Description = "itself")]
    [TestCase("${files.ftp}", "${files.tftp}")]
    [TestCase("${nobody.knows}", "write $${nobody.knows}")]
    public void A_reference_to_nothing_is_told_with_its_place(string reference, string hint)
    {
        string told = Wrong(Some.Case("some", 10, Some.Machine("hub"), With($"variant: flatcar\nversion: 1.0.0\nstorage:\n  files:\n    - path: /a\n      contents:\n        source: {reference}\n", "spoke.bu") with { Name = "spoke" }));
        Assert.That(told, Does.StartWith("some/spoke: spoke.bu:7:17: ").And.Contain(hint));
    }

    [Test]
    public void Machines_that_wait_for_each_other_are_a_plan_error()
    {
        string told = Wrong(Some.Case("ring", 10, Refers("a", "b"), Refers("b", "c"), Refers("c", "a")));
        Assert.That(told, Does.Contain("ring: its machines wait for each other: a → b → c → a"));
        Assert.That(() => Check(Some.Case("chain", 10, Refers("a", "b"), Refers("b", "c"), Some.Machine("c"))), Throws.Nothing);
        Assert.That(() => Check(Some.Case("diamond", 10, Refers("a", "b", "c"), Refers("b", "d"), Refers("c", "d"), Some.Machine("d"))), Throws.Nothing);
    }

    [Test]
    public void A_machine_that_is_to_fail_can_be_waited_for_by_nobody() =>
        Assert.That(Wrong(Some.Case("some", 10, Refers("a", "b"), Some.Machine("b") with { BootFails = true })), Does.Contain("${b.address} stands for nothing"));

    [Test]
    public void A_config_larger_than_the_platform_takes_is_told_with_a_way_out()
    {
        MachineSpec large = With($$$"""{"ignition":{"version":"3.3.0"},"storage":{"files":[{"path":"/a","contents":{"source":"data:,{{{new string('x', 20_000)}}}"}}]}}""", "large.ign");
        Assert.That(() => Check(Some.Case("large", 10, large)), Throws.Nothing);
        UsageException? wrong = Assert.Throws<UsageException>(() => Plan.For(Catalog.Of([Some.Case("large", 10, large)]), new Selection(), s_setting with { Limits = PlatformLimits.None with { ConfigBytes = 16384 } }));
        Assert.That(wrong!.Message, Does.Contain("large/machine: large.ign: the config is 2").And.Contain("at most 16384 bytes, which is what fake takes").And.Contain("${files.http}"));
    }

    [Test]
    public void A_newer_spec_is_a_skip_for_a_test_that_needs_it_and_an_error_for_any_other()
    {
        MachineSpec newer = With("""{"ignition":{"version":"3.4.0"}}""", "newer.ign");
        Assert.That(Wrong(Some.Case("newer", 10, newer)), Does.Contain("at most 3.3.0"));
        Plan plan = Check(Some.Case("newer", 10, newer) with { Needs = [Feature.IgnitionSpec34] });
        Assert.That(plan.Tests[0].Skip!.Reason, Does.Contain("older than spec 3.4.0"));
    }

    [Test]
    public void What_a_config_asks_for_needs_no_second_word()
    {
        Setting bare = s_setting with { Features = new HashSet<Feature>(), Image = s_setting.Image with { Lacks = [Feature.IgnitionV2] } };
        Skip? SkipOf(MachineSpec machine) => Plan.For(Catalog.Of([Some.Case("some", 10, machine)]), new Selection(), bare).Tests[0].Skip;
        Assert.That(SkipOf(With("""{"ignition":{"version":"2.2.0"}}""", "old.ign"))!.Reason, Does.Contain("Ignition 3.x only"));
        Assert.That(SkipOf(With("#cloud-config\nhostname: core1\n", "cloud.yaml"))!.Remedy, Does.Contain("mtools"));
        Assert.That(SkipOf(With("""{"ignition":{"version":"3.0.0","config":{"merge":[{"source":"${files.http}/a.ign"}]}}}""", "served.ign"))!.Reason, Does.Contain("server of files"));
        Assert.That(SkipOf(Some.Machine() with { BootFails = true })!.Reason, Does.Contain("console"));
    }

    [Test]
    public void A_config_that_is_to_fail_may_be_wrong() =>
        Assert.That(() => Check(Some.Case("bad", 10, With("""{"ignition":{"version":"3.99.0"}}""", "bad.ign") with { BootFails = true })), Throws.Nothing);

    [Test]
    public void What_one_test_means_to_be_wrong_is_wrong_for_any_other()
    {
        MachineSpec bad = With("""{"ignition":{"version":"3.99.0"}}""", "bad.ign");
        Assert.That(Wrong(Some.Case("a.fails", 10, bad with { BootFails = true }), Some.Case("b.boots", 10, bad with { ConfigWarnings = true })), Does.StartWith("b.boots/machine: bad.ign"));
    }

    private static MachineSpec With(string config, string file) => Some.Machine() with { Config = config, ConfigFile = file };

    private static MachineSpec Refers(string name, params string[] to) => Some.Machine(name) with
    {
        Config = "variant: flatcar\nversion: 1.0.0\nstorage:\n  files:\n" + string.Concat(to.Select(t => $"    - path: /etc/{t}\n      contents:\n        inline: ${{{t}.address}}\n")),
        ConfigFile = $"{name}.bu",
    };

    private static Plan Check(params TestCase[] tests) => Plan.For(Catalog.Of(tests), new Selection(), s_setting);

    private static string Wrong(params TestCase[] tests) => Assert.Throws<UsageException>(() => Check(tests))!.Message;
}
