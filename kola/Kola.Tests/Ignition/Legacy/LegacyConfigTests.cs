using Kola.Ignition;

namespace Kola.Tests.Ignition;

/// <summary>Ignition 1 and 2: read, kept, added to, translated as ign-converter's own tests and the peer's facts have it.</summary>
public sealed class LegacyConfigTests
{
    private const string Hash = "sha512-c6100de5624cfb3c109909948ecb8d703bbddcd3725b8bd43dcf2cee6d2f5dc990a757575e0306a8e8eea354bcd7cfac354da911719766225668fe5430477fa8";
    private const string Uuid = "9d6e42cd-dcef-4177-b4c6-2a0c979e3d82";

    [Test]
    public void What_nothing_is_added_to_is_kept_to_the_letter()
    {
        const string text = """{ "ignition" : {"version": "2.3.0"} , "systemd":{} }""";
        Assert.That(Read(text).ToString(), Is.EqualTo(text));
    }

    [TestCase("""{"ignition": {"version": "2.0.0"}}""", "2.0.0")]
    [TestCase("""{"ignition": {"version": "2.3.0"}}""", "2.3.0")]
    [TestCase("""{"ignitionVersion": 1}""", "1.0.0")]
    public void Spec_is_told(string text, string version) => Assert.That(Read(text).Version, Is.EqualTo(Version.Parse(version)));

    [TestCase("""{"ignition": {"version": "2.5.0"}}""", "1:26: error at $.ignition.version: unsupported config version")]
    [TestCase("""{"ignition": {"version": "2.3.0-experimental"}}""", "1:26: error at $.ignition.version: unsupported config version")]
    [TestCase("""{"ignitionVersion": 2}""", "1:21: error at $.ignitionVersion: unsupported config version")]
    [TestCase("""{"storage": {}}""", "1:1: error at $: no ignition.version")]
    [TestCase("""{"ignition": {"version": "2.0.0"}, "storage": {"files": {}}}""", "1:57: error at $.storage.files: files = {…}")]
    [TestCase("""{"ignition": {"version": "2.0.0"}, "storage": {"files": [{"mode": "0644"}]}}""", "1:67: error at $.storage.files.0.mode: mode = \"0644\"")]
    [TestCase("""{"ignition": {"version": "2.0.0"}, "storage": {"filez": []}}""", "1:48: warning at $.storage.filez: Unused key filez")]
    [TestCase("""{"ignition": {"version": "2.0.0"}, "storage": {"links": []}}""", "1:48: warning at $.storage.links: Unused key links")]
    [TestCase("""{"ignition": {"version": "2.0.0"}, "passwd": {}, "passwd": {}}""", "1:50: error at $.passwd: passwd stands twice")]
    [TestCase("[", "1:2: error at $: not JSON: the end of the text where a value should be")]
    public void What_is_wrong_has_its_place(string text, string problem) =>
        Assert.That(LegacyConfig.Read(text).Problems.Select(p => p.Describe("x")), Has.Some.StartsWith("x:" + problem[..problem.IndexOf(": ", StringComparison.Ordinal)]).And.Some.Contains(problem[(problem.IndexOf(':') + 1)..][..10]));

    [Test]
    public void Spec_2_is_added_to()
    {
        LegacyConfig config = Read("""{"ignition": {"version": "2.0.0"}, "passwd": {"users": [{"name": "core", "sshAuthorizedKeys": ["a"]}]}, "storage": {"files": [{"filesystem": "root", "path": "/there"}]}}""")
            .WithKey("core", "b").WithKey("core", "b").WithFile("/etc/flatcar/update.conf", "SERVER=disabled\n").WithFile("/there", "not written").WithUnit("a.service", "[Unit]\n", enabled: true);
        Assert.That(ButaneText.Of(config.ToString()), Is.EqualTo(ButaneText.Of("""
            {"ignition": {"version": "2.0.0"}, "passwd": {"users": [{"name": "core", "sshAuthorizedKeys": ["a", "b"]}]},
             "storage": {"files": [{"filesystem": "root", "path": "/there"}, {"filesystem": "root", "path": "/etc/flatcar/update.conf", "contents": {"source": "data:;base64,U0VSVkVSPWRpc2FibGVkCg=="}, "mode": 420}]},
             "systemd": {"units": [{"name": "a.service", "contents": "[Unit]\n", "enable": true}]}}
            """)));
        Assert.That((config.Mentions("/there"), config.Mentions("/elsewhere")), Is.EqualTo((true, false)));
    }

    [Test]
    public void Spec_1_is_added_to_as_the_peer_does()
    {
        LegacyConfig config = Read("""{"ignitionVersion": 1}""").WithKey("core", "k").WithFile("/etc/flatcar/update.conf", "SERVER=disabled\n").WithFile("/etc/hostname", "a\n", 384);
        Assert.That(ButaneText.Of(config.ToString()), Is.EqualTo(ButaneText.Of("""
            {"ignitionVersion": 1, "passwd": {"users": [{"name": "core", "sshAuthorizedKeys": ["k"]}]},
             "storage": {"filesystems": [{"device": "/dev/disk/by-partlabel/ROOT", "format": "ext4", "files": [
              {"path": "/etc/flatcar/update.conf", "contents": "SERVER=disabled\n", "mode": 420}, {"path": "/etc/hostname", "contents": "a\n", "mode": 384}]}]}}
            """)));
        Assert.That(LegacyConfig.Read(config.ToString()).Problems, Is.Empty);
    }

