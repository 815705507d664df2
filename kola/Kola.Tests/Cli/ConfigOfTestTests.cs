using System.Text.Json.Nodes;
using Kola.Cli;

namespace Kola.Tests.Cli;

/// <summary><c>kola config render --for TEST</c></summary>
[NonParallelizable] // Console is the process's
public sealed class ConfigOfTestTests
{
    [Test]
    public async Task The_final_config_comes_with_who_put_what_there()
    {
        (int code, string output, string error) = await Typed.RunAsync(Surroundings.Of(_ => null), "config", "render", "--for", "coreos.ignition.once");
        Assert.That(code, Is.Zero, error);
        JsonNode config = JsonNode.Parse(output)!;
        Assert.That(config["storage"]!["files"]!.AsArray().Select(f => (string?)f!["path"]), Does.Contain("/etc/ignition-ran").And.Contain("/etc/flatcar/update.conf"));
        Assert.That(error, Does.StartWith("coreos.ignition.once/machine\n").And.Match(@"storage\.files /etc/ignition-ran +once\.ign\n").And.Match(@"storage\.files /etc/flatcar/update\.conf +kola: no updates in the middle of a test\n"));
    }

    [Test]
    public async Task As_JSON_it_is_one_list_of_all_machines()
    {
        (int code, string output, string error) = await Typed.RunAsync(Surroundings.Of(_ => null), "config", "render", "--for", "coreos.ignition.once", "--json");
        Assert.That((code, error), Is.EqualTo((0, "")));
        JsonNode machine = JsonNode.Parse(output)!.AsArray().Single()!;
        Assert.That((string?)machine["machine"], Is.EqualTo("machine"));
        Assert.That(machine["origins"]!.AsArray().Select(o => (string?)o!["from"]), Does.Contain("once.ign"));
        Assert.That((string?)machine["config"]!["ignition"]!["version"], Does.StartWith("3."));
    }

    [TestCase("--for coreos.ignition.onc", "did you mean coreos.ignition.once?")]
    [TestCase("--for coreos.ignition.once --machine hub", "wanted:  a machine of coreos.ignition.once: machine")]
    [TestCase("--for coreos.ignition.once a.bu", "a file or --for TEST")]
    [TestCase("", "a file or --for TEST")]
    public async Task What_is_asked_for_wrongly_is_told(string arguments, string told)
    {
        (int code, string output, string error) = await Typed.RunAsync(Surroundings.Of(_ => null), ["config", "render", .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        Assert.That((code, output), Is.EqualTo((2, "")));
        Assert.That(error, Does.Contain(told));
    }
}
