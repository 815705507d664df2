using Kola.Updates.Omaha;

namespace Kola.Tests.Updates.Omaha;

/// <summary>What a client sends is read, and nothing of it is believed.</summary>
public sealed class RequestReaderTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 22, 18, 0, 0, TimeSpan.Zero);

    [Test]
    public void A_check_says_who_asks()
    {
        OmahaRequest asked = Read(Asked.Check());
        Assert.That(asked with { Events = [] }, Is.EqualTo(new OmahaRequest
        {
            At = s_now,
            Protocol = "3.0",
            ClientVersion = "update_engine-0.4.10",
            UpdaterVersion = "update_engine-0.4.10",
            InstallSource = "ondemandupdate",
            IsMachine = "1",
            OsVersion = "Chateau",
            OsPlatform = "CoreOS",
            OsServicePack = "4459.0.0_x86_64",
            AppId = UpdateFeed.FlatcarApp,
            AppVersion = "4459.0.0",
            Track = "stable",
            BootId = "1b4e28ba-2fa1-11d2-883f-0016d3cca427",
            Oem = "qemu",
            OemVersion = "1.2",
            AlephVersion = "4400.0.0",
            MachineId = Asked.Machine,
            MachineAlias = "café",
            Language = "en-US",
            Board = "amd64-usr",
            DeltaOkay = "false",
            IsUpdateCheck = true,
            PingActive = "1",
            Events = [],
        }));
        Assert.That(asked.Events, Is.EqualTo(new[] { new OmahaEvent(3, 2) { PreviousVersion = "0.0.0.0", At = s_now, MachineId = Asked.Machine } }));
    }

    [Test]
    public void An_event_alone_asks_for_nothing()
    {
        OmahaRequest told = Read(Asked.Event("""eventtype="13" eventresult="1" """));
        Assert.That((told.IsUpdateCheck, told.PingActive, told.Events.Single().ErrorCode), Is.EqualTo((false, (string?)null, (long?)null)));
    }

    [Test]
    public void A_ping_alone_tells_nothing()
    {
        OmahaRequest told = Read(Asked.Ping());
        Assert.That((told.IsUpdateCheck, told.PingActive, told.Events.Count), Is.EqualTo((false, "1", 0)));
    }

    [TestCase("""eventtype="13" eventresult="1" """, "13/1", null, null)]
    [TestCase("""eventtype="14" eventresult="1" """, "14/1", null, null)]
    [TestCase("""eventtype="3" eventresult="1" """, "3/1", null, null)]
    [TestCase("""eventtype="3" eventresult="2" previousversion="1.2.3" """, "3/2 from 1.2.3", null, null)]
    [TestCase("""eventtype="3" eventresult="2" previousversion="" """, "3/2", null, null)]
    [TestCase("""eventtype="3" eventresult="2" """, "3/2", null, null)]
    [TestCase("""eventtype="3" eventresult="0" errorcode="44" """, "3/0 code 44", 44L, 44)]
    [TestCase("""eventtype="3" eventresult="0" errorcode="268435466" """, "3/0 code 10", 268435466L, 10)]
    [TestCase("""eventtype="3" eventresult="0" errorcode="268437956" """, "3/0 code 2500", 268437956L, 2500)]
    [TestCase("""eventtype="3" eventresult="9" errorcode="1879048232" """, "3/9 code 40", 1879048232L, 40)] // bits 28 to 30
    [TestCase("""eventtype="3" eventresult="0" errorcode="-1879048183" """, "3/0 code 9", -1879048183L, 9)] // bits 28 and 31, as %d writes them
    [TestCase("""eventtype="3" eventresult="0" errorcode="2415919113" """, "3/0 code 9", 2415919113L, 9)] // the same, as %u would
    public void An_event_is_told_in_a_word_and_its_code_without_flags(string attributes, string word, long? sent, int? code)
    {
        OmahaEvent told = Read(Asked.Event(attributes)).Events.Single();
        Assert.That((told.ToString(), told.ErrorCode, told.Code), Is.EqualTo((word, sent, code)));
    }

    [TestCase("", "no XML")]
    [TestCase("hello", "no XML")]
    [TestCase("<request protocol=\"3.0\"><app appid=\"x\">", "no XML")]
    [TestCase("<!DOCTYPE request [<!ENTITY a \"b\">]><request protocol=\"3.0\"><app appid=\"&a;\"/></request>", "no XML")]
    [TestCase("<!DOCTYPE request SYSTEM \"file:///etc/passwd\"><request protocol=\"3.0\"><app appid=\"x\"/></request>", "no XML")]
    [TestCase("<response protocol=\"3.0\"/>", "no request but <response>")]
    [TestCase("<request><app appid=\"x\"/></request>", "protocol \"\"")]
    [TestCase("<request protocol=\"2.0\"><app appid=\"x\"/></request>", "protocol \"2.0\"")]
    [TestCase("<request protocol=\"3.0\"/>", "exactly one app")]
    [TestCase("<request protocol=\"3.0\"><app appid=\"x\"/><app appid=\"y\"/></request>", "exactly one app")]
    [TestCase("<request protocol=\"3.0\"><app/></request>", "an app without appid")]
    [TestCase("<request protocol=\"3.0\"><app appid=\"x\"><event eventtype=\"three\" eventresult=\"1\"/></app></request>", "eventtype=\"three\"")]
    [TestCase("<request protocol=\"3.0\"><app appid=\"x\"><event eventtype=\"3\"/></app></request>", "eventresult=\"\"")]
    [TestCase("<request protocol=\"3.0\"><app appid=\"x\"><event eventtype=\"3\" eventresult=\"0\" errorcode=\"99999999999\"/></app></request>", "errorcode=\"99999999999\"")]
    public void What_is_no_request_is_refused_with_the_reason(string body, string reason) =>
        Assert.That(() => Read(body), Throws.TypeOf<FormatException>().With.Message.Contains(reason));

    [Test]
    public void Depth_and_size_are_no_way_to_bring_it_down()
    {
        Assert.That(() => Read(string.Concat(Enumerable.Repeat("<a>", 300_000))), Throws.TypeOf<FormatException>().With.Message.Contains("16 deep"));
        Assert.That(() => Read(new string(' ', RequestReader.MostBytes + 1)), Throws.TypeOf<FormatException>().With.Message.Contains("1048576"));
        Assert.That(Read(Asked.Of(string.Concat(Enumerable.Repeat("<a/>", 100_000)))).Track, Is.EqualTo("stable"));
        Assert.That(Read(Asked.Of($"<a {string.Join(' ', Enumerable.Range(0, 60_000).Select(n => $"a{n}=''"))}/>")).Track, Is.EqualTo("stable"));
    }

    private static OmahaRequest Read(string request) => RequestReader.Read(Asked.Bytes(request), s_now);
}
