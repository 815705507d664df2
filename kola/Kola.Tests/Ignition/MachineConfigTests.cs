using System.Text.Json.Nodes;
using Kola.Ignition;

namespace Kola.Tests.Ignition;

/// <summary>What a machine is given in the end: the author's config and the harness's part.</summary>
public sealed class MachineConfigTests
{
    private static readonly Dictionary<string, string> s_nothing = [];

    [Test]
    public void Machines_of_one_test_know_each_other_by_role()
    {
        Neighbourhood neighbours = Neighbourhood.Of("some.test", [Some.Machine("hub"), Some.Machine("spoke")], [])!;
        string rendered = MachineConfig.For(Some.Machine("spoke"), "k", neighbours, channel: true, s_nothing, "x").Ignition;
        Assert.That(neighbours.HostsFile(), Does.Contain("198.18.0.1 hub\n198.18.0.2 spoke\n"));
        Assert.That(neighbours.NetworkFiles("spoke").Single().Text, Does.Contain("MACAddress=52:54:00:6b:00:02").And.Contain("Address=198.18.0.2/24").And.Not.Contain("DHCPServer"));
        Assert.That(rendered, Does.Contain("/etc/hosts").And.Contain("10-kola-private.network"));
    }

    [Test]
    public void Who_is_referred_to_gives_the_others_their_addresses_before_they_have_a_config()
    {
        Neighbourhood neighbours = Neighbourhood.Of("some.test", [Refers("spoke", "hub"), Some.Machine("hub"), Refers("other", "spoke")], [])!;
        Assert.That(neighbours.AddressServer, Is.EqualTo("spoke"), "the first of those that others refer to");
        string file = neighbours.NetworkFiles("spoke").Single().Text;
        Assert.That(file, Does.Contain("DHCPServer=yes\n").And.Contain("[DHCPServerStaticLease]\nMACAddress=52:54:00:6b:00:02\nAddress=198.18.0.2\n").And.Contain("MACAddress=52:54:00:6b:00:03\nAddress=198.18.0.3\n"));
        Assert.That(file, Does.Contain("EmitRouter=no").And.Contain("EmitDNS=no").And.Contain("PersistLeases=no"), "the way into the world is another card");
        Assert.That(neighbours.NetworkFiles("hub").Single().Text, Does.Not.Contain("DHCPServer"));
    }

    [Test]
    public void References_are_replaced_before_the_config_is_read()
    {
        MachineSpec spoke = Refers("spoke", "hub");
        Neighbourhood neighbours = Neighbourhood.Of("some.test", [spoke, Some.Machine("hub")], [])!;
        MachineConfig config = MachineConfig.For(spoke, "k", neighbours, channel: false, ReferenceValues.Of(neighbours, "10.0.2.2", null), "x");
        Assert.That(config.Ignition, Does.Contain("http://198.18.0.2/file"));
    }

    [Test]
    public void The_harnesss_server_has_its_ports_and_its_certificate()
    {
        var served = new ServedAddresses(8080, 8443, 6969, "pem");
        IReadOnlyDictionary<string, string> values = ReferenceValues.Of(null, "10.0.2.2", served);
        Assert.That(
            Reference.Resolve("${files.http}/a ${files.https} ${files.tftp} ${files.ca} $${files.http} ${HOME} ${hub.address}", values),
            Is.EqualTo("http://10.0.2.2:8080/a https://10.0.2.2:8443 tftp://10.0.2.2:6969 data:;base64,cGVt ${files.http} ${HOME} ${hub.address}"));
    }

    [Test]
    public void A_reference_knows_its_place()
    {
        IReadOnlyList<Reference> found = Reference.In("a: 1\n  b: ${hub.address} $${not.address}\n${files.ca}");
        Assert.That(found.Select(r => (r.Key, r.At.ToString())), Is.EqualTo(new[] { ("hub.address", "2:6"), ("files.ca", "3:1") }));
    }

    [Test]
    public void User_data_is_handed_over_as_it_is_beside_a_config_of_the_harnesss_own()
    {
        const string script = "#!/bin/bash\necho ${HOME} ${#} >/foo\n";
        MachineConfig config = MachineConfig.For(Some.Machine() with { Config = script }, "ssh-ed25519 AAAA kola", null, channel: true, s_nothing, "x");
        Assert.That(config.UserData, Is.EqualTo(script));
        Assert.That(config.Ignition, Does.Contain("ssh-ed25519 AAAA kola").And.Not.Contain("/foo"));
        Assert.That(MachineConfig.CanBeShared(Some.Machine() with { Config = script }), Is.False, "a copy would not read it again");
    }

