using Flatcar.Reference.Building;
using NUnit.Framework;

namespace Flatcar.Reference.Tests;

/// <summary>The sweeps delete files as root: they must not leave the tree they are given.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class TreeSweepTests
{
    private string host = "";
    private string root = "";

    [SetUp]
    public void MakeTrees()
    {
        host = Directory.CreateTempSubdirectory("sweep-host-").FullName;
        root = Directory.CreateTempSubdirectory("sweep-root-").FullName;
        Directory.CreateDirectory(Path.Combine(root, "usr/bin"));
        File.WriteAllText(Path.Combine(host, "script"), "#!/usr/bin/perl -w\n");
        File.SetUnixFileMode(Path.Combine(host, "script"), UnixFileMode.SetUser | UnixFileMode.UserRead | UnixFileMode.OtherWrite);
        File.CreateSymbolicLink(Path.Combine(host, "dead"), "/usr/nowhere");
        // As /usr/lib/ssl/certs -> /etc/ssl/certs: seen from outside, it leads into the host.
        Directory.CreateSymbolicLink(Path.Combine(root, "usr/out"), host);
        Directory.CreateSymbolicLink(Path.Combine(root, "usr/bin/out"), host);
    }

    [TearDown]
    public void RemoveTrees()
    {
        Directory.Delete(root, recursive: true);
        Directory.Delete(host, recursive: true);
    }

    [Test]
    public void No_sweep_follows_a_link_out_of_the_tree()
    {
        var mode = File.GetUnixFileMode(Path.Combine(host, "script"));
        TreeSweep.Remove(root, ["usr/out/*", "usr/out/script", "usr/*/script"]);
        TreeSweep.RemoveScripts(root);
        TreeSweep.RestrictModes(root);
        TreeSweep.ResolveAlternatives(root, Path.Combine(root, "etc/alternatives"));
        TreeSweep.RemoveDeadLinks(root);
        Assert.That(Directory.GetFileSystemEntries(host).Select(Path.GetFileName), Is.EquivalentTo(new[] { "script", "dead" }));
        Assert.That(File.GetUnixFileMode(Path.Combine(host, "script")), Is.EqualTo(mode));
    }

    [Test]
    public void A_link_itself_can_be_removed_and_what_it_leads_to_stays()
    {
        TreeSweep.Remove(root, ["usr/out"]);
        Assert.That(new FileInfo(Path.Combine(root, "usr/out")).LinkTarget, Is.Null);
        Assert.That(Directory.Exists(host), Is.True);
    }

    [Test]
    public void What_is_in_the_tree_is_swept()
    {
        File.WriteAllText(Path.Combine(root, "usr/bin/old"), "#!/usr/bin/env python3\n");
        File.CreateSymbolicLink(Path.Combine(root, "usr/bin/dangling"), "/usr/bin/nobody");
        TreeSweep.RemoveScripts(root);
        TreeSweep.RemoveDeadLinks(root);
        Assert.That(Directory.GetFileSystemEntries(Path.Combine(root, "usr/bin")).Select(Path.GetFileName), Has.None.AnyOf("old", "dangling"));
    }
}
