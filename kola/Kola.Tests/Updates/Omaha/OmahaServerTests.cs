using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Xml.Linq;
using Kola.Serving;
using Kola.Updates.Omaha;

namespace Kola.Tests.Updates.Omaha;

/// <summary>What goes over the wire, and how it breaks off.</summary>
[CancelAfter(60_000)]
public sealed class OmahaServerTests
{
    [Test]
    public async Task A_client_checks_downloads_what_it_is_told_of_and_reports()
    {
        await using OmahaServed served = await OmahaServed.StartAsync();
        foreach (string address in (string[])[served.Check, served.Check.TrimEnd('/'), served.It.Serving.Https("localhost", served.Scope)])
        {
            using HttpResponseMessage answer = await served.Http.PostAsync(new Uri(address), new StringContent(Asked.Check(), Encoding.UTF8, "text/xml"));
            byte[] body = await answer.Content.ReadAsByteArrayAsync();
            Assert.That((answer.StatusCode, answer.Content.Headers.ContentLength), Is.EqualTo((HttpStatusCode.OK, (long?)body.Length)));
            var xml = XDocument.Parse(Encoding.UTF8.GetString(body));
            string codebase = Feed.Text(xml, "/response/app/updatecheck/urls/url/@codebase");
            Assert.That(codebase, Is.EqualTo(new Uri(address).GetLeftPart(UriPartial.Authority) + served.Scope + "/packages/"), "scheme and host as the client used them");
            string name = Feed.Text(xml, "/response/app/updatecheck/manifest/packages/package/@name");
            using HttpResponseMessage package = await served.GetAsync(address: codebase + name);
            Assert.That(await package.Content.ReadAsByteArrayAsync(), Is.EqualTo(served.Content));
        }

        (await served.AskAsync(Asked.Event("eventtype=\"13\" eventresult=\"1\""))).Dispose();
        Assert.That(served.Feed.Events[^1].ToString(), Is.EqualTo("13/1"));
    }

