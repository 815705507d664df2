using System.Net;
using System.Text;
using System.Threading.Channels;
using Kola.Cli;
using Kola.Serving;
using Kola.Tests.Cli;

namespace Kola.Tests.Updates.Omaha;

/// <summary><c>kola omaha serve</c>, as a person uses it.</summary>
[NonParallelizable] // Console is the process's
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[CancelAfter(60_000)]
public sealed class OmahaCommandTests
{
    private string _directory = "";

    [SetUp]
    public void MakeDirectory()
    {
        _directory = Directory.CreateTempSubdirectory("kola-omaha-").FullName;
        File.WriteAllText(Path.Combine(_directory, "update.gz"), "payload");
    }

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [Test]
    public async Task A_directory_is_served_until_it_is_interrupted_and_each_request_is_told()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory, "version.txt"), "FLATCAR_BUILD=4460\nFLATCAR_VERSION=4460.0.0\n");
        await File.WriteAllTextAsync(Path.Combine(_directory, "oem-qemu.gz"), "oem");
        using var end = new CancellationTokenSource();
        var printed = new Printed();
        string log = Path.Combine(_directory, "log.txt");
        Task serving = new UpdateDirectory(_directory) { Address = IPAddress.Loopback, Log = log }.ServeAsync(printed, end.Token);
        string server = await printed.LineAsync("SERVER=");
        Assert.That(await printed.LineAsync("GROUP="), Is.EqualTo("stable"));

        using var http = new HttpClient();
        using HttpResponseMessage check = await http.PostAsync(new Uri(server), new StringContent(Asked.Check(), Encoding.UTF8, "text/xml"));
        Assert.That(await check.Content.ReadAsStringAsync(), Does.Contain("version=\"4460.0.0\"").And.Contain("name=\"oem-qemu.gz\""));
        Assert.That(await http.GetStringAsync(new Uri(new Uri(server), "/packages/update.gz")), Is.EqualTo("payload"));
        await printed.LineAsync("", "package /packages/update.gz -> 200 7 bytes");
        await end.CancelAsync();
        await serving;
        Assert.That(await File.ReadAllLinesAsync(log), Has.Length.EqualTo(2).And.Some.EndsWith($"check of 4459.0.0 in stable by {Asked.Machine}: 3/2 from 0.0.0.0 -> 200 update to 4460.0.0"));
    }

    [Test]
    public async Task A_file_says_who_is_offered_what()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory, "omaha.yaml"), "groups:\n  beta: {version: 2.0.0, payload: update.gz}\n");
        using var end = new CancellationTokenSource();
        var printed = new Printed();
        Task serving = new UpdateDirectory(_directory) { Address = IPAddress.Loopback }.ServeAsync(printed, end.Token);
        string server = await printed.LineAsync("SERVER=");
        Assert.That(await printed.LineAsync("GROUP="), Is.EqualTo("beta"));
        using var http = new HttpClient();
        foreach ((string group, string told) in new[] { ("beta", "2.0.0"), ("stable", "noupdate") })
        {
            using HttpResponseMessage check = await http.PostAsync(new Uri(server), new StringContent(Asked.Check(group: group), Encoding.UTF8, "text/xml"));
            Assert.That(await check.Content.ReadAsStringAsync(), Does.Contain(told));
        }

        await end.CancelAsync();
        await serving;
    }

    [TestCase("/no/such", "/no/such: no such directory")]
    [TestCase("{0}", "which version is it?")]
    [TestCase("{0} --version 1.0.0 --address here", "--address here")]
    [TestCase("{0} --version 1.0.0 --address 192.0.2.1", "cannot listen at 192.0.2.1")]
    [TestCase("{0} --version 1.0.0 --port 70000", "--port 70000")]
    [TestCase("{0} --version 1.0.0 --rate 0", "--rate 0")]
    [TestCase("{0} --version 1.0.0 --user me", "--user and --password-env belong together")]
    [TestCase("{0} --version 1.0.0 --user me --password-env NOT_SET", "--password-env NOT_SET")]
    [TestCase("{0} --version 1.0.0 --log /no/such/log", "--log /no/such/log")]
    public async Task What_is_wrong_is_told_and_nothing_is_served(string line, string told)
    {
        (int code, _, string error) = await Typed.RunAsync(Surroundings.Of(_ => null), ["omaha", "serve", .. line.Replace("{0}", _directory, StringComparison.Ordinal).Split(' ')]);
        Assert.That((code, error), Is.EqualTo((2, error)));
        Assert.That(error, Does.Contain(told));
    }

    [Test]
    public async Task No_payload_two_payloads_and_a_port_in_use_are_told()
    {
        await using OmahaServer other = await OmahaServer.StartAsync(new OmahaServerOptions(), CancellationToken.None);
        Assert.That(await ErrorAsync("--port", $"{other.HttpPort}"), Does.Contain($"ports {other.HttpPort} and 0"));
        await File.WriteAllTextAsync(Path.Combine(_directory, "second.gz"), "payload");
        Assert.That(await ErrorAsync(), Does.Contain("2 payloads").And.Contain("second.gz, update.gz"));
        File.Delete(Path.Combine(_directory, "second.gz"));
        File.Delete(Path.Combine(_directory, "update.gz"));
        Assert.That(await ErrorAsync(), Does.Contain("no payload"));

        async Task<string> ErrorAsync(params string[] more)
        {
            (int code, _, string error) = await Typed.RunAsync(Surroundings.Of(_ => null), ["omaha", "serve", _directory, "--version", "1.0.0", .. more]);
            Assert.That(code, Is.EqualTo(2));
            return error;
        }
    }

    /// <summary>What was printed, as it comes.</summary>
    private sealed class Printed : StringWriter
    {
        private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

        public override void WriteLine(string? value) => _lines.Writer.TryWrite(value ?? "");

        /// <summary>The rest of the next line that begins, and ends, with these.</summary>
        internal async Task<string> LineAsync(string start, string end = "")
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            while (true)
            {
                string line = await _lines.Reader.ReadAsync(patience.Token);
                if (line.StartsWith(start, StringComparison.Ordinal) && line.EndsWith(end, StringComparison.Ordinal))
                    return line[start.Length..];
            }
        }
    }
}
