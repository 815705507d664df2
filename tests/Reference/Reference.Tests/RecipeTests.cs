using Flatcar.Reference.Building;
using Flatcar.Reference.Init;
using NUnit.Framework;

namespace Flatcar.Reference.Tests;

public sealed class RecipeTests
{
    private static readonly ReferenceImageOptions Options = new() { CacheDirectory = "/nowhere" };

    [Test]
    public void The_digest_is_stable_and_depends_on_the_options()
    {
        var digest = ReferenceImage.Digest(Options);
        Assert.That(digest, Does.Match("^sha256:[0-9a-f]{64}$"));
        Assert.That(ReferenceImage.Digest(Options with { CacheDirectory = "/elsewhere" }), Is.EqualTo(digest));
        Assert.That(ReferenceImage.Digest(Options with { Version = "4460.0.0" }), Is.Not.EqualTo(digest));
        Assert.That(ReferenceImage.Digest(Options with { DebianSuite = "sid" }), Is.Not.EqualTo(digest));
    }

    [Test]
    public void The_package_layer_does_not_depend_on_the_version() =>
        Assert.That(Recipe.LayerDigest(Options with { Version = "4460.0.0" }), Is.EqualTo(Recipe.LayerDigest(Options)));

    [Test]
    public void Images_of_all_versions_share_one_base()
    {
        Assert.That(Recipe.BaseDigest(Options with { Version = "4460.0.0" }), Is.EqualTo(Recipe.BaseDigest(Options)));
        Assert.That(Recipe.BaseDigest(Options with { DebianSuite = "sid" }), Is.Not.EqualTo(Recipe.BaseDigest(Options)));
    }

    // One block of the file system each: then no version moves what another has behind it.
    [TestCase("4459.0.0")]
    [TestCase("999999.999999.999999")]
    public void The_files_of_a_version_take_one_block_each(string version)
    {
        var files = new Release(Options with { Version = version }, "reference-0123456789ab").Files;
        Assert.That(files.Keys, Is.EqualTo(Release.Paths));
        Assert.That(files.Values, Has.All.Contain(version).And.All.Length.LessThan(4096));
    }

    [TestCase("4459.0.0", true)]
    [TestCase("4459.0", false)]
    [TestCase("4459.0.0+x", false)]
    [TestCase("", false)]
    public void Versions_are_three_numbers(string version, bool good) =>
        Assert.That(() => Recipe.CheckVersion(version), good ? Throws.Nothing : Throws.TypeOf<ReferenceBuildException>());

    [Test]
    public void The_recipe_is_inside_the_assembly()
    {
        Assert.That(Recipe.Names, Does.Contain("Recipe/root/usr/lib/systemd/system/sshd.socket"));
        Assert.That(Recipe.Names, Does.Contain("Init/Init.csproj"));
        // Once it was not, since git had been told to ignore every folder called bin.
        Assert.That(Recipe.Names, Does.Contain("Recipe/root/usr/bin/rootdev"));
        Assert.That(Recipe.Words("Recipe/packages.txt"), Does.Contain("ignition").And.None.StartsWith("#"));
    }

    [Test]
    public void Every_link_of_the_recipe_says_what_it_points_to() =>
        Assert.That(Recipe.Lines("Recipe/links.txt"), Has.All.Match("^[^ ]+ -> [^ ]+$"));

    [Test]
    public void An_absent_image_is_not_found() =>
        Assert.That(ReferenceImage.Find(Options), Is.Null);

    [TestCase("", FirstBoot.ByFlagFile)]
    [TestCase("quiet flatcar.first_boot=detected", FirstBoot.Detected)]
    [TestCase("flatcar.first_boot=1", FirstBoot.Forced)]
    [TestCase("coreos.first_boot=1", FirstBoot.Forced)]
    [TestCase("flatcar.first_boot=0", FirstBoot.No)]
    [TestCase("flatcar.first_boot=off", FirstBoot.No)]
    [TestCase("flatcar.first_boot", FirstBoot.No)]
    public void First_boot_on_the_command_line(string line, object expected) =>
        Assert.That(new KernelCommandLine(line).FirstBoot, Is.EqualTo(expected));

    [TestCase("mount.usr=/dev/mapper/usr verity.usr=PARTUUID=e03dd35c-7c2d-4a47-b3fe-27f15780a57c", "PARTUUID=e03dd35c-7c2d-4a47-b3fe-27f15780a57c")]
    [TestCase("mount.usr=/dev/mapper/usr", null)]
    [TestCase("flatcar.usr=auto", null)]
    [TestCase("flatcar.usr=b", "b")]
    public void Slot_on_the_command_line(string line, string? expected) =>
        Assert.That(new KernelCommandLine(line).UsrPartition, Is.EqualTo(expected));

    [Test]
    public void The_last_word_on_a_name_counts()
    {
        var line = new KernelCommandLine("a=1 b a=2 ab=3\n");
        Assert.That((line["a"], line["b"], line["c"]), Is.EqualTo(("2", "", (string?)null)));
    }
}
