using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;

namespace Kola.Ignition;

/// <summary>
/// What a scalar of YAML is when a text, a whole number or a truth value is wanted, by the rules of yaml.v3, which Butane reads with: YAML 1.2, and of
/// 1.1 the octal <c>0644</c> and, where a truth value is wanted, <c>yes</c> and <c>off</c>.
/// </summary>
internal static partial class YamlScalars
{
    private const string Core = "tag:yaml.org,2002:";

    private static readonly string[] s_yes = ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON"];
    private static readonly string[] s_no = ["n", "N", "no", "No", "NO", "off", "Off", "OFF"];

    /// <summary>Where it begins.</summary>
    internal static Position At(this YamlValue value) => new((int)Math.Min(value.Line, int.MaxValue), (int)Math.Min(value.Column, int.MaxValue));

    /// <summary>yaml.v3's name of what a value is: <c>!!str</c>.</summary>
    internal static string Tag(YamlValue value)
    {
        if (value.Members is not null)
            return "!!map";
        if (value.Items is not null)
            return "!!seq";
        if (value.Tag is { } tag)
            return tag.StartsWith(Core, StringComparison.Ordinal) ? "!!" + tag[Core.Length..] : tag.StartsWith('!') && tag.Length > 1 ? "!!str" : tag;
        string text = value.Scalar!;
        return !value.Plain ? "!!str"
            : value.IsNull ? "!!null"
            : Boolean().IsMatch(text) ? "!!bool"
            : Whole(text) is not null ? "!!int"
            : Decimal().IsMatch(text) ? "!!float"
            : "!!str";
    }

    /// <summary>A value for a message: <c>!!str `web`</c>.</summary>
    internal static string Shown(YamlValue value)
    {
        string tag = Tag(value);
        return value.Scalar is not { } text ? tag : $"{tag} `{(text.Length > 30 ? text[..27] + "..." : text).ReplaceLineEndings("\\n")}`";
    }

    /// <summary>The truth value it is; null when it is none.</summary>
    internal static bool? Truth(YamlValue value)
    {
        if (value.Scalar is not { } text)
            return null;
        return Tag(value) switch
        {
            "!!bool" when Boolean().IsMatch(text) => text[0] is 't' or 'T',
            "!!str" => s_yes.Contains(text) ? true : s_no.Contains(text) ? false : null,
            _ => null,
        };
    }

    /// <summary>The whole number it is; null when it is none. 0644 is 420; a number with a point loses what follows it, as it does in Butane.</summary>
    internal static long? Number(YamlValue value)
    {
        if (value.Scalar is not { } text)
            return null;
        switch (Tag(value))
        {
            case "!!int":
                return Whole(text) is { } whole && whole >= long.MinValue && whole <= long.MaxValue ? (long)whole : null;
            case "!!float" when Decimal().IsMatch(text):
                return double.TryParse(text.Replace("_", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && Math.Abs(number) < 9.2e18 ? (long)number : null;
            default:
                return null;
        }
    }

    /// <summary>Whether a number was not written as the whole number it is taken for: <c>1.5</c>, <c>0899</c>.</summary>
    internal static bool IsBent(YamlValue value) => Tag(value) == "!!float";

    // Go's ParseInt with base 0, after underscores are taken out: 0x1f, 0b11, 0o644 and 0644, signs before all of them.
    private static BigInteger? Whole(string text)
    {
        Match match = Integer().Match(text.Replace("_", "", StringComparison.Ordinal));
        if (!match.Success)
            return null;
        string digits = match.Groups["digits"].Value;
        int radix = match.Groups["mark"].Value switch { "0x" or "0X" => 16, "0b" or "0B" => 2, "0" or "0o" or "0O" => 8, _ => 10 };
        BigInteger sum = 0;
        foreach (char digit in digits)
        {
            int worth = Uri.FromHex(digit);
            if (worth >= radix)
                return null;
            sum = (sum * radix) + worth;
            if (sum > ulong.MaxValue)
                return null; // larger than any integer there: a float by yaml.v3
        }

        return match.Groups["sign"].Value == "-" ? -sum : sum;
    }

    // 420        -5        0644        0x1F        0b101        0o644
    [GeneratedRegex("^(?<sign>[-+]?)(?<mark>0[xX]|0[bB]|0[oO]|0(?=[0-9])|)(?<digits>[0-9a-fA-F]+)$")]
    internal static partial Regex Integer();

    // 1.5        -1e3        .5        0899
    [GeneratedRegex(@"^[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")]
    internal static partial Regex Decimal();

    // true        False
    [GeneratedRegex("^(?:true|True|TRUE|false|False|FALSE)$")]
    internal static partial Regex Boolean();
}
