using System.Globalization;
using Kola.Policies;

namespace Kola.Reporting;

/// <summary>
/// What several runs come to together, judged anew by a policy and a day that need not be the runs' own. Runs of one image in one place are joined
/// test by test, as attempts in the order of time: failed and then passed is flaky, whichever runs that was in.
/// </summary>
public sealed record GateResults
{
    /// <summary>In the order of their names.</summary>
    public required IReadOnlyList<GatePlace> Places { get; init; }

    /// <summary>Whether they are good enough.</summary>
    public required GateVerdict Verdict { get; init; }

    /// <summary>Joins and judges.</summary>
    /// <param name="runs">Reports of runs, in any order; each needs a beginning.</param>
    /// <param name="question">By what.</param>
    /// <exception cref="UsageException">Two images on one platform, or the policy contradicts itself.</exception>
    public static GateResults Of(IEnumerable<Report> runs, GateQuestion question)
    {
        // Opening a test's machines again, and leaving them in peace, would pass for a pass; and who made them wrong has judged the suite.
        IEnumerable<Report> once = runs.Where(run => run.Run is { Visit: false, Fault: null }).OrderBy(run => run.Run!.At).DistinctBy(run => (run.Run!.Run, run.Run.At));
        Report[] asked = [.. once.Where(run => question.Image is not { } image || Digest(run).StartsWith(image, StringComparison.Ordinal) || Digest(run).StartsWith("sha256:" + image, StringComparison.Ordinal))];
        CheckImages(asked);
        List<string> reasons = [.. question.Unreadable];
        List<string> notes = [];
        GatePlace[] places = [.. asked.GroupBy(PlaceOf).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => Join(group.Key, [.. group], question, reasons, notes))];
        GateRule rule = question.Policy?.Gate ?? new GateRule();
        foreach (string missing in rule.Platforms.Where(platform => !Array.Exists(places, place => place.Platform == platform)))
            reasons.Add($"there is no result of {missing}, and the policy asks for one");
        if (places.Length < Math.Max(1, question.Expect))
            reasons.Add(string.Create(CultureInfo.InvariantCulture, $"there are results of {PlainText.Count(places.Length, "place")}, and at least {Math.Max(1, question.Expect)} should be"));
        DateTimeOffset at = new(question.Today, TimeOnly.MinValue, TimeSpan.Zero);
        PolicyRead none = new() { At = at, File = "", Digest = "", Gate = rule };
        reasons.AddRange(places.SelectMany(place => GateVerdict.Lacking(place.Joined, rule, place.Joined.Policy ?? none, at, $" on {place.Name}")));
        int tries = places.Select(place => place.Tries).DefaultIfEmpty(1).Max();
        return new GateResults
        {
            Places = places,
            Verdict = GateVerdict.Of([.. places.Select(place => (place.Joined, $" on {place.Name}"))], rule, reasons.Distinct(), notes, tries),
        };
    }

    private static void CheckImages(Report[] runs)
    {
        foreach (IGrouping<string, Report> group in runs.GroupBy(run => GatePlace.NameOf(run.Run!.Platform, run.Run.Image.Architecture, null)))
        {
            if (group.DistinctBy(Digest).ToArray() is [var one, var other, ..])
                throw new UsageException($"there are results of different images on {group.Key}\n  wanted:  one image\n  got:     {Digest(one)} ({one.Run!.Run})\n           {Digest(other)} ({other.Run!.Run})\n  next:    leave one out, or say which: --image {Digest(other)}");
        }
    }

    private static string Digest(Report run) => run.Run!.Image.Digest;

    private static string PlaceOf(Report run) => GatePlace.NameOf(run.Run!.Platform, run.Run.Image.Architecture, GatePlace.FirmwareOf(run.Run));

    private static GatePlace Join(string name, Report[] runs, GateQuestion question, List<string> reasons, List<string> notes)
    {
        RunStarted newest = runs[^1].Run!;
        bool sound = runs.Any(run => run is { Complete: true, Torn: null });
        foreach (Report run in runs)
        {
            reasons.AddRange(run.Contradictions.Select(problem => $"{run.Run!.Run}: {problem}"));
            if (run.Tests.Count == 0 && run.Run!.Shard is null)
                reasons.Add($"{run.Run.Run}: the plan is empty: no test was to be run");
            // Whoever was to be tested by a run that died in its plan is not known: no other run can make up for that.
            if (!run.PlanWhole)
                reasons.Add($"{run.Run!.Run}: the run died before its plan was whole");
            else if (run is { Complete: false } or { Torn: not null })
                (sound ? notes : reasons).Add($"{run.Run!.Run}: {(run.Stopped is { } stopped ? $"the run was stopped: {stopped}" : "the run died")}");
        }

        reasons.AddRange(GateShards.Problems(runs).Select(problem => $"{name}: {problem}"));
        Policy? policy = question.Policy?.For(newest.Platform, newest.Image);
        reasons.AddRange(policy?.Expired(question.Today).Select(entry => PolicyWords.Expired(entry, policy.File)) ?? []);
        var joining = new GateJoin(policy, question.Today);
        TestReport[] tests = [.. runs.SelectMany(run => run.Tests.Select(test => (Run: run, Test: test))).GroupBy(test => test.Test.Id).Select(test => joining.Join([.. test]))];
        if (tests.Length > 0 && tests.All(test => test.Outcome == Outcome.Skipped))
            reasons.Add($"nothing was tested on {name}: {PlainText.Count(tests.Length, "planned test")}, all skipped");
        return new GatePlace
        {
            Name = name,
            Platform = newest.Platform,
            Architecture = newest.Image.Architecture,
            Image = newest.Image,
            Runs = [.. runs.Select(run => run.Run!)],
            Tries = runs.SelectMany(run => run.Tests.Select(test => (test.Id, Tries: run.Run!.Retries + 1))).GroupBy(test => test.Id, test => test.Tries).Select(test => test.Sum()).DefaultIfEmpty(1).Max(),
            Joined = new Report { Run = newest, Tests = tests, Problems = [], Policy = policy?.AsEvent(newest.At), Complete = sound },
        };
    }
}

/// <summary>By what a gate judges.</summary>
public sealed record GateQuestion
{
    /// <summary>Decides about known, skipped and enforced tests, and holds the rule; null for the strictest rule and no excuse.</summary>
    public Policy? Policy { get; init; }

    /// <summary>Day of the gate, UTC: entries count by it.</summary>
    public required DateOnly Today { get; init; }

    /// <summary>Digest, or the beginning of one, of the image that is asked about; null when there is one only.</summary>
    public string? Image { get; init; }

    /// <summary>Fewest places there have to be results of: each platform with each architecture and firmware is one. Default 1.</summary>
    public int Expect { get; init; } = 1;

    /// <summary>Results that were given and cannot be read, one line each. Any of them closes the gate.</summary>
    public IReadOnlyList<string> Unreadable { get; init; } = [];
}
