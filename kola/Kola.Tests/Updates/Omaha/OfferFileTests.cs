using Kola.Tests.Reporting;
using Kola.Updates.Omaha;

namespace Kola.Tests.Updates.Omaha;

/// <summary>Who is offered what, by a file.</summary>
public sealed class OfferFileTests
{
    [Test]
    public void The_example_is_read()
    {
        string file = Path.Combine(GoldenFile.Root, "docs/omaha.example.yaml");
        var read = OfferFile.Parse(File.ReadAllText(file), file);
        string docs = Path.Combine(GoldenFile.Root, "docs");
        Assert.That(read.Groups.Select(g => (g.Key, g.Value.Version, g.Value.File, string.Join(' ', g.Value.Packages))), Is.EqualTo(new[]
        {
            ("stable", "4459.2.0", docs + "/stable/flatcar_production_update.gz", docs + "/stable/oem-qemu.gz"),
            ("beta", "4515.0.0", docs + "/beta/flatcar_production_update.gz", ""),
        }));
        Assert.That(read.Machines.Select(m => (m.Key, m.Value?.Version, m.Value?.EvenIfSame)), Is.EqualTo(new[]
        {
            ("0123456789abcdef0123456789abcdef", "4515.0.0", (bool?)false),
            ("fedcba9876543210fedcba9876543210", "4459.2.0", (bool?)true),
            ("00112233445566778899aabbccddeeff", null, null),
        }));
    }

    [TestCase("", "1:1: the file is empty")]
    [TestCase("groups: [", "/omaha.yaml:")]
    [TestCase("- a", "1:1: the file is a list")]
    [TestCase("machines: {}", "1:1: the file has no groups")]
    [TestCase("groups: {}", "1:9: groups is empty")]
    [TestCase("groups:\n  stable: {version: 1.0.0, payload: a.gz}\nrate: 5", "3:1: \"rate\" is no key of the file\n  wanted:  one of groups, machines")]
    [TestCase("groups:\n  stable: {version: 1.0.0, payload: a.gz, sha256: b}", "2:43: \"sha256\" is no key of stable")]
    [TestCase("groups:\n  stable: {version: 1.0.0}", "2:11: stable has no payload")]
    [TestCase("groups:\n  stable: {version: , payload: a.gz}", "2:21: version is nothing")]
    [TestCase("groups:\n  stable: {version: 1.0.0, payload: [a.gz]}", "2:37: payload is a list")]
    [TestCase("groups:\n  stable: {version: 1.0.0, payload: a.gz, packages: b.gz}", "2:53: packages is \"b.gz\"")]
    [TestCase("groups:\n  stable: {version: 1.0.0, payload: a.gz}\n  stable: {version: 1.0.0, payload: a.gz}", "3:3: \"stable\" is twice in groups")]
    [TestCase("groups:\n  stable: {version: 1.0.0, payload: a.gz}\nmachines:\n  one: {update: never}", "4:8: \"one\" is no machine id")]
    [TestCase("groups:\n  stable: {version: 1.0.0, payload: a.gz}\nmachines:\n  0123456789abcdef0123456789abcdef: {group: beta}", "4:45: group is \"beta\"\n  wanted:  one of stable")]
    [TestCase("groups:\n  stable: {version: 1.0.0, payload: a.gz}\nmachines:\n  0123456789abcdef0123456789abcdef: {update: often}", "4:46: update is \"often\"")]
    [TestCase("groups:\n  stable: {version: 1.0.0, payload: a.gz}\nmachines:\n  0123456789abcdef0123456789abcdef: {update: always}", "4:37: 0123456789abcdef0123456789abcdef has no group")]
    public void What_is_wrong_is_told_with_its_place(string text, string told) =>
        Assert.That(() => OfferFile.Parse(text, "/u/omaha.yaml"), Throws.TypeOf<UsageException>().With.Message.StartsWith("/u/omaha.yaml:").And.Message.Contains(told));
}
