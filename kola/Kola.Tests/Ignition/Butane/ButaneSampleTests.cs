using Kola.Ignition;

namespace Kola.Tests.Ignition;

/// <summary>The sample lines above the expressions, and the rules that are short enough to be told by examples.</summary>
public sealed class ButaneSampleTests
{
    [TestCase("1.1.0", ExpectedResult = true)]
    [TestCase("1.2.0-experimental", ExpectedResult = true)]
    [TestCase("1.0.0+local", ExpectedResult = true)]
    [TestCase("1.0", ExpectedResult = false)]
    public bool A_semantic_version(string text) => ButaneSpec.SemanticVersion().IsMatch(text);

    [TestCase("420", "", "420")]
    [TestCase("-5", "", "5")]
    [TestCase("0644", "0", "644")]
    [TestCase("0x1F", "0x", "1F")]
    [TestCase("0b101", "0b", "101")]
    [TestCase("0o644", "0o", "644")]
    public void An_integer(string text, string mark, string digits)
    {
        var match = YamlScalars.Integer().Match(text);
        Assert.That((match.Groups["mark"].Value, match.Groups["digits"].Value), Is.EqualTo((mark, digits)));
    }

    [TestCase("1.5")]
    [TestCase("-1e3")]
    [TestCase(".5")]
    [TestCase("0899")]
    public void A_decimal(string text) => Assert.That(YamlScalars.Decimal().IsMatch(text));

    [TestCase("true")]
    [TestCase("False")]
    public void A_truth_value(string text) => Assert.That(YamlScalars.Boolean().IsMatch(text));

    [TestCase("sizeMiB", "size_mib")]
    [TestCase("sshAuthorizedKeys", "ssh_authorized_keys")]
    public void A_key_in_both_spellings(string camel, string snake)
    {
        Assert.That(ButaneNames.Upper().IsMatch(camel));
        Assert.That((ButaneNames.Camel(snake), ButaneNames.Snake(camel)), Is.EqualTo((camel, snake)));
    }

    [TestCase("/", "-")]
    [TestCase("/var/lib/containers", "var-lib-containers")]
    [TestCase("/dev/disk/by-label/foo", @"dev-disk-by\x2dlabel-foo")]
    [TestCase("/.hidden//a_b/", @"\x2ehidden-a_b")]
    public void A_path_in_the_name_of_a_unit(string path, string name) => Assert.That(ButaneMounts.Escaped(path), Is.EqualTo(name));

    [TestCase("0644", false, ExpectedResult = true)]
    [TestCase("0755", true, ExpectedResult = true)]
    [TestCase("04755", false, ExpectedResult = true)]
    [TestCase("01777", true, ExpectedResult = true)]
    [TestCase("01204", false, ExpectedResult = false)]
    [TestCase("01363", true, ExpectedResult = false)]
    public bool A_mode_nobody_wonders_at(string octal, bool directory) => UnixModes.IsTypical(Convert.ToInt32(octal, 8), directory);
}
