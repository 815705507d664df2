using System.Globalization;
using System.Text;

namespace Kola.Cli.Agreement;

/// <summary>A config of the corpus.</summary>
/// <param name="Name">What is tried in it.</param>
/// <param name="Version">The spec it is of; null when that is what is tried.</param>
/// <param name="Text">The config.</param>
internal sealed record CorpusConfig(string Name, string? Version, string Text)
{
    /// <summary>The text for an Ignition that knows 3.4.0 as experimental only.</summary>
    internal string TextBefore34 => Version == Corpus.Experimental ? Text.Replace($"\"{Corpus.Experimental}\"", $"\"{Corpus.Experimental}-experimental\"", StringComparison.Ordinal) : Text;
}

/// <summary>Configs good and bad, written by hand (the files beside this one) and made by <see cref="GeneratedConfigs"/>, each in every spec.</summary>
internal static class Corpus
{
    /// <summary>The spec ignition-validate 2.14 knows under its experimental name only.</summary>
    internal const string Experimental = "3.4.0";

    private const string Prefix = "corpus/";
    private const string Placeholder = "VERSION";

    /// <summary>The specs that are compared. 3.5.0 and 3.6.0 are not: Debian's ignition-validate does not know them.</summary>
    internal static readonly string[] Versions = ["3.0.0", "3.1.0", "3.2.0", "3.3.0", Experimental];

    /// <summary>All of them.</summary>
    internal static IReadOnlyList<CorpusConfig> All() =>
    [
        .. typeof(Corpus).Assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).SelectMany(Written),
        .. GeneratedConfigs.All(),
    ];

    /// <summary>A config in all specs.</summary>
    internal static IEnumerable<CorpusConfig> InAllVersions(string name, string body)
    {
        string text = body.Contains(Placeholder, StringComparison.Ordinal) ? body : $"{{\"ignition\":{{\"version\":\"{Placeholder}\"}}{(body.TrimEnd() == "{}" ? "" : ",")}{body[1..]}";
        return Versions.Select(version => new CorpusConfig(name, version, text.Replace(Placeholder, version, StringComparison.Ordinal)));
    }

    // === what is tried
    // {"storage":{…}}          without section ignition, or with VERSION in it: tried in all specs
    // === what is tried | raw
    // …                        as it stands
    private static IEnumerable<CorpusConfig> Written(string resource)
    {
        using var reader = new StreamReader(typeof(Corpus).Assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
        string theme = resource[Prefix.Length..];
        foreach (string part in reader.ReadToEnd().Split("\n=== ").Skip(1))
        {
            int end = part.IndexOf('\n', StringComparison.Ordinal);
            string head = part[..end];
            string body = part[(end + 1)..].TrimEnd('\n') + "\n";
            const string Raw = " | raw";
            if (head.EndsWith(Raw, StringComparison.Ordinal))
                yield return new CorpusConfig($"{theme}: {head[..^Raw.Length]}", null, body);
            else
            {
                foreach (CorpusConfig config in InAllVersions($"{theme}: {head}", body))
                    yield return config;
            }
        }
    }
}

/// <summary>What is said of a config.</summary>
/// <param name="Refused">Whether it is no config.</param>
/// <param name="Malformed">Whether that is because it is not JSON, or has a value of another type; each reader says that in its own words.</param>
/// <param name="Remarks"><c>error 12 $.storage.files.0.path: path not absolute</c>, with the line in the middle; sorted.</param>
internal sealed record Verdict(bool Refused, bool Malformed, IReadOnlyList<string> Remarks)
{
    /// <summary>A remark.</summary>
    internal static string Remark(bool error, int? line, string path, string message) =>
        string.Create(CultureInfo.InvariantCulture, $"{(error ? "error" : "warning")} {line?.ToString(CultureInfo.InvariantCulture) ?? "-"} {path}: {message.ReplaceLineEndings(" ")}").TrimEnd();

    /// <summary>As it is kept: a line for the verdict, and one for each remark.</summary>
    public override string ToString() => string.Join('\n', Remarks.Prepend(Malformed ? "malformed" : Refused ? "refused" : "accepted"));

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    internal static Verdict Parse(string text)
    {
        string[] lines = text.Split('\n');
        return new Verdict(lines[0] != "accepted", lines[0] == "malformed", lines[1..]);
    }
}
