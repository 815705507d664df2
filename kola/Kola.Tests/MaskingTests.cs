using System.Text;
using System.Text.Json;
using Kola.Ignition;
using Kola.Machines;
using Kola.Reporting;
using Kola.Tests.Reporting;

namespace Kola.Tests;

/// <summary>Secrets are found wherever they stand, and nothing else is.</summary>
public sealed class MaskingTests
{
    // Of no use to anybody: 64 bytes of nothing.
    private const string Key = """
        -----BEGIN OPENSSH PRIVATE KEY-----
        b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
        QyNTUxOQAAACAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==
        -----END OPENSSH PRIVATE KEY-----
        """;

    // The sample line of each pattern, as it stands over it.
    [TestCase("private key", "-----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNzaC1rZXktdjEAAAAA -----END OPENSSH PRIVATE KEY-----", "[masked: private key]")]
    [TestCase("aws access key id", "AKIAIOSFODNN7EXAMPLE", "[masked: aws access key id]")]
    [TestCase("aws secret key", "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "aws_secret_access_key = [masked: aws secret key]")]
    [TestCase("github token", "ghp_0123456789abcdefghijABCDEFGHIJ012345", "[masked: github token]")]
    [TestCase("github token", "github_pat_11AAAAAAA0aaaaaaaaaaaa_bbbbbbbbbbbbbbbb", "[masked: github token]")]
    [TestCase("bearer token", "Authorization: Bearer 0123456789abcdef.xyz", "Authorization: Bearer [masked: bearer token]")]
    [TestCase("credentials", "Authorization: Basic YWxhZGRpbjpvcGVuc2VzYW1l", "Authorization: Basic [masked: credentials]")]
    [TestCase("web token", "token: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N", "token: [masked: web token]")]
    [TestCase("password hash", "core:$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/:20000:0:99999:7:::", "core:[masked: password hash]:20000:0:99999:7:::")]
    [TestCase("password", "mount -t cifs -o username=core,password=correct-horse //host/share", "mount -t cifs -o username=core,password=[masked: password] //host/share")]
    [TestCase("password", """{"user":"core","password": "correct horse"}""", """{"user":"core","password": "[masked: password] horse"}""")]
    [TestCase("password", "pulling https://core:correct-horse@registry.example.org/v2/", "pulling https://core:[masked: password]@registry.example.org/v2/")]
    public void What_has_the_shape_of_a_secret_is_masked(string kind, string line, string masked)
    {
        Assert.That(Masking.Shapes.Mask(line), Is.EqualTo(masked));
        Assert.That(SecretPattern.All.Any(p => p.Kind == kind && p.Mask(line) != line), "by the pattern of that name");
        Assert.That(Masking.Shapes.Mask(masked), Is.EqualTo(masked), "what is masked stays as it is");
    }

    [Test]
    public void A_key_is_masked_line_by_line_and_what_follows_it_stays()
    {
        string masked = Masking.Shapes.Mask($"before\n{Key}\nafter the key\n");
        Assert.That(masked.Split('\n'), Is.EqualTo((string[])["before", .. Enumerable.Repeat("[masked: private key]", 4), "after the key", ""]));
        Assert.That(Masking.Shapes.Mask("wanted: a line -----BEGIN PRIVATE KEY----- in the file"), Is.EqualTo("wanted: a line [masked: private key] in the file"));
        Assert.That(Masking.Shapes.Mask(JsonSerializer.Serialize(Key)), Is.EqualTo("\"[masked: private key]\""), "escaped in JSON");
    }

    [Test]
    public void A_key_is_masked_in_a_log_others_write_to_as_well()
    {
        var lines = new LineMasking(Masking.Shapes);
        string[] log = [.. Key.Split('\n').Select(l => $"Nov 22 18:15:00.123456 cat[77]: {l}")];
        string[] mixed = [log[0], "Nov 22 18:15:00.200000 systemd[1]: Started cups.service - a print server.", log[1], log[2], log[3], "Nov 22 18:15:01.000000 sshd[9]: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"];
        Assert.That(mixed.Select(lines.Mask), Is.EqualTo(new[]
        {
            "Nov 22 18:15:00.123456 cat[77]: [masked: private key]",
            mixed[1],
            "Nov 22 18:15:00.123456 cat[77]: [masked: private key]",
            "Nov 22 18:15:00.123456 cat[77]: [masked: private key]",
            "Nov 22 18:15:00.123456 cat[77]: [masked: private key]",
            mixed[5],
        }));
        Assert.That(LineMasking.Begin().IsMatch(log[0]) && LineMasking.Body().IsMatch(log[1]), "the samples over the patterns");
    }

    [TestCase("systemd-ask-password-console.path - Dispatch Password Requests to Console Directory Watch.")]
    [TestCase("Accepted publickey for core from 10.0.2.2 port 41760 ssh2: ED25519 SHA256:0123456789abcdefghijABCDEFGHIJ0123456789abc")]
    [TestCase("pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=10.0.2.2")]
    [TestCase("Kernel command line: root=LABEL=ROOT usr=PARTUUID=7130c94a-213a-4e5a-8e26-6cce9662f132 verity.usrhash=0000000000000000000000000000000000000000000000000000000000000000")]
    [TestCase("curl: (6) Could not resolve host: https://update.release.flatcar-linux.net:443/v1/update")]
    [TestCase("the password is asked for: enter password: ")]
    [TestCase("PASSWORD=$SECRET password=${password} passwd=<none>")]
    [TestCase("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHGFVbQz0Vn9W0v1mGq1Kc1mQwS0d7x9w0A1b2C3d4E5 kola")]
    [TestCase("price: $5$ and $1$ are no hashes")]
    [TestCase("mailto:someone@example.org at 12:30 http://[::1]:8080/a@b")]
    public void Ordinary_lines_stay_as_they_are(string line) => Assert.That(Masking.Shapes.Mask(line), Is.SameAs(line).Or.EqualTo(line));

    [Test]
    public void The_journal_of_a_real_boot_stays_as_it_is_byte_for_byte()
    {
        byte[] recorded = File.ReadAllBytes(Path.Combine(GoldenFile.Root, "kola/Kola.Tests/Golden/boot.export"));
        using var kept = new MemoryStream();
        new JournalStream(_ => { }, Masking.Shapes, kept).Feed(recorded);
        Assert.That(kept.ToArray(), Is.EqualTo(recorded));
    }

    [Test]
    public void Values_of_variables_that_are_named_like_secrets_are_known()
    {
        Masking masking = Masking.Of(
            new Dictionary<string, string>
            {
                ["GITHUB_TOKEN"] = "opensesame1",
                ["AWS_SECRET_ACCESS_KEY"] = "abcdefgh/ijk",
                ["AWS_DEFAULT_REGION"] = "eu-central-1",
                ["SSH_KEY"] = typeof(MaskingTests).Assembly.Location,
                ["SHORT_TOKEN"] = "short",
                ["HOME"] = "/home/somebody",
                ["PIN"] = "4711",
            },
            ["PIN"]);
        Assert.That(masking.Mask("opensesame1 abcdefgh/ijk 4711"), Is.EqualTo("[masked: value of GITHUB_TOKEN] [masked: value of AWS_SECRET_ACCESS_KEY] [masked: value of PIN]"));
        string harmless = $"eu-central-1 short /home/somebody {typeof(MaskingTests).Assembly.Location}";
        Assert.That(masking.Mask(harmless), Is.SameAs(harmless));
        Assert.That(SecretPattern.IsSecretName("REGISTRY_PASSWORD"));
        Assert.That(SecretPattern.IsSecretName("MONKEY") || SecretPattern.IsSecretName("TOKENIZER"), Is.False);
    }

    [Test]
    public void A_variable_that_is_not_there_is_wrong_use() =>
        Assert.That(() => Masking.Of(new Dictionary<string, string> { ["EMPTY"] = "" }, ["EMPTY"]), Throws.TypeOf<UsageException>().With.Message.StartsWith("--secret-env EMPTY\n  wanted:"));

    [Test]
    public void No_member_of_an_event_is_forgotten()
    {
        Masking masking = Masking.Shapes.With("open\"sesame", "word");
        var ran = new CommandRan { At = default, Test = "t", Machine = "m", Command = "echo open\"sesame", ExitCode = 0, ElapsedSeconds = 1 };
        Assert.That(((CommandRan)MaskedEvent.Of(ran, masking)).Command, Is.EqualTo("echo [masked: word]"));
        RunStarted started = Happened.Clean().Events.OfType<RunStarted>().Single() with { CommandLine = ["kola", "run", "open\"sesame"], Facts = new Dictionary<string, string> { ["a"] = "open\"sesame" } };
        Assert.That(JsonSerializer.Serialize((RunStarted)MaskedEvent.Of(started, masking), EventFormat.Line), Does.Not.Contain("sesame"));
        Assert.That(MaskedEvent.Of(ran with { Command = "true" }, masking), Is.EqualTo(ran with { Command = "true" }));
    }

    [Test]
    public void A_Butane_config_is_masked_where_its_secrets_stand()
    {
        const string config = """
            variant: flatcar
            version: 1.1.0
            passwd:
              users:
                - name: core
                  password_hash: foobar
                  ssh_authorized_keys: [ssh-ed25519 AAAA kola]
            storage:
              luks:
                - name: data
                  key_file:
                    inline: correct horse
                  device: /dev/vdb
                - name: more
                  device: /dev/vdc
                  key_file:
                    inline: |
                      battery
                      staple
              files:
                - path: /a
                  contents: {inline: hello}
            """;
        string masked = MaskedConfig.Of(config, Masking.Shapes);
        Assert.That(masked, Does.Not.Contain("foobar").And.Not.Contain("correct").And.Not.Contain("battery").And.Not.Contain("staple"));
        Assert.That(masked, Does.Contain("ssh-ed25519 AAAA kola").And.Contain("/dev/vdb").And.Contain("/dev/vdc").And.Contain("inline: hello"));
        Assert.That(masked.Split('\n'), Has.Length.EqualTo(config.Split('\n').Length));
        Assert.That(ButaneConfig.Translate(masked, null).Demand("masked").Storage.Luks, Has.Count.EqualTo(2), "it still parses");
        Assert.That(MaskedConfig.Of(masked, Masking.Shapes), Is.EqualTo(masked));
    }

    [Test]
    public void A_config_is_masked_also_within_the_files_it_writes()
    {
        string config = JsonSerializer.Serialize(new
        {
            ignition = new { version = "3.4.0" },
            passwd = new { users = new[] { new { name = "core", passwordHash = "x", sshAuthorizedKeys = new[] { "ssh-ed25519 AAAA kola" } } } },
            storage = new
            {
                files = new[]
                {
                    new { path = "/a", contents = new { source = "data:;base64," + Convert.ToBase64String(Encoding.UTF8.GetBytes(Key)) } },
                    new { path = "/b", contents = new { source = "data:,password%3Dcorrect-horse%0A" } },
                    new { path = "/c", contents = new { source = "data:,hello%20world" } },
                },
                luks = new[] { new { name = "data", device = "/dev/vdb", keyFile = new { source = "data:,anything" } } },
            },
        }).Replace("\"passwordHash\":\"x\"", "\"passwordHash\":\"$6$a$b\"", StringComparison.Ordinal);
        string masked = MaskedConfig.Of(config, Masking.Shapes);
        Assert.That(IgnitionConfig.Parse(masked, "masked").ToString(), Does.Contain("hello%20world").And.Contain("ssh-ed25519 AAAA kola"));
        Assert.That(masked, Does.Contain("[masked: password hash]").And.Contain("password%3D%5Bmasked%3A%20password%5D%0A").And.Not.Contain("anything").And.Not.Contain("$6$"));
        Assert.That(masked, Does.Contain(Convert.ToBase64String(Encoding.UTF8.GetBytes(string.Join('\n', Enumerable.Repeat("[masked: private key]", 4))))));
        Assert.That(MaskedConfig.Of(masked, Masking.Shapes), Is.EqualTo(masked));
    }

    // Measured: 50 MB in 0.8 s, read, masked and rendered. The bound is for a machine that has other things to do.
    [Test]
    public void A_journal_is_masked_as_fast_as_it_can_come()
    {
        byte[] boot = File.ReadAllBytes(Path.Combine(GoldenFile.Root, "kola/Kola.Tests/Golden/boot.export"));
        var stream = new JournalStream(_ => { }, Masking.Shapes, Stream.Null);
        long start = TimeProvider.System.GetTimestamp();
        long fed = 0;
        for (; fed < 50_000_000; fed += boot.Length)
            stream.Feed(boot);
        TestContext.Out.WriteLine($"{fed} bytes in {TimeProvider.System.GetElapsedTime(start).TotalSeconds:0.00} s");
        Assert.That(TimeProvider.System.GetElapsedTime(start), Is.LessThan(TimeSpan.FromSeconds(30)));
    }
}
