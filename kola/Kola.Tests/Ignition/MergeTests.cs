using Kola.Ignition;

namespace Kola.Tests.Ignition;

/// <summary>Merging as Ignition does it: the cases are those of its own documentation of the operation.</summary>
public sealed class MergeTests
{
    [Test]
    public void What_the_child_sets_wins_and_what_it_does_not_set_stays()
    {
        IgnitionConfig merged = Of(
            """{"ignition":{"version":"3.3.0","timeouts":{"httpTotal":5,"httpResponseHeaders":7}},"storage":{"files":[{"path":"/a","mode":420,"contents":{"source":"data:,x","compression":"gzip"}}]}}""",
            """{"ignition":{"version":"3.3.0","timeouts":{"httpTotal":0}},"storage":{"files":[{"path":"/a","overwrite":false,"contents":{"source":"data:,y"}}]}}""");
        Assert.That(merged.Ignition.Timeouts, Is.EqualTo(new Timeouts { HttpTotal = 0, HttpResponseHeaders = 7 }));
        StorageFile file = merged.Storage.Files.Single();
        Assert.That((file.Mode, file.Overwrite, file.Contents.Source, file.Contents.Compression), Is.EqualTo((420, false, "data:,y", "gzip")));
    }

    [Test]
    public void New_entries_come_behind_those_that_were_there()
    {
        IgnitionConfig merged = Of(
            """{"ignition":{"version":"3.3.0"},"systemd":{"units":[{"name":"a.service"},{"name":"b.service","enabled":true}]}}""",
            """{"ignition":{"version":"3.3.0"},"systemd":{"units":[{"name":"c.service"},{"name":"b.service","mask":true}]}}""");
        Assert.That(merged.Systemd.Units.Select(u => u.Name), Is.EqualTo(new[] { "a.service", "b.service", "c.service" }));
        Assert.That(merged.Systemd.Units[1], Is.EqualTo(new SystemdUnit { Name = "b.service", Enabled = true, Mask = true, Dropins = merged.Systemd.Units[1].Dropins }));
    }

    [Test]
    public void A_path_is_what_the_child_says()
    {
        IgnitionConfig merged = Of(
            """{"ignition":{"version":"3.3.0"},"storage":{"files":[{"path":"/a"},{"path":"/b"}],"directories":[{"path":"/c"}]}}""",
            """{"ignition":{"version":"3.3.0"},"storage":{"links":[{"path":"/a","target":"/x"}],"files":[{"path":"/c"}]}}""");
        Assert.That(merged.Storage.Files.Select(f => f.Path), Is.EqualTo(new[] { "/b", "/c" }));
        Assert.That(merged.Storage.Links.Select(l => l.Path), Is.EqualTo(new[] { "/a" }));
        Assert.That(merged.Storage.Directories, Is.Empty);
    }

    [Test]
    public void Lists_of_words_are_united_and_lists_that_may_repeat_are_put_behind_each_other()
    {
        IgnitionConfig merged = Of(
            """{"ignition":{"version":"3.3.0"},"kernelArguments":{"shouldExist":["a","b"]},"passwd":{"users":[{"name":"core","sshAuthorizedKeys":["x","y"]}]},"storage":{"filesystems":[{"device":"/dev/a","format":"ext4","options":["-F"]}]}}""",
            """{"ignition":{"version":"3.3.0"},"kernelArguments":{"shouldExist":["c"],"shouldNotExist":["b"]},"passwd":{"users":[{"name":"core","sshAuthorizedKeys":["y","z"]}]},"storage":{"filesystems":[{"device":"/dev/a","format":"ext4","options":["-F"]}]}}""");
        Assert.That(merged.KernelArguments.ShouldExist, Is.EqualTo(new[] { "a", "c" }));
        Assert.That(merged.KernelArguments.ShouldNotExist, Is.EqualTo(new[] { "b" }));
        Assert.That(merged.Passwd.Users.Single().SshAuthorizedKeys, Is.EqualTo(new[] { "x", "y", "z" }));
        Assert.That(merged.Storage.Filesystems.Single().Options, Is.EqualTo(new[] { "-F", "-F" }));
    }

    [Test]
    public void A_header_without_value_takes_the_parents_away()
    {
        IgnitionConfig merged = Of(
            """{"ignition":{"version":"3.3.0","config":{"replace":{"source":"http://a/b","httpHeaders":[{"name":"A","value":"1"},{"name":"B","value":"2"}]}}}}""",
            """{"ignition":{"version":"3.3.0","config":{"replace":{"source":"http://a/b","httpHeaders":[{"name":"A"}]}}}}""");
        Assert.That(merged.Ignition.Config.Replace.HttpHeaders, Is.EqualTo(new[] { new HttpHeader { Name = "B", Value = "2" } }));
    }

    [Test]
    public void The_newer_spec_of_both_is_that_of_the_whole_and_bits_an_older_one_leaves_out_stay_out()
    {
        IgnitionConfig merged = Of(
            """{"ignition":{"version":"3.1.0"},"storage":{"files":[{"path":"/a","mode":2541}],"directories":[{"path":"/b","mode":1023}]}}""",
            """{"ignition":{"version":"3.6.0"},"storage":{"files":[{"path":"/c","mode":2541}]}}""");
        Assert.That(merged.Version, Is.EqualTo(new Version(3, 6, 0)));
        Assert.That(merged.Storage.Files.Select(f => f.Mode), Is.EqualTo(new long?[] { 493, 2541 }));
        Assert.That(merged.Storage.Directories.Single().Mode, Is.EqualTo(511));
    }

    private static IgnitionConfig Of(string parent, string child) => IgnitionConfig.Parse(parent, "parent").MergedWith(IgnitionConfig.Parse(child, "child"));
}
