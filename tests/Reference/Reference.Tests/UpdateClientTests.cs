using Flatcar.Reference.UpdateEngine;
using NUnit.Framework;

namespace Flatcar.Reference.Tests;

/// <summary>What of the image's update client needs no machine.</summary>
public sealed class UpdateClientTests
{
    private string root = "";

    [SetUp]
    public void MakeRoot() => root = Directory.CreateTempSubdirectory("update-client-").FullName;

    [TearDown]
    public void RemoveRoot() => Directory.Delete(root, recursive: true);

    private Prefs Prefs => new(new Places(root).Prefs);

    private static readonly ImageProperties Image = new() { Server = "http://x/", Group = "beta", Version = "1.2.3", Board = "amd64-usr", AppId = "{a}", MachineId = "42", BootId = "b", Alias = "ä\"<" };

    [TestCase("SERVER=a\nSERVER=b\n", "b")]
    [TestCase("SERVER='a b'\n", "a b")]
    [TestCase("SERVER=\"a'\n", "\"a'")]
    [TestCase("SERVER = a\n", null)]
    [TestCase("SERVER=a # b\n", "a # b")]
    [TestCase("#SERVER=a\nSERVERS=b\n", null)]
    [TestCase("SERVER=\"\n", "\"")]
    public void Lines_of_update_conf(string text, string? expected) =>
        Assert.That(ImageProperties.Value(text, "SERVER"), Is.EqualTo(expected));

    [Test]
    public void A_first_check_tells_of_no_previous_version_and_the_next_of_nothing()
    {
        var first = OmahaRequest.Check(Image, Prefs, interactive: true);
        Assert.That(first, Does.Contain("""<event eventtype="3" eventresult="2" previousversion="0.0.0.0"></event>"""));
        Assert.That(first, Does.Contain("""installsource="ondemandupdate" ismachine="1">"""));
        Assert.That(first, Does.Contain("""bootid="{b}" oem="" oemversion="" alephversion="" machineid="42" machinealias="&#xE4;&quot;&lt;" lang="en-US" """));
        Assert.That(OmahaRequest.Check(Image, Prefs, interactive: false), Does.Contain("""previousversion=""></event>"""));
    }

    [Test]
    public void Coming_back_to_the_version_that_was_left_is_a_rollback()
    {
        Prefs.Set(Prefs_PreviousVersion, "1.2.3");
        Assert.That(OmahaRequest.Check(Image, Prefs, interactive: true), Does.Contain("""<event eventtype="3" eventresult="0" errorcode="44"></event>"""));
        Assert.That(Prefs.Text(Prefs_PreviousVersion), Is.Empty);
    }

    private const string Prefs_PreviousVersion = "previous-version";

    private const string Good = """<response><app><updatecheck status="ok"><urls><url codebase="http://h/d"/></urls><manifest version="2"><packages><package name="p" size="5"/></packages><actions><action event="postinstall" sha256="s"/></actions></manifest></updatecheck></app></response>""";

    [Test]
    public void An_offer_is_read()
    {
        var offer = OmahaResponse.Parse(Good).Offer!;
        Assert.That((offer.CodeBases[0], offer.Name, offer.Size, offer.Sha256, offer.Version), Is.EqualTo(("http://h/d/", "p", 5L, "s", "2")));
        Assert.That((offer.MaxFailuresPerUrl, offer.IsDelta, offer.BackoffDisabled), Is.EqualTo((10u, false, false)));
    }

    [TestCase("", "", 30)]
    [TestCase("<response>", "<", 31)]
    [TestCase("updatecheck", "check", 34)]
    [TestCase("status=\"ok\"", "status=\"error-internal\"", 34)]
    [TestCase("size=\"5\"", "size=\"0\"", 34)]
    [TestCase("name=\"p\"", "name=\"\"", 34)]
    [TestCase("http://h/d", "", 34)]
    [TestCase("postinstall", "install", 34)]
    [TestCase("sha256=\"s\"", "", 34)]
    public void A_wrong_answer_has_its_number(string what, string with, int code)
    {
        var text = what == "" ? "" : Good.Replace(what, with, StringComparison.Ordinal);
        Assert.That(() => OmahaResponse.Parse(text), Throws.TypeOf<UpdateException>().With.Property("Code").EqualTo((ErrorCode)code));
    }

    [TestCase(0, 0)]
    [TestCase(1, 1)]
    [TestCase(3, 4)]
    [TestCase(5, 16)]
    [TestCase(60, 16)]
    public void Backoff_doubles_up_to_sixteen_days(int attempts, int days) =>
        Assert.That(PayloadState.Backoff(attempts).TotalDays, Is.EqualTo(days));

    [Test]
    public void A_payload_that_came_down_whole_waits_unless_the_server_says_otherwise()
    {
        var offer = OmahaResponse.Parse(Good).Offer!;
        var state = new PayloadState(Prefs, TimeProvider.System, _ => TimeSpan.Zero);
        state.Take(offer);
        Assert.That(state.BacksOff(developer: false), Is.False);
        state.Complete();
        Assert.That((state.BacksOff(developer: false), state.BacksOff(developer: true)), Is.EqualTo((true, false)));
        state.Take(offer with { BackoffDisabled = true });
        Assert.That(state.BacksOff(developer: false), Is.False);
    }

    [Test]
    public void What_is_wrong_with_a_payload_sends_to_the_next_url_at_once_and_a_broken_line_after_some()
    {
        var state = new PayloadState(Prefs, TimeProvider.System, _ => TimeSpan.Zero);
        state.Take(OmahaResponse.Parse(Good).Offer! with { CodeBases = ["http://a/", "http://b/"], MaxFailuresPerUrl = 2 });
        state.Failed(ErrorCode.PayloadHash);
        Assert.That(state.Url, Is.EqualTo("http://b/p"));
        state.Failed(ErrorCode.Transfer);
        Assert.That(state.Url, Is.EqualTo("http://b/p"));
        state.Failed(ErrorCode.Transfer);
        Assert.That((state.Url, state.Attempts), Is.EqualTo(("http://a/p", 1L)));
    }

    [Test]
    public void Progress_is_taken_up_only_of_the_same_payload_and_whole()
    {
        var offer = OmahaResponse.Parse(Good).Offer! with { Size = 1000 };
        var hash = new Sha256();
        hash.Append("abc"u8);
        var prefs = Prefs;
        prefs.Set("update-check-response-hash", "s");
        new Resume(3, 100, 50, new byte[32], hash).Save(prefs);
        var plan = Resume.Plan(prefs, offer)!;
        plan.Hash.Append("def"u8);
        Assert.That((plan.Operation, plan.DataOffset, plan.MetadataSize), Is.EqualTo((3, 100L, 50L)));
        Assert.That(plan.Hash.Current(), Is.EqualTo(Sha256.Of("abcdef"u8)));
        Assert.That(Resume.Plan(prefs, offer with { Sha256 = "t" }), Is.Null);
        foreach (var file in Directory.GetFiles(new Places(root).Prefs))
        {
            var kept = File.ReadAllBytes(file);
            File.WriteAllBytes(file, []);
            Assert.That(Resume.Plan(prefs, offer), Is.Null, $"{Path.GetFileName(file)} is empty");
            File.WriteAllBytes(file, kept);
        }
    }
}
