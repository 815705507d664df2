using System.Net;
using Kola.Clouds;
using Kola.OpenStack;

namespace Kola.Platforms.Tests.OpenStack;

internal sealed class OpenStackUnitTests
{
    private const string Clouds = """
        clouds:
          lab:
            auth:
              auth_url: https://lab.example:5000/v3/
              username: kola
              project_name: tests
              user_domain_name: Default
              project_domain_id: default
            region_name: one
            interface: internal
            verify: false
          credential:
            auth_type: v3applicationcredential
            auth:
              auth_url: https://other.example/identity
              application_credential_id: "0123"
              application_credential_secret: shh
        """;

    [Test]
    public void A_cloud_of_the_file_has_its_secrets_from_the_other()
    {
        using var scratch = new Scratch();
        File.WriteAllText(scratch.File("clouds.yaml"), Clouds);
        File.WriteAllText(scratch.File("secure.yaml"), "clouds: { lab: { auth: { password: secret } } }");
        CloudLogin login = Find(scratch, new() { ["OS_CLOUD"] = "lab" });
        Assert.Multiple(() =>
        {
            Assert.That(login.AuthUrl, Is.EqualTo(new Uri("https://lab.example:5000/v3")));
            Assert.That((login.Region, login.Interface, login.Insecure), Is.EqualTo(("one", "internal", true)));
            Assert.That(login.ToRequest().ToJsonString(), Is.EqualTo("""{"auth":{"identity":{"methods":["password"],"password":{"user":{"password":"secret","name":"kola","domain":{"name":"Default"}}}},"scope":{"project":{"name":"tests","domain":{"id":"default"}}}}}"""));
        });
    }

    [Test]
    public void An_application_credential_is_of_one_project()
    {
        using var scratch = new Scratch();
        File.WriteAllText(scratch.File("c.yaml"), Clouds);
        CloudLogin login = Find(scratch, new() { ["OS_CLIENT_CONFIG_FILE"] = scratch.File("c.yaml"), ["OS_CLOUD"] = "credential" });
        Assert.That(login.ToRequest().ToJsonString(), Is.EqualTo("""{"auth":{"identity":{"methods":["application_credential"],"application_credential":{"secret":"shh","id":"0123"}}}}"""));
        Assert.That(login.AuthUrl, Is.EqualTo(new Uri("https://other.example/identity/v3")));
    }

    [Test]
    public void The_variables_are_the_same_words()
    {
        using var scratch = new Scratch();
        CloudLogin login = Find(scratch, new() { ["OS_AUTH_URL"] = "http://k:5000/v2.0", ["OS_TOKEN"] = "given", ["OS_PROJECT_ID"] = "p", ["OS_INSECURE"] = "1", ["OS_ENDPOINT_TYPE"] = "publicURL", ["OS_CACERT"] = "/x.pem" });
        Assert.That(login.ToRequest().ToJsonString(), Is.EqualTo("""{"auth":{"identity":{"methods":["token"],"token":{"id":"given"}},"scope":{"project":{"id":"p"}}}}"""));
        Assert.That((login.AuthUrl.ToString(), login.Insecure, login.Interface, login.CertificateFile), Is.EqualTo(("http://k:5000/v3", true, "public", "/x.pem")));
    }

    [Test]
    public void Who_says_too_little_is_told_what_is_missing()
    {
        using var scratch = new Scratch();
        Assert.That(Assert.Throws<UsageException>(() => Find(scratch, [])).Message, Does.Contain("nobody said which cloud"));
        File.WriteAllText(scratch.File("clouds.yaml"), Clouds);
        Assert.That(Assert.Throws<UsageException>(() => Find(scratch, [])).Message, Does.Contain("wanted:  one of credential, lab"));
        Assert.That(Assert.Throws<UsageException>(() => Find(scratch, new() { ["OS_CLOUD"] = "none" })).Message, Does.Contain("there is no cloud \"none\""));
        Assert.That(Assert.Throws<UsageException>(() => Find(scratch, new() { ["OS_CLOUD"] = "lab" }).ToRequest()).Message, Does.Contain("says no password"));
        File.WriteAllText(scratch.File("clouds.yaml"), "clouds: [");
        Assert.That(Assert.Throws<UsageException>(() => Find(scratch, [])).Message, Does.Contain("cannot be read"));
    }

    [Test]
    public void Tags_come_back_from_a_description_and_from_the_name_of_a_key()
    {
        string longest = new('a', 63);
        var tags = new ResourceTags { Run = longest, Owner = longest, Expires = new DateTimeOffset(2026, 11, 28, 21, 15, 0, TimeSpan.Zero), MadeBy = Maker.Self };
        Assert.Multiple(() =>
        {
            Assert.That(TagText.Describe(tags), Has.Length.AtMost(255), "neutron's bound");
            Assert.That(TagText.Name(tags), Has.Length.AtMost(255).And.Match("^[a-zA-Z0-9_-]+$"), "nova's bound");
            Assert.That(TagText.OfDescription(TagText.Describe(tags)), Is.EqualTo(tags));
            Assert.That(TagText.OfName(TagText.Name(tags)), Is.EqualTo(tags));
            Assert.That(TagText.OfDescription("a group of mine"), Is.Null);
            Assert.That(TagText.OfName("kola_key"), Is.Null);
        });
    }

    [TestCase(HttpStatusCode.Conflict, """{"NeutronError":{"type":"OverQuota","message":"Quota exceeded for resources: ['port'].","detail":""}}""", RefusalKind.Quota)]
    [TestCase(HttpStatusCode.Conflict, """{"NeutronError":{"type":"SecurityGroupInUse","message":"in use","detail":""}}""", RefusalKind.Conflict)]
    [TestCase(HttpStatusCode.Forbidden, """{"forbidden":{"code":403,"message":"Policy doesn't allow it"}}""", RefusalKind.Credentials)]
    [TestCase(HttpStatusCode.Forbidden, """{"forbidden":{"code":403,"message":"Quota exceeded for instances"}}""", RefusalKind.Quota)]
    [TestCase(HttpStatusCode.RequestEntityTooLarge, "<html>Denying attempt to upload image because it exceeds the quota</html>", RefusalKind.Quota)]
    [TestCase(HttpStatusCode.NotFound, "", RefusalKind.NotFound)]
    [TestCase(HttpStatusCode.InternalServerError, "{", RefusalKind.Other)]
    public void What_is_answered_comes_to_a_kind(HttpStatusCode status, string content, RefusalKind kind) => Assert.That(OpenStackFault.Of(status, content).Kind, Is.EqualTo(kind));

    private static CloudLogin Find(Scratch scratch, Dictionary<string, string> variables)
    {
        var access = new PlatformAccess { CacheDirectory = scratch.Path, Clock = TimeProvider.System, Progress = new Progress<string>(), Environment = name => name == "HOME" ? scratch.Path : variables.GetValueOrDefault(name) };
        return CloudsFile.Find(OpenStackOptions.Read(PlatformSettings.None), access, scratch.Path);
    }
}
