using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Kola.Updates.Omaha;

namespace Kola.Tests.Updates.Omaha;

/// <summary>What clients are answered, looked at by the paths they look at.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class UpdateFeedTests : IDisposable
{
    private const string Check = "/response/app/updatecheck", Manifest = Check + "/manifest", Action = Manifest + "/actions/action[@event='postinstall']";

    private readonly Feed _feed = new();

    [Test]
    public async Task Without_an_offer_there_is_no_update()
    {
        XDocument answer = await _feed.AskAsync(Asked.Check());
        Assert.That(answer.ToString(SaveOptions.DisableFormatting), Is.EqualTo("""<response protocol="3.0" server="kola"><daystart elapsed_seconds="0" /><app appid="{e96281a6-d1af-4bde-9a0a-97b76e56dc57}" status="ok"><ping status="ok" /><updatecheck status="noupdate" /><event status="ok" /></app></response>"""));
    }

    [Test]
    public async Task An_offer_has_all_a_client_and_its_postinst_look_for()
    {
        string payload = _feed.File("flatcar production.gz", "payload"), oem = _feed.File("oem-qemu.gz", "oem");
        _feed.It.Offers.Set(UpdateOffer.Of("4460.0.0", payload) with { Packages = [oem] });
        XDocument answer = await _feed.AskAsync(Asked.Check());
        Assert.That(new[]
        {
            Feed.Text(answer, Check + "/@status"),
            Feed.Text(answer, Check + "/urls/url/@codebase"),
            Feed.Text(answer, Manifest + "/@version"),
            Feed.Text(answer, Manifest + "/packages/package/@name"),
            Feed.Text(answer, Manifest + "/packages/package/@size"),
            Feed.Text(answer, Action + "/@sha256"),
            Feed.Text(answer, Action + "/@DisablePayloadBackoff"),
            Feed.Text(answer, Manifest + "/packages/package[@name='oem-qemu.gz']/@hash_sha256"),
            Feed.Text(answer, Manifest + "/packages/package[@name='oem-qemu.gz']/@size"),
        }, Is.EqualTo(new[]
        {
            "ok", Feed.Packages, "4460.0.0", "flatcar%20production.gz", "7", Convert.ToBase64String(SHA256.HashData("payload"u8)), "true",
            Convert.ToHexStringLower(SHA256.HashData("oem"u8)), "3",
        }));
        Assert.That(_feed.It.Offers.Find("flatcar production.gz"), Is.EqualTo(payload));
    }

    [Test]
    public async Task What_is_wrong_with_an_offer_is_wrong_and_nothing_else()
    {
        UpdateOffer good = UpdateOffer.Of("4460.0.0", _feed.File("update.gz"));
        string right = Convert.ToBase64String(SHA256.HashData("payload"u8));
        Assert.That(await OfAsync(good), Is.EqualTo((right, "7")));
        (string sha, string size) = await OfAsync(good with { WrongSha256 = true });
        Assert.That((sha == right, Convert.FromBase64String(sha).Length, size), Is.EqualTo((false, 32, "7")));
        Assert.That(await OfAsync(good with { SizeDifference = -2 }), Is.EqualTo((right, "5")));
        Assert.That(await OfAsync(good with { WithoutAction = true }), Is.EqualTo(("", "7")));

        async Task<(string, string)> OfAsync(UpdateOffer offer)
        {
            _feed.It.Offers.Set(offer);
            XDocument answer = await _feed.AskAsync(Asked.Check());
            return (Feed.Text(answer, Action + "/@sha256"), Feed.Text(answer, Manifest + "/packages/package/@size"));
        }
    }

    [Test]
    public async Task An_event_and_a_ping_are_answered_with_no_more_than_that()
    {
        _feed.It.Offers.Set(UpdateOffer.Of("4460.0.0", _feed.File("update.gz")));
        _feed.It.Faults.Add(ServerFault.Garbage(), null);
        XDocument told = await _feed.AskAsync(Asked.Event("eventtype=\"13\" eventresult=\"1\""));
        Assert.That(told.Root!.Element("app")!.Elements().Select(e => e.ToString()), Is.EqualTo(new[] { """<event status="ok" />""" }));
        XDocument pinged = await _feed.AskAsync(Asked.Ping());
        Assert.That(pinged.Root!.Element("app")!.Elements().Select(e => e.ToString()), Is.EqualTo(new[] { """<ping status="ok" />""" }));
    }

    [Test]
    public async Task A_machine_that_has_the_version_is_told_so_unless_it_is_wanted_again()
    {
        UpdateOffer offer = UpdateOffer.Of("4459.0.0", _feed.File("update.gz"));
        _feed.It.Offers.Set(offer);
        Assert.That(await _feed.StatusAsync(Asked.Check("4459.0.0")), Is.EqualTo("noupdate"));
        Assert.That(await _feed.StatusAsync(Asked.Check("4460.0.0")), Is.EqualTo("ok"), "an older one is offered too");
        _feed.It.Offers.Set(offer with { EvenIfSame = true });
        Assert.That(await _feed.StatusAsync(Asked.Check("4459.0.0")), Is.EqualTo("ok"));
    }

    [Test]
    public async Task A_machine_goes_before_its_group_and_a_group_before_all()
    {
        string file = _feed.File("update.gz");
        _feed.It.Offers.Set(UpdateOffer.Of("1.0.0", file));
        _feed.It.Offers.SetGroup("beta", UpdateOffer.Of("2.0.0", file));
        _feed.It.Offers.SetGroup("lts", null);
        _feed.It.Offers.SetMachine(Asked.Machine, UpdateOffer.Of("3.0.0", file));
        string other = new('a', 32);
        Assert.That(new[] { await VersionAsync("beta", Asked.Machine), await VersionAsync("beta", other), await VersionAsync("lts", other), await VersionAsync("stable", other) }, Is.EqualTo(new[] { "3.0.0", "2.0.0", "", "1.0.0" }));
        _feed.It.Offers.Set(null);
        Assert.That(await VersionAsync("beta", Asked.Machine), Is.Empty, "nothing is left of it");

        async Task<string> VersionAsync(string group, string machine) => Feed.Text(await _feed.AskAsync(Asked.Check(group: group, machine: machine)), Manifest + "/@version");
    }

    [Test]
    public async Task Two_payloads_of_one_name_have_two_addresses_and_keep_them()
    {
        UpdateOffer one = UpdateOffer.Of("1.0.0", _feed.File("one/update.gz", "one")), two = UpdateOffer.Of("2.0.0", _feed.File("two/update.gz", "two"));
        Assert.That(new[] { await CodebaseAsync(one), await CodebaseAsync(two), await CodebaseAsync(one), await CodebaseAsync(two with { WrongSha256 = true }) },
            Is.EqualTo(new[] { Feed.Packages, Feed.Packages + "2/", Feed.Packages, Feed.Packages + "2/" }));
        Assert.That((_feed.It.Offers.Find("update.gz"), _feed.It.Offers.Find("2/update.gz"), _feed.It.Offers.Find("3/update.gz"), _feed.It.Offers.Find("../one/update.gz")), Is.EqualTo((one.File, two.File, (string?)null, (string?)null)));

        async Task<string> CodebaseAsync(UpdateOffer offer)
        {
            _feed.It.Offers.Set(offer);
            return Feed.Text(await _feed.AskAsync(Asked.Check()), Check + "/urls/url/@codebase");
        }
    }

    [Test]
    public async Task Another_app_is_not_known_here()
    {
        XDocument answer = await _feed.AskAsync(Asked.Of("<updatecheck/>", app: "{00000000-0000-0000-0000-000000000000}"));
        Assert.That((Feed.Text(answer, "/response/app/@status"), Feed.Text(answer, Check)), Is.EqualTo(("error-unknownApplication", "")));
    }

    [Test]
    public async Task A_rate_is_kept_and_who_was_granted_an_update_may_ask_again()
    {
        using var feed = new Feed(rate: 2);
        feed.It.Offers.Set(UpdateOffer.Of("4460.0.0", feed.File("update.gz")));
        Assert.That(await AllAsync(), Is.EqualTo(new[] { "ok", "ok", "noupdate", "ok" }));
        feed.Time.Advance(TimeSpan.FromSeconds(60));
        Assert.That(await feed.StatusAsync(Asked.Check(machine: new string('c', 32))), Is.EqualTo("ok"));

        async Task<string[]> AllAsync() => [await Of('a'), await Of('b'), await Of('c'), await Of('a')];

        Task<string> Of(char machine) => feed.StatusAsync(Asked.Check(machine: new string(machine, 32)));
    }

    [Test]
    public async Task Everything_is_kept_in_order_and_told()
    {
        await _feed.AskAsync(Asked.Check());
        await _feed.AskAsync(Asked.Event("eventtype=\"3\" eventresult=\"0\" errorcode=\"268435466\""));
        OmahaReply refused = await _feed.It.AnswerAsync("<nonsense/>"u8.ToArray(), Feed.Packages);
        UpdateFeed.NotedPackage package = _feed.It.Begin("/packages/update.gz", "bytes=5-", 5);
        package.Answered(206);
        Assert.That(_feed.It.Packages.Single(), Is.EqualTo(new PackageRequest("/packages/update.gz", "bytes=5-", 5, 206, 0) { At = _feed.Time.GetUtcNow() }), "it is there from its beginning");
        package.End(7);
        Assert.That(refused.Status, Is.EqualTo(400));
        Assert.That(_feed.It.Events.Select(e => e.ToString()), Is.EqualTo(new[] { "3/2 from 0.0.0.0", "3/0 code 10" }));
        Assert.That(_feed.It.Requests.Select(r => r.IsUpdateCheck), Is.EqualTo(new[] { true, false }));
        Assert.That(_feed.Told, Is.EqualTo(new[]
        {
            $"check of 4459.0.0 in stable by {Asked.Machine}: 3/2 from 0.0.0.0 -> 200 noupdate",
            $"event of 4459.0.0 in stable by {Asked.Machine}: 3/0 code 10 -> 200",
            "what is no request -> 400 no request but <nonsense>",
            "package /packages/update.gz bytes=5- -> 206 7 bytes",
        }));
        _feed.It.Dispose();
        await _feed.AskAsync(Asked.Ping());
        Assert.That(_feed.Told.Count(), Is.EqualTo(4), "nothing of what is over");
    }

    [Test]
    public async Task Faults_happen_as_often_as_was_said()
    {
        _feed.It.Faults.Add(ServerFault.CheckStatus(503), 2);
        _feed.It.Faults.Add(ServerFault.EmptyAnswer(), 1);
        Assert.That(new[] { await StatusAsync(), await StatusAsync(), await StatusAsync(), await StatusAsync() }, Is.EqualTo(new[] { (503, true), (503, true), (200, true), (200, false) }));
        _feed.It.Faults.Add(ServerFault.CheckReset(), null);
        Assert.That(await StatusAsync(), Is.EqualTo((0, true)));
        _feed.It.Faults.Clear();
        _feed.It.Faults.Add(ServerFault.Garbage(), null);
        Assert.That(() => XDocument.Parse(Encoding.UTF8.GetString(_feed.It.AnswerAsync(Asked.Bytes(Asked.Check()), Feed.Packages).Result.Body)), Throws.InstanceOf<System.Xml.XmlException>());

        async Task<(int, bool)> StatusAsync()
        {
            OmahaReply reply = await _feed.It.AnswerAsync(Asked.Bytes(Asked.Check()), Feed.Packages);
            return (reply.Status, reply.Body.Length == 0);
        }
    }

    [TestCase("bytes=2-", 2, 5)]
    [TestCase("bytes=0-0", 0, 1)]
    [TestCase("bytes=2-99", 2, 5)]
    [TestCase("bytes=-3", 4, 3)]
    [TestCase("bytes=-99", 0, 7)]
    [TestCase("bytes=7-", 7, 0)]
    [TestCase("bytes=99999999999999999999-", long.MaxValue, 0)]
    [TestCase("bytes=3-2", null, null)]
    [TestCase("bytes=-", null, null)]
    [TestCase("bytes=0-1,3-4", null, null)]
    [TestCase("lines=0-1", null, null)]
    [TestCase(null, null, null)]
    public void A_range_is_read(string? header, long? from, long? length) =>
        Assert.That(ByteRange.Parse(header, 7), Is.EqualTo(from is { } first ? new ByteRange(first, length!.Value) : (ByteRange?)null));

    public void Dispose() => _feed.Dispose();
}
