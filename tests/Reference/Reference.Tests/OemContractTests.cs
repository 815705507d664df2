using System.Text.Json.Nodes;
using Flatcar.Reference.Init;
using NUnit.Framework;

namespace Flatcar.Reference.Tests;

/// <summary>Configs that write to the OEM partition, as Debian's Ignition gets to see them.</summary>
public sealed class OemContractTests
{
    [Test]
    public void The_old_path_becomes_the_new_one_everywhere()
    {
        var storage = Adapted("""
            {"filesystems":[{"device":"/dev/disk/by-label/OEM","path":"/usr/share/oem"}],
             "files":[{"path":"/usr/share/oem/grub.cfg"},{"path":"/usr/share/oemish"}],"directories":[{"path":"/usr/share/oem/bin"}],
             "links":[{"path":"/usr/share/oem/link","target":"/usr/share/oem/grub.cfg"}]}
            """, "btrfs", out _);
        Assert.That(Texts(storage, "filesystems", "path"), Is.EqualTo(new[] { "/oem" }));
        Assert.That(Texts(storage, "files", "path"), Is.EqualTo(new[] { "/oem/grub.cfg", "/usr/share/oemish" }));
        Assert.That(Texts(storage, "directories", "path"), Is.EqualTo(new[] { "/oem/bin" }));
        Assert.That(Texts(storage, "links", "path"), Is.EqualTo(new[] { "/oem/link" }));
    }

    [TestCase("""{"device":"/dev/disk/by-label/OEM","format":"ext4"}""", "btrfs", ExpectedResult = "btrfs")]
    [TestCase("""{"device":"/dev/disk/by-partlabel/OEM","format":"ext4","wipeFilesystem":false}""", "btrfs", ExpectedResult = "btrfs")]
    [TestCase("""{"device":"/dev/disk/by-label/OEM","format":"ext4","wipeFilesystem":true}""", "btrfs", ExpectedResult = "ext4")]
    [TestCase("""{"device":"/dev/disk/by-label/OEM","format":"ext4"}""", null, ExpectedResult = "ext4")]
    [TestCase("""{"device":"/dev/disk/by-label/DATA","format":"ext4"}""", "btrfs", ExpectedResult = "ext4")]
    public string An_oem_that_is_not_to_be_wiped_keeps_its_format(string filesystem, string? found) =>
        Texts(Adapted($$"""{"filesystems":[{{filesystem}}]}""", found, out _), "filesystems", "format").Single();

    [TestCase("""{"files":[{"path":"/oem/grub.cfg"}]}""", ExpectedResult = true)]
    [TestCase("""{"links":[{"path":"/usr/share/oem/a"}]}""", ExpectedResult = true)]
    [TestCase("""{"files":[{"path":"/oem/grub.cfg"}],"filesystems":[{"device":"/dev/disk/by-label/OEM","path":"/oem"}]}""", ExpectedResult = false)]
    [TestCase("""{"files":[{"path":"/oem/grub.cfg"}],"filesystems":[{"device":"/dev/disk/by-label/OEM","path":"/usr/share/oem"}]}""", ExpectedResult = false)]
    [TestCase("""{"files":[{"path":"/etc/oem/grub.cfg"},{"path":"/oemish"}]}""", ExpectedResult = false)]
    [TestCase("""{}""", ExpectedResult = false)]
    public bool It_is_mounted_where_something_is_written_to_it_and_the_config_does_not(string storage)
    {
        _ = Adapted(storage, "btrfs", out var mount);
        return mount;
    }

    [Test]
    public void A_config_without_storage_stays_as_it_is()
    {
        const string text = """{"ignition":{"version":"3.3.0"}}""";
        Assert.That(OemContract.Adapt(text, "btrfs", out var mount), Is.EqualTo(text));
        Assert.That(mount, Is.False);
    }

    private static JsonNode Adapted(string storage, string? format, out bool mount) =>
        JsonNode.Parse(OemContract.Adapt($$"""{"ignition":{"version":"3.3.0"},"storage":{{storage}}}""", format, out mount))!["storage"]!;

    private static IEnumerable<string> Texts(JsonNode storage, string section, string name) =>
        storage[section]!.AsArray().Select(e => e![name]!.GetValue<string>());
}
