using Kola.Aws;

namespace Kola.Platforms.Tests.Aws;

/// <summary>What a person says of AWS, without a server.</summary>
public sealed class AwsOptionsTests
{
    private static AwsOptions Read(Dictionary<string, string> environment, params (string Option, string Value)[] said) => AwsOptions.Read(new PlatformAccess
    {
        Settings = new PlatformSettings(said.GroupBy(s => s.Option).ToDictionary(g => g.Key, g => (IReadOnlyList<string>)[.. g.Select(s => s.Value)])),
        // Nobody's own profiles are read.
        Environment = name => name == "AWS_SHARED_CREDENTIALS_FILE" ? "/nowhere/credentials" : environment.GetValueOrDefault(name),
        CacheDirectory = "/nowhere",
        Clock = TimeProvider.System,
        Progress = new Progress<string>(),
    });

    [TestCase("aws-endpoint", "ftp://here", "http")]
    [TestCase("aws-region", "middle-earth-1", "region")]
    [TestCase("aws-ami", "alpha", "ami-")]
    [TestCase("aws-ssh-from", "203.0.113.7/33", "network")]
    [TestCase("aws-ssh-from", "home", "network")]
    [TestCase("aws-address", "secret", "public or private")]
    [TestCase("aws-spot", "maybe", "true or false")]
    [TestCase("aws-boot-mode", "bios", "legacy-bios")]
    [TestCase("aws-key", "/nowhere/key.pub", "public key")]
    [TestCase("aws-slowness", "0", "1 to 100")]
    public void What_cannot_be_used_is_said_with_what_is_wanted(string option, string value, string wanted)
    {
        UsageException mistake = Assert.Throws<UsageException>(() => Read([], ("aws-region", "eu-central-1"), (option, value)))!;
        Assert.That(mistake.Message, Does.StartWith($"--{option} {value}").And.Contain(wanted));
    }

    [Test]
    public void The_region_comes_from_where_it_is_said_nearest()
    {
        Assert.That(Read(new() { ["AWS_REGION"] = "eu-west-1", ["AWS_DEFAULT_REGION"] = "eu-west-2" }, ("aws-region", "eu-west-3")).Region, Is.EqualTo("eu-west-3"));
        Assert.That(Read(new() { ["AWS_REGION"] = "eu-west-1", ["AWS_DEFAULT_REGION"] = "eu-west-2" }).Region, Is.EqualTo("eu-west-1"));
        Assert.That(Read(new() { ["AWS_DEFAULT_REGION"] = "eu-west-2" }).Region, Is.EqualTo("eu-west-2"));
        Assert.That(Assert.Throws<UsageException>(() => Read([]))!.Message, Does.Contain("--aws-region"));
    }

    [Test]
    public void Who_may_come_in_has_to_be_said_where_machines_are_public()
    {
        Assert.That(Assert.Throws<UsageException>(() => Read([], ("aws-region", "eu-west-1")).CheckForMachines())!.Message, Does.Contain("--aws-ssh-from"));
        Assert.DoesNotThrow(() => Read([], ("aws-region", "eu-west-1"), ("aws-address", "private")).CheckForMachines());
        Assert.DoesNotThrow(() => Read([], ("aws-region", "eu-west-1"), ("aws-security-group", "sg-1")).CheckForMachines());
        Assert.DoesNotThrow(() => Read([], ("aws-region", "eu-west-1"), ("aws-ssh-from", "203.0.113.7/32")).CheckForMachines());
    }

    [Test]
    public void A_key_is_one_line_of_a_kind_EC2_takes()
    {
        using var scratch = new Scratch();
        string file = scratch.File("key.pub");
        File.WriteAllText(file, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me@here\n");
        Assert.That(Read([], ("aws-region", "eu-west-1"), ("aws-key", file)).PublicKey, Is.EqualTo("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me@here"));
        File.WriteAllText(file, "ecdsa-sha2-nistp256 AAAA me@here\n");
        Assert.Throws<UsageException>(() => Read([], ("aws-region", "eu-west-1"), ("aws-key", file)));
    }

    [Test]
    public void Every_option_has_the_platforms_name_and_a_sentence()
    {
        foreach (PlatformOption option in new AwsDriver().Options)
        {
            Assert.That(option.Name, Does.StartWith("aws-"));
            Assert.That(option.Description, Does.EndWith("."));
        }
    }

    [Test]
    public async Task A_profile_that_is_not_there_is_the_callers_mistake()
    {
        var access = new PlatformAccess { CacheDirectory = "/nowhere", Clock = TimeProvider.System, Progress = new Progress<string>(), Environment = name => name == "AWS_SHARED_CREDENTIALS_FILE" ? "/nowhere/credentials" : null };
        var options = new AwsOptions { Region = "eu-west-1", Profile = "nobody" };
        UsageException mistake = (await Assert.ThrowsAsync<UsageException>(() => AwsCredentials.FindAsync(options, access, CancellationToken.None)))!;
        Assert.That(mistake.Message, Does.Contain("\"nobody\"").And.Contain("next:"));
    }
}
