using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kola.Conformance;

/// <summary>What a platform was seen to keep of its promises.</summary>
public sealed record ConformanceReport
{
    /// <summary>Schema of <see cref="ToJson"/>.</summary>
    public const string CurrentSchema = "kola-conformance/1";

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) } };

    /// <summary><see cref="CurrentSchema"/>.</summary>
    public string Schema { get; } = CurrentSchema;

    /// <summary>Name of the platform.</summary>
    public required string Platform { get; init; }

    /// <summary>What it said of itself.</summary>
    public required IReadOnlyDictionary<string, string> Facts { get; init; }

    /// <summary>What it offers.</summary>
    public required IReadOnlyList<Feature> Features { get; init; }

    /// <summary>Its bounds.</summary>
    public required PlatformLimits Limits { get; init; }

    /// <summary>The image its machines booted.</summary>
    public required Image Image { get; init; }

    /// <summary>When it was begun.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Version of kola; null where it was not said.</summary>
    public string? Kola { get; init; }

    /// <summary>A row for each promise.</summary>
    public required IReadOnlyList<PromiseResult> Results { get; init; }

    /// <summary>Whether all that the platform promises was seen to be kept.</summary>
    public bool Conforms => Results.All(r => r.Outcome is PromiseOutcome.Kept or PromiseOutcome.NotOffered) && Results.Any(r => r.Outcome == PromiseOutcome.Kept);

    /// <summary>The matrix, for people.</summary>
    public string ForPeople()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{Platform}, image {Image.Name} {Image.Digest[..Math.Min(19, Image.Digest.Length)]}, {At.UtcDateTime:yyyy-MM-dd HH:mm} UTC{(Kola is null ? "" : $", kola {Kola}")}").AppendLine();
        foreach (PromiseResult result in Results)
            text.AppendLine(Line(result));
        int kept = Results.Count(r => r.Outcome == PromiseOutcome.Kept), offered = Results.Count(r => r.Outcome != PromiseOutcome.NotOffered);
        return text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"{(Conforms ? "conforms" : "does not conform")}: {kept} of {offered} promises kept, {Results.Count - offered} not made").ToString();
    }

    /// <summary>One row of the matrix.</summary>
    public static string Line(PromiseResult result)
    {
        string outcome = JsonNamingPolicy.KebabCaseLower.ConvertName(result.Outcome.ToString());
        string seen = result.Seen.ReplaceLineEndings("\n    ");
        return string.Create(CultureInfo.InvariantCulture, $"{outcome,-11} {result.Promise.Id,-16} {result.Promise.Sentence}{(result.Seconds >= 0.05 ? $" ({result.Seconds:0.0} s)" : "")}{(seen.Length > 0 ? $"\n    {seen}" : "")}");
    }

    /// <summary>The same for programs, as evidence.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, s_json) + "\n";
}
