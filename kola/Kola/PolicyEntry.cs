using System.Text.Json.Serialization;

namespace Kola;

/// <summary>One entry of a policy: what is to happen with which tests, where, why, at whose word and until when.</summary>
public sealed record PolicyEntry
{
    /// <summary>What is to happen.</summary>
    public required PolicyAction Action { get; init; }

    /// <summary>Patterns of ids as on the command line of <c>kola run</c>. At least one.</summary>
    public required IReadOnlyList<string> Tests { get; init; }

    /// <summary>Platforms it is for; empty for all.</summary>
    public IReadOnlyList<string> Platforms { get; init; } = [];

    /// <summary>Architectures it is for; empty for all.</summary>
    public IReadOnlyList<string> Architectures { get; init; } = [];

    /// <summary>Channels it is for; empty for all.</summary>
    public IReadOnlyList<string> Channels { get; init; } = [];

    /// <summary>Versions it is for, as <c>&gt;=4400.0.0 &lt;4500</c>; null for all.</summary>
    public string? Versions { get; init; }

    /// <summary>Why; never empty.</summary>
    public required string Because { get; init; }

    /// <summary>Who answers for it; never empty.</summary>
    public required string Owner { get; init; }

    /// <summary>Where it is worked on: an absolute http or https address.</summary>
    public required string Tracker { get; init; }

    /// <summary>Last day, UTC, on which it counts. After that it does not, and says so in every run.</summary>
    public required DateOnly Until { get; init; }

    /// <summary>Line of the file it begins in, 1 for the first.</summary>
    public int Line { get; init; }

    /// <summary>Whether it no longer counts on that day.</summary>
    public bool IsExpired(DateOnly today) => today > Until;

    /// <summary>Whether a pattern of it names a test.</summary>
    /// <param name="test">Id of the test.</param>
    /// <param name="formerly">An id it had before; null for none.</param>
    public bool Covers(string test, string? formerly) => Tests.Any(pattern => TestPattern.Matches(pattern, test, formerly));
}

/// <summary>What a policy entry does.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PolicyAction>))]
public enum PolicyAction
{
    /// <summary>The test is not run.</summary>
    [JsonStringEnumMemberName("skip")] Skip,

    /// <summary>The test runs, and its failure is <see cref="Outcome.Known"/>.</summary>
    [JsonStringEnumMemberName("known")] Known,

    /// <summary>The test has to be there and to pass; one that is not planned, skipped, known or flaky closes the gate.</summary>
    [JsonStringEnumMemberName("enforce")] Enforce,
}
