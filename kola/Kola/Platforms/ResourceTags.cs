using System.Globalization;
using System.Text.RegularExpressions;

namespace Kola.Platforms;

/// <summary>
/// Whose something on a platform is, and until when: carried by all that kola makes outside of its own host, as names and values that every cloud
/// takes for a tag, a label or a part of a name (lowercase letters, digits, dashes; at most 63 characters).
/// </summary>
public sealed partial record ResourceTags
{
    /// <summary>Name of the tag with the run.</summary>
    public const string RunTag = "kola-run";

    /// <summary>Name of the tag with the owner.</summary>
    public const string OwnerTag = "kola-owner";

    /// <summary>Name of the tag with the time from which on it may be deleted by anybody: <c>20261128t211500z</c>.</summary>
    public const string ExpiresTag = "kola-expires";

    /// <summary>Name of the tag with the process that made it: <c>1a2b3c4d-4711-123456</c>.</summary>
    public const string MakerTag = "kola-maker";

    private const string TimeFormat = "yyyyMMdd't'HHmmss'z'";
    private const int Longest = 63;

    /// <summary>Name of the run; <c>image</c> for an image, which all runs share.</summary>
    public required string Run { get; init; }

    /// <summary>Who started it: <c>root-buildhost</c>.</summary>
    public required string Owner { get; init; }

    /// <summary>From when on it may be deleted by anybody.</summary>
    public required DateTimeOffset Expires { get; init; }

    /// <summary>The process that made it, with its host and start, see <see cref="Maker"/>; null where that does not matter, as for images.</summary>
    public string? MadeBy { get; init; }

    /// <summary>The tags as names and values, in the order of the names.</summary>
    public IReadOnlyDictionary<string, string> ToPairs()
    {
        var pairs = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            [ExpiresTag] = Expires.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture),
            [OwnerTag] = Clean(Owner),
            [RunTag] = Clean(Run),
        };
        if (MadeBy is { } maker)
            pairs[MakerTag] = Clean(maker);
        return pairs;
    }

    /// <summary>Reads them back; null where one of run, owner and expiry is missing or malformed: it is not kola's then.</summary>
    public static ResourceTags? Of(IReadOnlyDictionary<string, string> pairs) =>
        pairs.GetValueOrDefault(RunTag) is { Length: > 0 } run && pairs.GetValueOrDefault(OwnerTag) is { Length: > 0 } owner
        && DateTimeOffset.TryParseExact(pairs.GetValueOrDefault(ExpiresTag), TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset expires)
            ? new ResourceTags { Run = run, Owner = owner, Expires = expires, MadeBy = pairs.GetValueOrDefault(MakerTag) }
            : null;

    /// <summary>Whether it is of no use to anybody: it has expired, or the process of this host that made it is gone.</summary>
    /// <param name="now">What time it is.</param>
    public bool IsOver(DateTimeOffset now) => Expires <= now || MadeBy is { } maker && Maker.IsGone(maker);

    /// <summary>A value every cloud takes: <c>QEMU: Run 1</c> becomes <c>qemu-run-1</c>. Never empty.</summary>
    public static string Clean(string value)
    {
        string clean = Other().Replace(value.ToLowerInvariant(), "-").Trim('-');
        clean = clean.Length > Longest ? clean[..Longest].TrimEnd('-') : clean;
        return clean.Length == 0 ? "none" : clean;
    }

    // Root@Build.Host
    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex Other();
}