    [Test]
    public async Task What_is_no_request_is_refused()
    {
        await using OmahaServed served = await OmahaServed.StartAsync();
        using HttpResponseMessage got = await served.Http.GetAsync(new Uri(served.Check));
        using HttpResponseMessage nonsense = await served.AskAsync("<nonsense/>");
        using HttpResponseMessage large = await served.AskAsync(new string(' ', RequestReader.MostBytes + 1));
        using var pieces = new StreamContent(new MemoryStream(new byte[RequestReader.MostBytes + 1]));
        using var chunked = new HttpRequestMessage(HttpMethod.Post, served.Check) { Content = pieces };
        chunked.Headers.TransferEncodingChunked = true;
        using HttpResponseMessage largeToo = await served.Http.SendAsync(chunked);
        using HttpResponseMessage posted = await served.GetAsync(method: HttpMethod.Post);
        using HttpResponseMessage elsewhere = await served.Http.GetAsync(new Uri(served.Package.Replace(served.Scope, "/t/0", StringComparison.Ordinal)));
        using HttpResponseMessage root = await served.Http.GetAsync(new Uri(served.Package.Replace(served.Scope, "", StringComparison.Ordinal)));
        using HttpResponseMessage unknown = await served.GetAsync(address: served.Package + ".sig");
        using HttpResponseMessage outside = await served.GetAsync(address: served.Package.Replace("update.gz", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", StringComparison.Ordinal));
        Assert.That(
            new[] { got, nonsense, large, largeToo, posted, elsewhere, root, unknown, outside }.Select(a => (int)a.StatusCode),
            Is.EqualTo(new[] { 405, 400, 413, 413, 405, 404, 404, 404, 404 }));
    }

    [TestCase("bytes=999999-", 206, 999_999, 4)]
    [TestCase("bytes=10-19", 206, 10, 10)]
    [TestCase("bytes=-5", 206, 999_998, 5)]
    [TestCase("bytes=1000003-", 416, 0, 0)]
    [TestCase("bytes=0-1,5-6", 200, 0, 1_000_003)]
    public async Task A_part_is_given_as_it_is_asked_for(string range, int status, int from, int length)
    {
        await using OmahaServed served = await OmahaServed.StartAsync();
        using HttpResponseMessage answer = await served.GetAsync(range);
        Assert.That(((int)answer.StatusCode, answer.Content.Headers.ContentLength), Is.EqualTo((status, (long?)length)));
        Assert.That(await answer.Content.ReadAsByteArrayAsync(), Is.EqualTo(served.Content[from..(from + length)]));
        Assert.That(answer.Content.Headers.ContentRange?.ToString(), Is.EqualTo(status switch
        {
            206 => string.Create(CultureInfo.InvariantCulture, $"bytes {from}-{from + length - 1}/1000003"),
            416 => "bytes */1000003",
            _ => null,
        }));
        PackageRequest noted = await served.LastAsync(1);
        Assert.That((noted.Path, noted.Range, noted.Status, noted.Bytes), Is.EqualTo(("/packages/update.gz", range, status, (long)length)));
    }

    [Test]
    public async Task Only_its_head_is_given_where_that_is_asked_for()
    {
        await using OmahaServed served = await OmahaServed.StartAsync();
        using HttpResponseMessage answer = await served.GetAsync(method: HttpMethod.Head);
        Assert.That((answer.StatusCode, answer.Content.Headers.ContentLength, (await answer.Content.ReadAsByteArrayAsync()).Length), Is.EqualTo((HttpStatusCode.OK, (long?)1_000_003, 0)));
    }

    [Test]
    public async Task A_login_is_demanded_for_packages_alone()
    {
        await using OmahaServed served = await OmahaServed.StartAsync();
        served.Feed.Login = ("user", "pass word");
        using HttpResponseMessage nobody = await served.GetAsync();
        using HttpResponseMessage wrong = await served.GetAsync(authorization: "Basic " + Convert.ToBase64String("user:password"u8));
        using HttpResponseMessage right = await served.GetAsync(authorization: "Basic " + Convert.ToBase64String("user:pass word"u8));
        using HttpResponseMessage check = await served.AskAsync(Asked.Check());
        Assert.That(new[] { nobody, wrong, right, check }.Select(a => (int)a.StatusCode), Is.EqualTo(new[] { 401, 401, 200, 200 }));
        Assert.That(nobody.Headers.WwwAuthenticate.ToString(), Is.EqualTo("Basic realm=\"kola\""));
    }

    [Test]
    public async Task Faults_of_a_check_reach_the_client()
    {
        await using OmahaServed served = await OmahaServed.StartAsync();
        served.Feed.Faults.Add(ServerFault.CheckStatus(500), 1);
        served.Feed.Faults.Add(ServerFault.EmptyAnswer(), 1);
        using HttpResponseMessage failed = await served.AskAsync(Asked.Check());
        using HttpResponseMessage empty = await served.AskAsync(Asked.Check());
        Assert.That(((int)failed.StatusCode, (int)empty.StatusCode, empty.Content.Headers.ContentLength), Is.EqualTo((500, 200, (long?)0)));
        served.Feed.Faults.Add(ServerFault.CheckReset(), 1);
        string request = Asked.Check();
        (byte[] content, bool reset) = await served.ReadRawAsync(string.Create(CultureInfo.InvariantCulture, $"POST {served.Scope}/v1/update/ HTTP/1.1\r\nHost: host\r\nContent-Length: {request.Length}\r\n\r\n{request}"));
        Assert.That((content.Length, reset), Is.EqualTo((0, true)));
    }

    [Test]
    public async Task A_download_is_reset_before_a_byte_once_and_the_rest_can_be_had()
    {
        await using OmahaServed served = await OmahaServed.StartAsync();
        served.Feed.Faults.Add(ServerFault.PackageReset(500_000), 1);
        (byte[] content, bool reset) = await served.GetRawAsync();
        Assert.That((reset, content.Length <= 500_000), Is.EqualTo((true, true)), "what was on its way is lost with it");
        PackageRequest noted = await served.LastAsync(1);
        Assert.That((noted.Status, noted.Bytes), Is.EqualTo((200, 500_000L)));
        using HttpResponseMessage rest = await served.GetAsync("bytes=499999-");
        Assert.That(await rest.Content.ReadAsByteArrayAsync(), Is.EqualTo(served.Content[499_999..]));
    }

    [Test]
    public async Task A_download_is_cut_before_a_byte_with_the_whole_length_announced()
    {
        await using OmahaServed served = await OmahaServed.StartAsync();
        served.Feed.Faults.Add(ServerFault.PackageCut(300_000), null);
        (byte[] content, bool reset) = await served.GetRawAsync();
        Assert.That((content.Length, reset), Is.EqualTo((300_000, false)));
        using HttpResponseMessage behind = await served.GetAsync("bytes=300001-");
        Assert.That((await behind.Content.ReadAsByteArrayAsync()).Length, Is.EqualTo(700_002), "what begins behind it is whole");
        using HttpResponseMessage within = await served.GetAsync("bytes=299999-");
        Assert.That(within.Content.Headers.ContentLength, Is.EqualTo(700_004));
        Assert.That(() => within.Content.ReadAsByteArrayAsync(), Throws.InstanceOf<HttpRequestException>());
    }

    [Test]
    public async Task A_bit_of_one_byte_is_wrong()
    {
        await using OmahaServed served = await OmahaServed.StartAsync();
        served.Feed.Faults.Add(ServerFault.PackageCorrupt(262_144), null);
        served.Feed.Faults.Add(ServerFault.PackageCorrupt(1_000_002), null);
        using HttpResponseMessage answer = await served.GetAsync("bytes=1-");
        byte[] got = await answer.Content.ReadAsByteArrayAsync();
        Assert.That(Enumerable.Range(0, got.Length).Where(at => got[at] != served.Content[at + 1]).Select(at => at + 1), Is.EqualTo(new[] { 262_144, 1_000_002 }));
    }

    [Test]
    public async Task Redirects_are_as_many_as_was_said_and_then_the_package_comes()
    {
        await using OmahaServed served = await OmahaServed.StartAsync();
        served.Feed.Faults.Add(ServerFault.PackageRedirect(3), null);
        string address = served.Package;
        var seen = new List<int>();
        while (seen.Count < 10)
        {
            using HttpResponseMessage answer = await served.GetAsync("bytes=5-9", address);
            seen.Add((int)answer.StatusCode);
            if (answer.Headers.Location is not { } next)
            {
                Assert.That(await answer.Content.ReadAsByteArrayAsync(), Is.EqualTo(served.Content[5..10]));
                break;
            }

            address = new Uri(new Uri(address), next).ToString();
        }

        Assert.That(seen, Is.EqualTo(new[] { 302, 302, 302, 206 }));
        await served.LastAsync(4);
        Assert.That(served.Feed.Packages.Select(p => p.Status), Is.EqualTo(seen));
    }

    [Test]
    public async Task A_package_has_a_status_of_the_tests_until_it_is_mended()
    {
        await using OmahaServed served = await OmahaServed.StartAsync();
        served.Feed.Faults.Add(ServerFault.PackageStatus(404), null);
        using HttpResponseMessage missing = await served.GetAsync();
        served.Feed.Faults.Clear();
        using HttpResponseMessage there = await served.GetAsync();
        Assert.That(((int)missing.StatusCode, (int)there.StatusCode), Is.EqualTo((404, 200)));
    }

    [Test]
    public async Task A_slow_download_is_slow()
    {
        await using OmahaServed served = await OmahaServed.StartAsync();
        served.Feed.Faults.Add(ServerFault.PackageSlow(100_000), null);
        long start = Stopwatch.GetTimestamp();
        using HttpResponseMessage answer = await served.GetAsync("bytes=0-39999");
        Assert.That((await answer.Content.ReadAsByteArrayAsync()).Length, Is.EqualTo(40_000));
        Assert.That(Stopwatch.GetElapsedTime(start).TotalSeconds, Is.GreaterThanOrEqualTo(0.29), "four pieces, a tenth of a second between them");
    }

    [Test]
    public async Task A_download_waits_at_a_byte_until_it_is_let_pass()
    {
        await using OmahaServed served = await OmahaServed.StartAsync();
        Stall stall = served.Feed.Faults.StallAt(400_000);
        using HttpResponseMessage answer = await served.GetAsync();
        await using Stream content = await answer.Content.ReadAsStreamAsync();
        byte[] got = new byte[served.Content.Length];
        await content.ReadExactlyAsync(got.AsMemory(0, 400_000));
        await stall.Reached;
        ValueTask<int> more = content.ReadAsync(got.AsMemory(400_000));
        Assert.That((more.IsCompleted, served.Feed.Packages[0].Ended), Is.EqualTo((false, false)));
        using HttpResponseMessage behind = await served.GetAsync("bytes=400001-");
        Assert.That((await behind.Content.ReadAsByteArrayAsync()).Length, Is.EqualTo(600_002), "what begins behind it passes");
        served.Feed.Faults.Release(stall);
        int first = await more;
        await content.ReadExactlyAsync(got.AsMemory(400_000 + first));
        Assert.That(got, Is.EqualTo(served.Content));
    }

    [Test]
    public async Task The_end_of_a_feed_ends_its_downloads()
    {
        await using OmahaServed served = await OmahaServed.StartAsync();
        Stall stall = served.Feed.Faults.StallAt(1000);
        using HttpResponseMessage answer = await served.GetAsync();
        await stall.Reached;
        served.Feed.Dispose();
        Assert.That(() => answer.Content.ReadAsByteArrayAsync(), Throws.InstanceOf<HttpRequestException>());
        using HttpResponseMessage later = await served.AskAsync(Asked.Check());
        Assert.That((int)later.StatusCode, Is.EqualTo(404));
    }

    [Test]
    public async Task Many_clients_of_several_feeds_hear_of_their_own_alone()
    {
        await using OmahaServed served = await OmahaServed.StartAsync();
        using var other = new UpdateFeed(TimeProvider.System, _ => { });
        string scope = served.It.Open(other);
        await Task.WhenAll(Enumerable.Range(0, 40).Select(async number =>
        {
            string address = served.It.Serving.Http("127.0.0.1", number % 2 == 0 ? served.Scope : scope);
            using HttpResponseMessage check = await served.Http.PostAsync(new Uri(address), new StringContent(Asked.Check(machine: number.ToString("d32", CultureInfo.InvariantCulture)), Encoding.UTF8, "text/xml"));
            Assert.That(await check.Content.ReadAsStringAsync(), Does.Contain(number % 2 == 0 ? "4460.0.0" : "noupdate"));
            using HttpResponseMessage package = await served.GetAsync();
            Assert.That(await package.Content.ReadAsByteArrayAsync(), Has.Length.EqualTo(served.Content.Length));
        }));
        Assert.That((served.Feed.Requests.Count, other.Requests.Count, served.Feed.Packages.Count, other.Packages.Count), Is.EqualTo((20, 20, 40, 0)));
    }

    [Test]
    public async Task A_port_that_is_in_use_is_told()
    {
        await using OmahaServed served = await OmahaServed.StartAsync();
        Assert.That(() => OmahaServer.StartAsync(new OmahaServerOptions { HttpPort = served.It.HttpPort }, CancellationToken.None), Throws.TypeOf<PlatformException>().With.Message.Contains("in use"));
    }
}