    // Flatcar's initrd mounts what has no path at a random place in /tmp.
    [Test]
    public void All_of_2_3_becomes_3_1_as_ign_converter_has_it()
    {
        string two = """
            {"ignition": {"version": "2.3.0",
              "config": {"append": [{"source": "https://example.com", "verification": {"hash": "HASH"}}], "replace": {"source": "https://example.com", "verification": {"hash": "HASH"}}},
              "timeouts": {"httpResponseHeaders": 5, "httpTotal": 10},
              "security": {"tls": {"certificateAuthorities": [{"source": "https://example.com", "verification": {"hash": "HASH"}}]}}},
             "storage": {
              "disks": [{"device": "/dev/sda", "wipeTable": true, "partitions": [{"label": "var", "number": 1, "sizeMiB": 5000, "startMiB": 2048, "typeGuid": "UUID", "guid": "UUID", "wipePartitionEntry": true, "shouldExist": true}]}],
              "raid": [{"name": "array", "level": "raid10", "devices": ["/dev/sdb", "/dev/sdc"], "spares": 1, "options": ["foobar"]}],
              "filesystems": [{"name": "/var", "mount": {"device": "/dev/disk/by-partlabel/var", "format": "xfs", "wipeFilesystem": true, "label": "var", "uuid": "UUID", "options": ["rw"]}}],
              "files": [
               {"filesystem": "/var", "path": "/varfile", "overwrite": false, "append": true, "user": {"id": 1000}, "group": {"name": "groupname"}, "mode": 420, "contents": {"compression": "gzip", "source": "https://example.com", "verification": {"hash": "HASH"}}},
               {"filesystem": "root", "path": "/empty", "mode": 420}],
              "directories": [{"filesystem": "root", "path": "/rootdir", "overwrite": true, "user": {"id": 1000}, "group": {"name": "groupname"}, "mode": 420}],
              "links": [{"filesystem": "root", "path": "/rootlink", "overwrite": true, "user": {"id": 1000}, "group": {"name": "groupname"}, "target": "/foobar", "hard": false}]}}
            """;
        string three = """
            {"ignition": {"version": "3.1.0",
              "config": {"merge": [{"source": "https://example.com", "verification": {"hash": "HASH"}}], "replace": {"source": "https://example.com", "verification": {"hash": "HASH"}}},
              "timeouts": {"httpResponseHeaders": 5, "httpTotal": 10},
              "security": {"tls": {"certificateAuthorities": [{"source": "https://example.com", "verification": {"hash": "HASH"}}]}}},
             "storage": {
              "disks": [{"device": "/dev/sda", "wipeTable": true, "partitions": [{"label": "var", "number": 1, "sizeMiB": 5000, "startMiB": 2048, "typeGuid": "UUID", "guid": "UUID", "wipePartitionEntry": true, "shouldExist": true}]}],
              "raid": [{"name": "array", "level": "raid10", "devices": ["/dev/sdb", "/dev/sdc"], "spares": 1, "options": ["foobar"]}],
              "filesystems": [{"path": "/tmp/ignition-var", "device": "/dev/disk/by-partlabel/var", "format": "xfs", "wipeFilesystem": true, "label": "var", "uuid": "UUID", "options": ["rw"]}],
              "files": [
               {"path": "/tmp/ignition-var/varfile", "overwrite": false, "user": {"id": 1000}, "group": {"name": "groupname"}, "mode": 420, "append": [{"compression": "gzip", "source": "https://example.com", "verification": {"hash": "HASH"}}]},
               {"path": "/empty", "overwrite": true, "mode": 420, "contents": {"source": ""}}],
              "directories": [{"path": "/rootdir", "overwrite": true, "user": {"id": 1000}, "group": {"name": "groupname"}, "mode": 420}],
              "links": [{"path": "/rootlink", "overwrite": true, "user": {"id": 1000}, "group": {"name": "groupname"}, "target": "/foobar", "hard": false}]}}
            """;
        Becomes(Filled(two), Filled(three));
    }

    [Test]
    public void Networkd_becomes_files() => Becomes(
        """
        {"ignition": {"version": "2.2.0"}, "networkd": {"units": [
          {"name": "00-dummy.network", "contents": "[Match]\nType=!vlan bond bridge\n"},
          {"name": "10-kola.netdev", "dropins": [{"name": "a.conf", "contents": "[NetDev]\n"}]}]}}
        """,
        """
        {"ignition": {"version": "3.1.0"}, "storage": {"files": [
          {"path": "/etc/systemd/network/00-dummy.network", "overwrite": true, "mode": 420, "contents": {"source": "data:,%5BMatch%5D%0AType%3D!vlan%20bond%20bridge%0A"}},
          {"path": "/etc/systemd/network/10-kola.netdev.d/a.conf", "overwrite": true, "mode": 420, "contents": {"source": "data:,%5BNetDev%5D%0A"}}]}}
        """);

