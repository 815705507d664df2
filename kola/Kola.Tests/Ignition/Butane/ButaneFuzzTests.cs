using CsCheck;
using Kola.Ignition;

namespace Kola.Tests.Ignition;

/// <summary>Whatever a config is, its readers say what is wrong and throw nothing.</summary>
public sealed class ButaneFuzzTests
{
    // What configs are made of, and what breaks them.
    private static readonly string[] s_words =
    [
        "variant: flatcar\n", "version: 1.1.0\n", "variant: fcos\n", "version: 1.5.0\n", "storage:\n", "  files:\n", "    - path: /a\n", "      mode: 0644\n", "      contents:\n", "        inline: |\n", "          x\n",
        "        local: a\n", "  filesystems: [{device: /dev/a, format: swap, with_mount_unit: true}]\n", "  trees: [{local: .}]\n", "boot_device: {luks: {tpm2: true}, mirror: {devices: [a, b]}}\n", "grub: {users: [{}]}\n", "passwd: {users: [null, {name: 5}]}\n",
        "systemd: {units: [{name: a, dropins: [{}]}]}\n", "&a ", "*a ", "<<: *a\n", "<<: [*a, *b]\n", "!!int ", "!!binary ", "!!str ", "? ", ": ", "- ", "[", "]", "{", "}", "|", ">-", "'", "\"", "\\", "#", "%YAML 1.2\n", "---\n", "...\n", "\t", "\r\n", "\0", "\uFEFF", "\uD800", "é", "~", "null", "yes", "0x", "0o8", "1e999", "-0", ".inf",
        "\"ignition\": {\"version\": \"2.3.0\"}", "\"ignitionVersion\": 1", "\"storage\": {\"files\": [{\"filesystem\": \"root\"}]}", ", ", "#cloud-config\n", "#!/bin/sh\n", "Content-Type: multipart/mixed; boundary=a\n\n", "--a\n", "--a--\n",
    ];

    private static readonly Gen<string> s_text = Gen.OneOf(Gen.OneOf(s_words).Array[0, 40].Select(string.Concat), Gen.String[0, 60]);

    [Test]
    public void Nothing_is_thrown_but_what_a_person_is_told() => s_text.Sample(Look, iter: 4000);

    [Test]
    public void A_good_config_with_one_thing_changed_throws_nothing() =>
        Gen.Select(Gen.OneOf(Corpus().ToArray()), Gen.Int[0, 4000], Gen.Int[0, 12], Gen.OneOf(s_words)).Sample(
            (config, at, length, word) => Look(config[..Math.Min(at, config.Length)] + word + config[Math.Min(at + length, config.Length)..]), iter: 4000);

    [Test]
    public void What_is_read_without_an_error_is_rendered_and_read_again() => Gen.OneOf(Corpus().ToArray()).Sample(
        config =>
        {
            if (ButaneConfig.Translate(config, null).Config is { } ignition)
                Assert.That(IgnitionConfig.Read(ignition.ToString()).Config?.ToString(), Is.EqualTo(ignition.ToString()));
        },
        iter: 300);

    private static void Look(string text)
    {
        try
        {
            ConfigKinds.Of(text);
        }
        catch (UsageException)
        {
        }

        ButaneConfig.Translate(text, null);
        LegacyConfig.Read(text).Config?.Translate();
        LegacyConfig.Read("{" + text + "}").Config?.WithKey("core", "k").WithFile("/a", "b").WithUnit("u.service", "", enabled: true).Translate();
        UserData.Check(text);
    }

    private static IEnumerable<string> Corpus() =>
        from file in Directory.GetFiles(Path.Combine(Reporting.GoldenFile.Root, "kola/Kola.Tests/Ignition/Butane"), "*.cases")
        from entry in File.ReadAllText(file).Split("=== ", StringSplitOptions.RemoveEmptyEntries)
        select entry.Split("\n---\n", 2)[0].Split('\n', 2)[1] + "\n";
}
