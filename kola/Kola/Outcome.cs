using System.Text.Json.Serialization;

namespace Kola;

/// <summary>How a planned test ended. The seven are never folded into one another in any report.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Outcome>))]
public enum Outcome
{
    /// <summary>It ran to its end and everything held.</summary>
    [JsonStringEnumMemberName("passed")] Passed,

    /// <summary>It failed and passed on a recorded retry.</summary>
    [JsonStringEnumMemberName("flaky")] Flaky,

    /// <summary>The image is wrong.</summary>
    [JsonStringEnumMemberName("failed")] Failed,

    /// <summary>It failed and a dated policy entry covers that.</summary>
    [JsonStringEnumMemberName("known")] Known,

    /// <summary>The place is wrong; nothing is said about the image.</summary>
    [JsonStringEnumMemberName("broken")] Broken,

    /// <summary>Not run on purpose, with a reason and a remedy.</summary>
    [JsonStringEnumMemberName("skipped")] Skipped,

    /// <summary>Planned and without a result. Never a pass.</summary>
    [JsonStringEnumMemberName("not-run")] NotRun,
}
