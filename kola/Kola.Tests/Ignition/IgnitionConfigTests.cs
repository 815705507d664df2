using System.Text.Json.Nodes;
using Kola.Ignition;

namespace Kola.Tests.Ignition;

public sealed class IgnitionConfigTests
{
    [TestCase("{\n  \"ignition\": {\"version\": \"3.3.0\"\n", "x.ign:3:1: not JSON")]
    [TestCase("{\n  \"ignition\": nope\n}", "x.ign:2:16: not JSON")]
    [TestCase("#cloud-config", "x.ign:1:1: not JSON")]
    [TestCase("", "not JSON")]
    [TestCase("[]", "wanted:  a JSON object with ignition.version")]
    [TestCase("null", "wanted:  a JSON object with ignition.version")]
    [TestCase("{}", "no ignition.version")]
    [TestCase("{\"ignition\": {\"version\": 3}}", "no ignition.version")]
    [TestCase("{\"ignition\": {\"version\": \"three\"}}", "\"three\"")]
    [TestCase("{\"ignition\": {\"version\": \"2.3.0\"}}", "wanted:  a 3.x spec")]
    [TestCase("{\"ignition\": {\"version\": \"3.0.0\"}, \"ignition\": {}}", "stands twice")]
    public void What_is_no_config_is_refused_with_the_place_and_what_was_wanted(string text, string message) =>
        Assert.That(() => IgnitionConfig.Parse(text, "x.ign"), Throws.TypeOf<UsageException>().With.Message.StartsWith("x.ign").And.Message.Contains(message));

    [Test]
    public void A_spec_the_image_does_not_accept_is_refused_before_anything_boots() =>
        Assert.That(
            () => IgnitionConfig.Parse("""{"ignition":{"version":"3.4.0"}}""", "x.ign").CheckVersion("3.3.0"),
            Throws.TypeOf<UsageException>().With.Message.Contains("at most 3.3.0"));

    [Test]
    public void The_key_joins_those_the_author_gave_core()
    {
        JsonNode config = Rendered("""{"ignition":{"version":"3.0.0"},"passwd":{"users":[{"name":"core","sshAuthorizedKeys":["ssh-ed25519 mine"]}]}}""", c => c.WithKey("core", "ssh-ed25519 theirs"));
        Assert.That(config["passwd"]!["users"]!.AsArray(), Has.Count.EqualTo(1));
        Assert.That(config["passwd"]!["users"]![0]!["sshAuthorizedKeys"]!.AsArray().Select(k => (string?)k), Is.EqualTo(new[] { "ssh-ed25519 mine", "ssh-ed25519 theirs" }));
    }

    [Test]
    public void A_key_is_not_given_twice_which_ignition_forbids()
    {
        JsonNode config = Rendered("""{"ignition":{"version":"3.0.0"}}""", c => c.WithKey("core", "k").WithKey("core", "k"));
        Assert.That(config["passwd"]!["users"]![0]!["sshAuthorizedKeys"]!.AsArray(), Has.Count.EqualTo(1));
    }

    [Test]
    public void Another_user_gets_sudo()
    {
        JsonNode config = Rendered("""{"ignition":{"version":"3.0.0"}}""", c => c.WithKey("flatcar", "k"));
        Assert.That((string?)config["passwd"]!["users"]![0]!["groups"]![0], Is.EqualTo("sudo"));
    }

    [TestCase("files", """{"path":"/etc/flatcar/update.conf"}""")]
    [TestCase("links", """{"path":"/etc/flatcar/update.conf","target":"/dev/null"}""")]
    public void What_the_author_says_of_a_path_stands(string kind, string entry)
    {
        string config = $$$"""{"ignition":{"version":"3.0.0"},"storage":{"{{{kind}}}":[{{{entry}}}]}}""";
        JsonNode rendered = Rendered(config, c => c.WithFile("/etc/flatcar/update.conf", "SERVER=disabled\n"));
        Assert.That(rendered["storage"]!["files"]?.AsArray().Count ?? 0, Is.EqualTo(kind == "files" ? 1 : 0));
    }

    [Test]
    public void A_file_carries_its_bytes_and_mode()
    {
        JsonNode file = Rendered("""{"ignition":{"version":"3.0.0"}}""", c => c.WithFile("/etc/hostname", "kölä\n"))["storage"]!["files"]![0]!;
        string source = (string)file["contents"]!["source"]!;
        Assert.That(System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(source["data:;base64,".Length..])), Is.EqualTo("kölä\n"));
        Assert.That((int)file["mode"]!, Is.EqualTo(420));
    }

    [Test]
    public void An_addition_leaves_the_config_it_was_made_from_as_it_was()
    {
        var config = IgnitionConfig.Parse("""{"ignition":{"version":"3.0.0"}}""", "x");
        string before = config.ToString();
        config.WithKey("core", "k").WithFile("/a", "b");
        Assert.That(config.ToString(), Is.EqualTo(before));
    }

    [Test]
    public void A_passwd_that_is_no_object_is_the_callers_error() =>
        Assert.That(
            () => IgnitionConfig.Parse("""{"ignition":{"version":"3.0.0"},"passwd":[1]}""", "x.ign").WithKey("core", "k"),
            Throws.TypeOf<UsageException>().With.Message.Contains("passwd = [1]"));

    private static JsonNode Rendered(string config, Func<IgnitionConfig, IgnitionConfig> add) =>
        JsonNode.Parse(add(IgnitionConfig.Parse(config, "x.ign")).ToString())!;
}
