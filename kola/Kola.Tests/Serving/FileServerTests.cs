using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Kola.Serving;
using Kola.Tests.Reporting;

namespace Kola.Tests.Serving;

/// <summary>What machines are served over http and https.</summary>
public sealed class FileServerTests
{
    [Test]
    public async Task A_file_is_served_as_it_is_and_the_request_is_noted()
    {
        byte[] all = [.. Enumerable.Range(0, 256).Select(n => (byte)n)];
        await using Served served = await Served.StartAsync(("dir/all bytes+ü", all));
        using (HttpResponseMessage answer = await served.GetAsync("/dir/all%20bytes+%C3%BC?run=1"))
        {
            Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK));
            Assert.That(await answer.Content.ReadAsByteArrayAsync(), Is.EqualTo(all));
            Assert.That(answer.Content.Headers.ContentLength, Is.EqualTo(256));
        }

        ServedRequest noted = await NotedAsync(served, 1);
        Assert.That((noted.Protocol, noted.Path, noted.Status, noted.Bytes), Is.EqualTo(("http", "/dir/all%20bytes+%C3%BC?run=1", 200, 256L)));
        Assert.That(noted.Remote, Does.StartWith("127.0.0.1:"));
        string line = (await File.ReadAllLinesAsync(served.Log)).Single();
        Assert.That(line, Is.EqualTo(noted.ToString()).And.Contains(" http /dir/all%20bytes+%C3%BC?run=1 200 256 bytes to 127.0.0.1:"));
    }

    [Test]
    public async Task Over_https_the_certificate_is_of_the_runs_authority_and_for_the_addresses_machines_use()
    {
        await using Served served = await Served.StartAsync();
        Assert.That(await served.Http.GetStringAsync(new Uri(served.Server.Addresses.Https("127.0.0.1") + "/hello.txt")), Is.EqualTo("hello\n"));
        Assert.That((await NotedAsync(served, 1)).Protocol, Is.EqualTo("https"));

        using var ordinary = new HttpClient();
        Assert.That(() => ordinary.GetStringAsync(new Uri(served.Server.Addresses.Https("127.0.0.1") + "/hello.txt")), Throws.InstanceOf<HttpRequestException>(), "nobody else trusts that authority");

        X509Certificate2 shown = await CertificateAsync(served);
        Assert.That(shown.MatchesHostname("10.0.2.2"));
        Assert.That(shown.MatchesHostname("127.0.0.1"));
        Assert.That(shown.MatchesHostname("10.0.2.3"), Is.False);
        using var authority = X509Certificate2.CreateFromPem(served.Server.Addresses.CaCertificate);
        Assert.That(shown.Issuer, Is.EqualTo(authority.Subject));
        Assert.That(served.Server.Addresses.CaCertificate, Does.Not.Contain("PRIVATE"));
        Assert.That(Convert.FromBase64String(served.Server.Addresses.CaDataUrl["data:;base64,".Length..]), Is.EqualTo(Encoding.ASCII.GetBytes(served.Server.Addresses.CaCertificate)));
    }

    [Test]
    public async Task Two_runs_have_two_authorities_and_ports_of_their_own()
    {
        await using Served one = await Served.StartAsync();
        await using Served other = await Served.StartAsync();
        Assert.That(one.Server.Addresses.CaCertificate, Is.Not.EqualTo(other.Server.Addresses.CaCertificate));
        int[] ports = [.. new[] { one, other }.SelectMany(s => new[] { s.Server.Addresses.HttpPort, s.Server.Addresses.HttpsPort })];
        Assert.That(ports, Is.Unique);
    }

    [TestCase("/missing.txt")]
    [TestCase("/")]
    [TestCase("/dir")]
    [TestCase("/hello.txt/")]
    [TestCase("//hello.txt")]
    [TestCase("/../secret.txt")]
    [TestCase("/dir/../../secret.txt")]
    [TestCase("/dir/../hello.txt")]
    [TestCase("/%2e%2e/secret.txt")]
    [TestCase("/..%2fsecret.txt")]
    [TestCase("/..%5csecret.txt")]
    [TestCase("/%2e%2e%2fsecret.txt")]
    [TestCase("/%252e%252e/secret.txt")]
    [TestCase("/gzip/../../secret.txt")]
    [TestCase("/link.txt")]
    [TestCase("/around/secret.txt")]
    [TestCase("/within.txt")]
    public async Task What_is_no_file_below_the_directory_is_not_found(string path)
    {
        await using Served served = await Served.StartAsync(("dir/file", []));
        string root = Path.Combine(served.Outside, "served");
        File.CreateSymbolicLink(Path.Combine(root, "link.txt"), Path.Combine(served.Outside, "secret.txt"));
        File.CreateSymbolicLink(Path.Combine(root, "within.txt"), Path.Combine(root, "hello.txt"));
        Directory.CreateSymbolicLink(Path.Combine(root, "around"), served.Outside);
        // By hand: an HTTP client tidies a path up before it asks.
        string answer = await AskAsync(served, $"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        Assert.That(answer, Does.StartWith("HTTP/1.1 404 ").And.Not.Contains("secret\n"));
    }

    [Test]
    public async Task An_absolute_path_is_below_the_directory_too()
    {
        await using Served served = await Served.StartAsync();
        string secret = Path.Combine(served.Outside, "secret.txt");
        foreach (string path in new[] { secret, "/" + secret, Uri.EscapeDataString(secret), "/" + Uri.EscapeDataString(secret) })
        {
            using HttpResponseMessage answer = await served.GetAsync("/" + path.TrimStart('/'));
            Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.NotFound), path);
        }
    }

    [Test]
    public async Task Content_can_be_compressed_wrong_filled_or_cut()
    {
        await using Served served = await Served.StartAsync(("at.ign", "${files.http}/x ${files.https} ${files.tftp} ${files.ca} ${other}"u8.ToArray()));
        using (var packed = new GZipStream(await (await served.GetAsync("/gzip/hello.txt")).Content.ReadAsStreamAsync(), CompressionMode.Decompress))
        using (var text = new StreamReader(packed))
            Assert.That(await text.ReadToEndAsync(), Is.EqualTo("hello\n"));
        Assert.That(await (await served.GetAsync("/wrong/hello.txt")).Content.ReadAsStringAsync(), Is.EqualTo("iello\n"));

        ServedAddresses at = served.Server.Addresses;
        Assert.That(
            await (await served.GetAsync("/filled/at.ign")).Content.ReadAsStringAsync(),
            Is.EqualTo($"http://127.0.0.1:{at.HttpPort}/x https://127.0.0.1:{at.HttpsPort} tftp://127.0.0.1:{at.TftpPort} {at.CaDataUrl} ${{other}}"));

        string cut = await AskAsync(served, "GET /cut/hello.txt HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.That(cut, Does.Contain("Content-Length: 6").And.EndWith("\r\n\r\nhel"));
    }

    [Test]
    public async Task A_header_may_be_demanded()
    {
        await using Served served = await Served.StartAsync();
        const string path = "/header/X-Kola/let%20me%20in/hello.txt";
        Assert.That((await served.GetAsync(path)).StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        served.Http.DefaultRequestHeaders.Add("X-Kola", "let me");
        Assert.That((await served.GetAsync(path)).StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        served.Http.DefaultRequestHeaders.Remove("X-Kola");
        served.Http.DefaultRequestHeaders.Add("x-kola", "let me in");
        Assert.That(await (await served.GetAsync(path)).Content.ReadAsStringAsync(), Is.EqualTo("hello\n"));
    }

    [Test]
    public async Task A_flaky_path_fails_the_first_times_of_each_round_and_each_query_has_rounds_of_its_own()
    {
        await using Served served = await Served.StartAsync();
        var seen = new List<int>();
        foreach (string path in new[] { "/flaky/2/hello.txt", "/flaky/2/hello.txt?b", "/flaky/2/hello.txt", "/flaky/2/hello.txt", "/flaky/2/hello.txt", "/flaky/2/hello.txt?b" })
            seen.Add((int)(await served.GetAsync(path)).StatusCode);
        Assert.That(seen, Is.EqualTo(new[] { 503, 503, 500, 200, 503, 500 }));
        Assert.That((await served.GetAsync("/flaky/none/hello.txt")).StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((await served.GetAsync("/flaky/2")).StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Assert.That(await (await served.GetAsync("/flaky")).Content.ReadAsStringAsync(), Is.EqualTo("\"flaky\" wants 1 more in the path\n"));
    }

    [Test]
    public async Task Redirects_are_counted_down_and_lead_to_https()
    {
        await using Served served = await Served.StartAsync();
        var seen = new List<string>();
        for (string? path = "/redirect/3/gzip/hello.txt?a=b"; path is not null;)
        {
            using HttpResponseMessage answer = await served.GetAsync(path);
            path = answer.Headers.Location?.ToString();
            seen.Add($"{(int)answer.StatusCode} {path}");
        }

        Assert.That(seen, Is.EqualTo(new[] { "302 /redirect/2/gzip/hello.txt?a=b", "302 /redirect/1/gzip/hello.txt?a=b", "302 /gzip/hello.txt?a=b", "200 " }));
        using HttpResponseMessage secure = await served.GetAsync("/secure/hello.txt");
        Assert.That(secure.StatusCode, Is.EqualTo(HttpStatusCode.TemporaryRedirect));
        Assert.That(await served.Http.GetStringAsync(secure.Headers.Location!), Is.EqualTo("hello\n"));
    }

    [Test]
    public async Task A_status_can_be_asked_for_and_only_reading_is_answered()
    {
        await using Served served = await Served.StartAsync();
        Assert.That((int)(await served.GetAsync("/status/418/whatever")).StatusCode, Is.EqualTo(418));
        Assert.That((int)(await served.GetAsync("/status/204/x")).StatusCode, Is.EqualTo(204));
        using HttpResponseMessage head = await served.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, served.Server.Addresses.Http("127.0.0.1") + "/hello.txt"));
        Assert.That((head.StatusCode, head.Content.Headers.ContentLength), Is.EqualTo((HttpStatusCode.OK, 6L)));
        using HttpResponseMessage put = await served.Http.PutAsync(new Uri(served.Server.Addresses.Http("127.0.0.1") + "/hello.txt"), new StringContent("x"));
        Assert.That(put.StatusCode, Is.EqualTo(HttpStatusCode.MethodNotAllowed));
    }

    [Test]
    public async Task A_slow_answer_keeps_nobody_waiting_at_the_end_and_who_went_away_is_noted()
    {
        await using Served served = await Served.StartAsync();
        // Its request is on its way before it leaves, however busy the host is.
        using (var leaving = new System.Net.Sockets.TcpClient())
        {
            await leaving.ConnectAsync(IPAddress.Loopback, served.Server.Addresses.HttpPort);
            await leaving.GetStream().WriteAsync("GET /slow/600/hello.txt HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
        }

        Assert.That((await NotedAsync(served, 1)).Status, Is.EqualTo(499));

        Task<HttpResponseMessage> waiting = served.GetAsync("/slow/600/hello.txt?again");
        await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        await served.Server.DisposeAsync();
        Assert.That(() => waiting, Throws.InstanceOf<HttpRequestException>());
    }

    [Test]
    public async Task It_can_be_taken_for_a_proxy()
    {
        await using Served served = await Served.StartAsync();
        string answer = await AskAsync(served, "GET http://nowhere.invalid/hello.txt HTTP/1.1\r\nHost: nowhere.invalid\r\nConnection: close\r\n\r\n");
        Assert.That(answer, Does.StartWith("HTTP/1.1 200 ").And.EndWith("\r\n\r\nhello\n"));
        Assert.That((await NotedAsync(served, 1)).Path, Is.EqualTo("http://nowhere.invalid/hello.txt"));
    }

    [Test]
    public async Task Many_at_once_get_what_they_asked_for_and_all_are_noted()
    {
        await using Served served = await Served.StartAsync(("big", new byte[3 << 20]));
        byte[][] got = await Task.WhenAll(Enumerable.Range(0, 24).Select(n => served.Http.GetByteArrayAsync(new Uri(served.Server.Addresses.Http("127.0.0.1") + $"/big?{n}"))));
        Assert.That(got.Select(g => g.Length), Is.All.EqualTo(3 << 20));
        await NotedAsync(served, 24);
        Assert.That(served.Server.Requests.Select(r => r.Path), Is.Unique);
    }

    // | `/flaky/N/…` | of each N + 1 requests … |
    [Test]
    public async Task Every_word_of_a_path_is_documented_and_every_documented_word_is_one()
    {
        string[] lines = await File.ReadAllLinesAsync(Path.Combine(GoldenFile.Root, "docs/served-files.md"));
        string[] documented = [.. lines.Where(l => l.StartsWith("| `/", StringComparison.Ordinal)).Select(l => l.Split('/', '…')[1])];
        Assert.That(documented, Is.EquivalentTo(ServedPath.Known));
    }

    [Test]
    public void What_could_not_be_asked_for_is_refused_at_the_start()
    {
        string root = Directory.CreateTempSubdirectory("kola-served-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(root, "gzip"));
            Assert.That(() => FileServer.StartAsync(new FileServerOptions { Root = root }, CancellationToken.None), Throws.InstanceOf<UsageException>().With.Message.Contains("\"gzip\""));
            Assert.That(() => FileServer.StartAsync(new FileServerOptions { Root = Path.Combine(root, "none") }, CancellationToken.None), Throws.InstanceOf<UsageException>());
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Test]
    public async Task Secrets_in_a_path_are_masked_in_the_file_that_is_kept()
    {
        await using Served served = await Served.StartAsync();
        await served.GetAsync("/header/X-Token/ghp_0123456789abcdefghijklmnopqrstuvwxyz/hello.txt");
        await NotedAsync(served, 1);
        Assert.That(await File.ReadAllTextAsync(served.Log), Does.Contain("[masked: ").And.Not.Contains("0123456789abcdefghijkl"));
    }

    private static async Task<ServedRequest> NotedAsync(Served served, int count)
    {
        // A request is noted after its answer has gone out.
        Assert.That(() => served.Server.Requests, Has.Count.EqualTo(count).After(10_000, 20));
        return served.Server.Requests[^1];
    }

    private static async Task<string> AskAsync(Served served, string request)
    {
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, served.Server.Addresses.HttpPort);
        await client.Client.SendAsync(Encoding.ASCII.GetBytes(request));
        var answer = new MemoryStream();
        try
        {
            await client.GetStream().CopyToAsync(answer);
        }
        catch (IOException fault) when (fault.InnerException is SocketException)
        {
            // Cut on purpose.
        }

        return Encoding.UTF8.GetString(answer.ToArray());
    }

    private static async Task<X509Certificate2> CertificateAsync(Served served)
    {
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, served.Server.Addresses.HttpsPort);
        await using var secure = new System.Net.Security.SslStream(client.GetStream());
        X509Certificate2? shown = null;
        await secure.AuthenticateAsClientAsync(new System.Net.Security.SslClientAuthenticationOptions
        {
            TargetHost = "127.0.0.1",
            RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
            {
                shown = X509CertificateLoader.LoadCertificate(certificate!.GetRawCertData());
                return served.Trusts(shown, chain!);
            },
        });
        return shown!;
    }
}
