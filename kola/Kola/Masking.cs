using System.Buffers;
using System.Collections.Frozen;

namespace Kola;

/// <summary>
/// Knows secrets, and puts <c>[masked: kind]</c> in their place: values it was given, and what has the shape of a secret. Lines stay lines: a text
/// has as many of them afterwards as before, so that a place that was named by its line is still there. Thread-safe.
/// </summary>
public sealed class Masking
{
    /// <summary>Shortest value that is looked for: a shorter one would be found in ordinary words.</summary>
    public const int ShortestValue = 8;

    // Less than this is no secret, even when somebody says so: "yes" is in every other line.
    private const int ShortestGiven = 4;

    private readonly KnownSecret[] _known;
    private readonly SearchValues<string> _signs;

    private Masking(IEnumerable<KnownSecret> known)
    {
        // The longest first: one value may be a part of another.
        _known = [.. known.Where(k => k.Value.Length > 0).DistinctBy(k => k.Value).OrderByDescending(k => k.Value.Length)];
        _signs = SearchValues.Create([.. _known.Select(k => k.Value), .. SecretPattern.All.SelectMany(p => p.Signs)], StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Knows shapes alone, no values.</summary>
    public static Masking Shapes { get; } = new([]);

    /// <summary>
    /// Knows the values of variables whose names say that they are secrets (<c>…_TOKEN</c>, <c>…_SECRET</c>, <c>…_PASSWORD</c>, <c>…_KEY</c>,
    /// <c>AWS_…</c> and the like), of at least <see cref="ShortestValue"/> characters. A path of a file that exists is no secret.
    /// </summary>
    /// <param name="environment">Names and values.</param>
    /// <param name="others">Names of further variables that hold secrets, of at least four characters.</param>
    /// <exception cref="UsageException">A further one is not set, or too short.</exception>
    public static Masking Of(IEnumerable<KeyValuePair<string, string>> environment, IEnumerable<string> others)
    {
        FrozenDictionary<string, string> values = environment.ToFrozenDictionary();
        string[] named = [.. others];
        foreach (string name in named)
        {
            if (!values.TryGetValue(name, out string? value) || value.Length < ShortestGiven)
                throw new UsageException($"--secret-env {name}\n  wanted:  the name of a variable of the environment whose value has at least {ShortestGiven} characters\n  got:     {(value is null ? "it is not set" : $"a value of {value.Length}")}");
        }

        return new Masking(values
            .Where(v => named.Contains(v.Key) || SecretPattern.IsSecretName(v.Key) && v.Value.Length >= ShortestValue && !Path.Exists(v.Value))
            .SelectMany(v => KnownSecret.LinesOf(v.Value, $"value of {v.Key}", named.Contains(v.Key) ? ShortestGiven : ShortestValue)));
    }

    /// <summary>The same, and one value more, of one line or several.</summary>
    public Masking With(string value, string kind) => new([.. _known, .. KnownSecret.LinesOf(value, kind, ShortestValue)]);

    /// <summary>The text without secrets; the same object when there is none in it.</summary>
    public string Mask(string text)
    {
        if (!MightHold(text))
            return text;
        foreach (KnownSecret secret in _known)
            text = text.Replace(secret.Value, Mark(secret.Kind), StringComparison.Ordinal);
        foreach (SecretPattern pattern in SecretPattern.All)
            text = pattern.Mask(text);
        return text;
    }

    /// <summary>Whether it is worth looking closer; most text is not, and this takes it at the speed of memory.</summary>
    internal bool MightHold(ReadOnlySpan<char> text) => text.ContainsAny(_signs);

    /// <summary>What stands where a secret was.</summary>
    internal static string Mark(string kind) => $"[masked: {kind}]";

    private sealed record KnownSecret(string Value, string Kind)
    {
        // Logs are looked at line by line.
        internal static IEnumerable<KnownSecret> LinesOf(string value, string kind, int shortest) =>
            value.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Where(line => line.Length >= shortest && !line.StartsWith("-----", StringComparison.Ordinal))
                .Select(line => new KnownSecret(line, kind));
    }
}