    [Test]
    public void An_old_config_stays_in_its_own_spec_and_lets_the_harness_in()
    {
        MachineSpec machine = Some.Machine() with { Config = """{"ignition":{"version":"2.3.0"},"storage":{"files":[{"filesystem":"root","path":"/etc/hostname","contents":{"source":"data:,core1"}}]}}""", Hostname = "other" };
        JsonNode config = JsonNode.Parse(MachineConfig.For(machine, "ssh-ed25519 AAAA kola", null, channel: false, s_nothing, "x").Ignition)!;
        Assert.That((string?)config["ignition"]!["version"], Is.EqualTo("2.3.0"));
        Assert.That((string?)config["passwd"]!["users"]![0]!["sshAuthorizedKeys"]![0], Is.EqualTo("ssh-ed25519 AAAA kola"));
        Assert.That(config["storage"]!["files"]!.AsArray().Select(f => (string?)f!["path"]), Is.EquivalentTo(new[] { "/etc/hostname", "/etc/flatcar/update.conf" }), "the author's own host name stays");
    }

    [Test]
    public void A_config_that_is_replaced_leaves_the_harness_its_way_in()
    {
        MachineSpec machine = Some.Machine() with { Config = """{"ignition":{"version":"3.3.0","config":{"replace":{"source":"http://192.0.2.7/other.ign"}}}}""" };
        IgnitionConfig config = MachineConfig.For(machine, "ssh-ed25519 AAAA kola", null, channel: false, s_nothing, "x").Final!;
        Assert.That(config.Ignition.Config.Replace.Source, Is.Null);
        Assert.That(config.Passwd.Users.Single().SshAuthorizedKeys, Is.EqualTo(new[] { "ssh-ed25519 AAAA kola" }));
        string child = DataUrl.Decode(config.Ignition.Config.Merge.Single().Source!).AsText()!;
        Assert.That(IgnitionConfig.Parse(child, "child").Ignition.Config.Replace.Source, Is.EqualTo("http://192.0.2.7/other.ign"), "the author's own is what is replaced");
    }

    [Test]
    public void Each_part_of_a_config_has_its_origin()
    {
        MachineSpec machine = Some.Machine() with
        {
            Config = """{"ignition":{"version":"3.3.0"},"passwd":{"users":[{"name":"core"},{"name":"other"}]},"storage":{"files":[{"path":"/etc/hostname"},{"path":"/a"}]}}""",
            Hostname = "unheard",
        };
        IReadOnlyList<ConfigOrigin> origins = ConfigOrigin.Of(MachineConfig.For(machine, "k", Neighbourhood.Of("t", [machine, Some.Machine("b")], []), channel: true, s_nothing, "x"), "a.ign");
        Dictionary<string, string> from = origins.ToDictionary(o => o.Part, o => o.From);
        Assert.That(from["passwd.users core"], Is.EqualTo("a.ign, and kola: the run's key"));
        Assert.That(from["passwd.users other"], Is.EqualTo("a.ign"));
        Assert.That(from["storage.files /etc/hostname"], Is.EqualTo("a.ign"), "the author's word counts");
        Assert.That(from["storage.files /etc/hosts"], Is.EqualTo("kola: its place among the machines of its test"));
        Assert.That(from["storage.files /etc/flatcar/update.conf"], Does.StartWith("kola: no updates"));
        Assert.That(from["systemd.units kola-channel.service"], Does.StartWith("kola: the guest program"));
        Assert.That(from["ignition.version 3.3.0"], Is.EqualTo("a.ign"));
        Assert.That(from.Values, Has.None.EqualTo("kola"), "nothing is added without saying what for");
    }

    [Test]
    public void What_is_meant_to_be_wrong_is_handed_over_as_it_is()
    {
        MachineSpec bad = Some.Machine() with { Config = """{"ignition":{"version":"3.99.0"}}""", BootFails = true };
        Assert.That(MachineConfig.For(bad, "k", null, channel: true, s_nothing, "x").Ignition, Is.EqualTo(bad.Config));
        Assert.That(() => MachineConfig.For(bad with { BootFails = false }, "k", null, channel: true, s_nothing, "x"), Throws.TypeOf<UsageException>());
    }

    private static MachineSpec Refers(string name, string to) => Some.Machine(name) with
    {
        Config = $$$"""{"ignition":{"version":"3.3.0"},"storage":{"files":[{"path":"/a","contents":{"source":"http://${{{{to}}}.address}/file"}}]}}""",
        ConfigFile = $"{name}.ign",
    };
}
