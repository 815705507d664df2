using System.Text.Json.Serialization;

namespace Kola.Reporting;

/// <summary>How a test's result changed, the gravest first.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ChangeKind>))]
public enum ChangeKind
{
    /// <summary>It fails, and no run of the base side had it fail, or there it passed in others.</summary>
    [JsonStringEnumMemberName("new-failure")] NewFailure,

    /// <summary>The place kept it from saying anything; it said something before.</summary>
    [JsonStringEnumMemberName("newly-broken")] NewlyBroken,

    /// <summary>It has no result; it had one before.</summary>
    [JsonStringEnumMemberName("newly-not-run")] NewlyNotRun,

    /// <summary>It passes on a retry only, or in some runs only.</summary>
    [JsonStringEnumMemberName("newly-flaky")] NewlyFlaky,

    /// <summary>It fails and a policy entry covers that now.</summary>
    [JsonStringEnumMemberName("newly-known")] NewlyKnown,

    /// <summary>It fails as before, and no policy entry covers that any more.</summary>
    [JsonStringEnumMemberName("no-longer-known")] NoLongerKnown,

    /// <summary>It failed, covered or not, and passes.</summary>
    [JsonStringEnumMemberName("fixed")] Fixed,

    /// <summary>It was flaky and passes.</summary>
    [JsonStringEnumMemberName("steady")] Steady,

    /// <summary>It was broken or not run, and passes.</summary>
    [JsonStringEnumMemberName("works-again")] WorksAgain,

    /// <summary>It is skipped and was not.</summary>
    [JsonStringEnumMemberName("newly-skipped")] NewlySkipped,

    /// <summary>It was skipped and passes.</summary>
    [JsonStringEnumMemberName("no-longer-skipped")] NoLongerSkipped,

    /// <summary>No run of the base side had it in its plan.</summary>
    [JsonStringEnumMemberName("appeared")] Appeared,

    /// <summary>No run of the new side had it in its plan.</summary>
    [JsonStringEnumMemberName("disappeared")] Disappeared,
}

/// <summary>A test that ended otherwise.</summary>
public sealed record TestChange
{
    /// <summary>Id of the test.</summary>
    public required string Test { get; init; }

    /// <summary>What changed.</summary>
    public required ChangeKind Kind { get; init; }

    /// <summary>What it came to on the base side; null when no run of it had the test.</summary>
    public Outcome? Before { get; init; }

    /// <summary>What it came to on the new side; null when no run of it had the test.</summary>
    public Outcome? After { get; init; }

    /// <summary>Its outcome in each run of the base side that had it, in their order.</summary>
    public IReadOnlyList<Outcome> BeforeRuns { get; init; } = [];

    /// <summary>Its outcome in each run of the new side that had it, in their order.</summary>
    public IReadOnlyList<Outcome> AfterRuns { get; init; } = [];

    /// <summary>First line of what it says now; null for nothing.</summary>
    public string? Message { get; init; }

    /// <summary>Null when nothing changed that is worth a word.</summary>
    internal static TestChange? Between(string id, TestReport[] before, TestReport[] after)
    {
        Outcome[] old = [.. before.Select(test => test.Outcome)], now = [.. after.Select(test => test.Outcome)];
        Outcome? was = Settle(old), became = Settle(now);
        // A failure nobody saw before is one even when it shows in a part of the runs only.
        bool unheard = now.Contains(Outcome.Failed) && !old.Any(outcome => outcome is Outcome.Failed or Outcome.Known);
        ChangeKind? kind = unheard || (became == Outcome.Failed && was is not (Outcome.Failed or Outcome.Known)) ? ChangeKind.NewFailure
            : became is null ? ChangeKind.Disappeared
            : was == became ? null
            : Judge(was, became.Value);
        return kind is not { } changed ? null : new TestChange
        {
            Test = id,
            Kind = changed,
            Before = was,
            After = became,
            BeforeRuns = old,
            AfterRuns = now,
            Message = after.FirstOrDefault(test => test.Message is not null && test.Outcome is not Outcome.Passed) is { } loud ? PlainText.FirstLine(loud.Message) : null,
        };
    }

    private static ChangeKind? Judge(Outcome? was, Outcome became) => (was, became) switch
    {
        (_, Outcome.Broken) => ChangeKind.NewlyBroken,
        (_, Outcome.NotRun) => ChangeKind.NewlyNotRun,
        (_, Outcome.Flaky) => ChangeKind.NewlyFlaky,
        (_, Outcome.Known) => ChangeKind.NewlyKnown,
        (null, _) => ChangeKind.Appeared,
        (Outcome.Known, Outcome.Failed) => ChangeKind.NoLongerKnown,
        (_, Outcome.Failed) => null,
        (_, Outcome.Skipped) => ChangeKind.NewlySkipped,
        (Outcome.Failed or Outcome.Known, _) => ChangeKind.Fixed,
        (Outcome.Flaky, _) => ChangeKind.Steady,
        (Outcome.Skipped, _) => ChangeKind.NoLongerSkipped,
        _ => ChangeKind.WorksAgain,
    };

    /// <summary>What one side's runs amount to; null when none of them had the test.</summary>
    internal static Outcome? Settle(IReadOnlyList<Outcome> runs)
    {
        bool Any(Outcome outcome) => runs.Contains(outcome);
        if (runs.Count == 0)
            return null;
        if (Any(Outcome.Flaky) || (Any(Outcome.Passed) && (Any(Outcome.Failed) || Any(Outcome.Known))))
            return Outcome.Flaky;
        Outcome[] gravest = [Outcome.Failed, Outcome.Known, Outcome.Passed, Outcome.Broken, Outcome.NotRun, Outcome.Skipped];
        return gravest.First(Any);
    }

    /// <summary><c>passed → failed</c>, of several runs <c>4 passed → 3 passed, 1 failed</c>.</summary>
    internal string Words => $"{Side(Before, BeforeRuns)} → {Side(After, AfterRuns)}";

    private static string Side(Outcome? settled, IReadOnlyList<Outcome> runs) => settled is not { } outcome ? "not there"
        : runs.Count == 1 ? outcome.Word()
        : string.Join(", ", runs.GroupBy(run => run).Select(group => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{group.Count()} {group.Key.Word()}")));
}