    [Test]
    public void Users_units_and_filesystems_of_older_words() => Becomes(
        """
        {"ignition": {"version": "2.0.0"},
         "passwd": {"users": [{"name": "u", "create": {"uid": 500, "groups": ["g"], "noCreateHome": true}}]},
         "systemd": {"units": [{"name": "a.service", "enable": true, "contents": "[Service]\n"}, {"name": "b.service", "enable": false, "mask": true}]},
         "storage": {"filesystems": [
           {"name": "root", "mount": {"device": "/dev/disk/by-label/ROOT", "format": "ext4", "create": {"force": true}}},
           {"name": "oem", "mount": {"device": "/dev/disk/by-label/OEM", "format": "ext4"}},
           {"name": "data", "path": "/data"},
           {"name": "srv", "mount": {"device": "/dev/vdb", "format": "ext4", "create": {"force": true, "options": ["-L", "x"]}}}],
          "files": [{"filesystem": "oem", "path": "/grub.cfg"}, {"filesystem": "data", "path": "/a"}]}}
        """,
        """
        {"ignition": {"version": "3.1.0"},
         "passwd": {"users": [{"name": "u", "uid": 500, "groups": ["g"], "noCreateHome": true}]},
         "systemd": {"units": [{"name": "a.service", "enabled": true, "contents": "[Service]\n"}, {"name": "b.service", "mask": true}]},
         "storage": {"filesystems": [
           {"path": "/tmp/ignition-oem", "device": "/dev/disk/by-label/OEM", "format": "btrfs"},
           {"path": "/tmp/ignition-srv", "device": "/dev/vdb", "format": "ext4", "wipeFilesystem": true, "options": ["-L", "x"]}],
          "files": [{"path": "/tmp/ignition-oem/grub.cfg", "overwrite": true, "contents": {"source": ""}}, {"path": "/data/a", "overwrite": true, "contents": {"source": ""}}]}}
        """);

    [Test]
    public void Spec_1_becomes_3_1() => Becomes(
        """
        {"ignitionVersion": 1, "storage": {"filesystems": [
          {"device": "/dev/disk/by-partlabel/ROOT", "format": "ext4", "files": [{"path": "/a", "contents": "b c", "mode": 420, "uid": 500}]},
          {"device": "/dev/vdb", "format": "ext4", "create": {"force": true}, "files": [{"path": "/d", "contents": ""}]}]}}
        """,
        """
        {"ignition": {"version": "3.1.0"}, "storage": {
          "filesystems": [{"path": "/tmp/ignition-dev-vdb", "device": "/dev/vdb", "format": "ext4", "wipeFilesystem": true}],
          "files": [{"path": "/a", "overwrite": true, "mode": 420, "user": {"id": 500}, "contents": {"source": "data:,b%20c"}}, {"path": "/tmp/ignition-dev-vdb/d", "overwrite": true, "contents": {"source": "data:,"}}]}}
        """);

    [TestCase("""{"filesystems": [{"name": "a", "mount": {"device": "/dev/vdb", "format": "ext4", "create": {"force": false}}}]}""", "Config must force filesystem creation")]
    [TestCase("""{"files": [{"filesystem": "none", "path": "/a"}]}""", "no filesystem is called \"none\"")]
    [TestCase("""{"files": [{"path": "/a"}]}""", "no filesystem")]
    [TestCase("""{"disks": [{"device": "/dev/vdb", "partitions": [{"number": 1, "size": 65536}]}]}""", "size counts sectors")]
    [TestCase("""{"links": [{"filesystem": "root", "path": "/l", "target": "/t"}], "files": [{"filesystem": "root", "path": "/l/f"}]}""", "/l/f uses link defined in config \"/l\"")]
    [TestCase("""{"files": [{"filesystem": "root", "path": "/f"}, {"filesystem": "root", "path": "/f"}]}""", "duplicate entry")]
    public void What_3_cannot_say_is_an_error(string storage, string why) =>
        Assert.That(Read($$"""{"ignition": {"version": "2.2.0"}, "storage": {{storage}}}""").Translate().Errors.Select(e => e.Describe("x")), Has.Some.StartsWith("x:1:").And.Some.Contains(why));

    private static string Filled(string text) => text.Replace("HASH", Hash, StringComparison.Ordinal).Replace("UUID", Uuid, StringComparison.Ordinal);

    private static LegacyConfig Read(string text) => LegacyConfig.Read(text).Demand("x");

    private static void Becomes(string two, string three)
    {
        ConfigReading<IgnitionConfig> translated = Read(two).Translate();
        Assert.That(translated.Errors.Select(e => e.Describe("x")), Is.Empty);
        Assert.That(ButaneText.Of(translated.Config!.ToString()), Is.EqualTo(ButaneText.Of(IgnitionConfig.Parse(three, "three").ToString())));
    }
}
