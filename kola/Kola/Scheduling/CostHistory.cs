using System.Collections.Immutable;
using System.Text.Json;

namespace Kola.Scheduling;

/// <summary>
/// What tests took in earlier runs: a fold over the events of runs, the last five results a test, kept apart by flavour (a run under emulation
/// says nothing of one with KVM) and by whether its machines were copies of templates or booted cold.
/// </summary>
public sealed record CostHistory
{
    /// <summary>Results kept a test and way: enough for one odd one not to matter, few enough to follow a change within days.</summary>
    public const int Kept = 5;

    // Another number when what is written is no longer understood by those that wrote the older; then they begin anew.
    private const int Format = 1;

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    private readonly ImmutableDictionary<string, FlavourHistory> _flavours;

    private CostHistory(ImmutableDictionary<string, FlavourHistory> flavours) => _flavours = flavours;

    /// <summary>Of no run.</summary>
    public static CostHistory Empty { get; } = new(ImmutableDictionary.Create<string, FlavourHistory>(StringComparer.Ordinal));

    /// <summary>What results are only compared within: platform and what runs the guests' instructions, <c>qemu/tcg</c>.</summary>
    public static string FlavourOf(string platform, IReadOnlyDictionary<string, string> facts) =>
        facts.TryGetValue("acceleration", out string? acceleration) ? $"{platform}/{acceleration}" : platform;

    /// <summary>How many runs of a flavour are in it.</summary>
    public int RunsOf(string flavour) => _flavours.GetValueOrDefault(flavour)?.Runs ?? 0;

    /// <summary>
    /// What a test is expected to take: the median of its results' wall seconds, and the most of their cores and memory, since a busy host and a
    /// template shared with many make a test look cheaper than it is.
    /// </summary>
    /// <param name="flavour">See <see cref="FlavourOf"/>.</param>
    /// <param name="test">Id of the test.</param>
    /// <param name="cloned">Whether its machines are copies. Where this way has no result, the other's is the best that is known.</param>
    /// <returns>Null when it never passed or failed there.</returns>
    public ExpectedCost? Of(string flavour, string test, bool cloned)
    {
        if (_flavours.GetValueOrDefault(flavour)?.Tests.GetValueOrDefault(test) is not { } known)
            return null;
        (ImmutableArray<CostSample> asked, ImmutableArray<CostSample> other) = cloned ? (known.Cloned, known.Cold) : (known.Cold, known.Cloned);
        return ExpectedCost.Of(asked.IsEmpty ? other : asked);
    }

    /// <summary>What making a template is expected to take; null when none was made there.</summary>
    public ExpectedCost? OfTemplate(string flavour) =>
        _flavours.GetValueOrDefault(flavour) is { Templates.IsEmpty: false } known ? ExpectedCost.Of(known.Templates) : null;

    /// <summary>
    /// Adds a run. Only tests that passed or failed count: what was broken, skipped or interrupted says nothing of what it takes. A run of which
    /// nothing counts changes nothing.
    /// </summary>
    /// <param name="events">Of one run, in order; any part of a run that died.</param>
    public CostHistory With(IEnumerable<RunEvent> events)
    {
        var fold = new CostFold();
        foreach (RunEvent happened in events)
            fold.Add(happened);
        if (fold is { Tests.Count: 0, Templates.Count: 0 })
            return this;
        FlavourHistory before = _flavours.GetValueOrDefault(fold.Flavour) ?? new FlavourHistory();
        ImmutableDictionary<string, TestHistory>.Builder tests = before.Tests.ToBuilder();
        foreach ((string test, bool cloned, CostSample sample) in fold.Tests)
        {
            TestHistory old = tests.GetValueOrDefault(test) ?? new TestHistory();
            tests[test] = cloned ? old with { Cloned = Append(old.Cloned, sample) } : old with { Cold = Append(old.Cold, sample) };
        }

        FlavourHistory after = before with { Runs = before.Runs + 1, Tests = tests.ToImmutable(), Templates = fold.Templates.Aggregate(before.Templates, Append) };
        return new CostHistory(_flavours.SetItem(fold.Flavour, after));
    }

    /// <summary>As JSON, in an order that does not change.</summary>
    public string ToJson() => JsonSerializer.Serialize(new Document(Format, _flavours.ToImmutableSortedDictionary(StringComparer.Ordinal)), s_json);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="JsonException">It did not write that, or another version of it did.</exception>
    public static CostHistory Parse(string json)
    {
        Document document = JsonSerializer.Deserialize<Document>(json, s_json) ?? throw new JsonException("null is no history");
        if (document.Format != Format)
            throw new JsonException($"format {document.Format}; this program knows {Format}");
        // The reader minds null only where it is a property's.
        if (document.Flavours.Values.Any(f => f is null || f.Runs < 0 || f.Tests.Values.Any(t => t is null)) || document.Flavours.Values.SelectMany(f => f.Samples).Any(s => s is not { IsSound: true }))
            throw new JsonException("null, or a number below 0, where it says what tests took");
        return new CostHistory(document.Flavours.ToImmutableDictionary(StringComparer.Ordinal));
    }

    private static ImmutableArray<CostSample> Append(ImmutableArray<CostSample> old, CostSample added) => [.. old.Append(added).TakeLast(Kept)];

    private sealed record Document(int Format, ImmutableSortedDictionary<string, FlavourHistory> Flavours);

    private sealed record FlavourHistory
    {
        public int Runs { get; init; }

        public ImmutableArray<CostSample> Templates { get; init; } = [];

        public ImmutableDictionary<string, TestHistory> Tests { get; init; } = ImmutableDictionary.Create<string, TestHistory>(StringComparer.Ordinal);

        internal IEnumerable<CostSample> Samples => Templates.Concat(Tests.Values.SelectMany(t => t.Cold.Concat(t.Cloned)));
    }

    private sealed record TestHistory
    {
        public ImmutableArray<CostSample> Cold { get; init; } = [];

        public ImmutableArray<CostSample> Cloned { get; init; } = [];
    }
}
