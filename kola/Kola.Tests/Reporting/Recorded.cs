using Kola.Reporting;

namespace Kola.Tests.Reporting;

/// <summary>Runs for gates: what they planned, and how each attempt of each test ended.</summary>
internal sealed record Recorded
{
    private static readonly DateTimeOffset s_start = new(2026, 11, 22, 18, 0, 0, TimeSpan.Zero);

    internal string Platform { get; init; } = "qemu";

    internal string Architecture { get; init; } = "amd64";

    /// <summary>Hours after the first run of all.</summary>
    internal int Hour { get; init; }

    /// <summary>A digit the image's digest is made of.</summary>
    internal char Image { get; init; } = '0';

    internal string? Firmware { get; init; }

    internal string? Shard { get; init; }

    internal string? Selection { get; init; }

    internal int Retries { get; init; }

    internal int Stress { get; init; }

    /// <summary>Planned tests, each with the outcomes of its attempts; <c>-</c> has started and not ended, none has not started.</summary>
    internal IReadOnlyList<(string Id, string Outcomes)> Tests { get; init; } = [];

    /// <summary>Tests that the plan skips.</summary>
    internal IReadOnlyList<string> Skipped { get; init; } = [];

    internal bool SkippedByPolicy { get; init; }

    internal KnownFailure? Known { get; init; }

    internal bool Dies { get; init; }

    internal string? Stopped { get; init; }

    /// <summary>How many tests are on record as planned; null for all.</summary>
    internal int? PlanCutAt { get; init; }

    internal string Name => $"{Platform}-{Architecture}-{Hour}";

    internal Report Report => Report.Of(Events);

    internal IReadOnlyList<RunEvent> Events
    {
        get
        {
            DateTimeOffset at = s_start.AddHours(Hour);
            var facts = new Dictionary<string, string>();
            if (Firmware is not null)
                facts["firmware"] = Firmware;
            Image image = new() { File = "/i.img", Format = "raw", Digest = "sha256:" + new string(Image, 64), Name = "flatcar", Version = "4459.2.0+build", Channel = "alpha", Architecture = Architecture };
            List<RunEvent> events = [new RunStarted { At = at, Run = Name, Kola = "0.1.0", CommandLine = ["kola"], Platform = Platform, Facts = facts, Image = image, Slowness = 1, Retries = Retries, Stress = Stress, Shard = Shard, Selection = Selection, Planned = Tests.Count + Skipped.Count }];
            events.AddRange(Tests.Select(test => new TestPlanned { At = at, Test = test.Id, Sentence = "It works", Known = Known }));
            events.AddRange(Skipped.Select(test => new TestPlanned { At = at, Test = test, Sentence = "It works", SkipReason = "no TPM", SkipRemedy = "Install swtpm.", SkippedByPolicy = SkippedByPolicy }));
            if (PlanCutAt is { } cut)
                return [.. events.Take(1 + cut)];
            foreach ((string id, string outcomes) in Tests)
            {
                for (int attempt = 1; attempt <= outcomes.Length; attempt++)
                {
                    at = at.AddSeconds(30);
                    events.Add(new TestStarted { At = at, Test = id, Attempt = attempt, DeadlineSeconds = 600 });
                    if (OutcomeOf(outcomes[attempt - 1]) is { } outcome)
                        events.Add(new TestEnded { At = at.AddSeconds(29), Test = id, Attempt = attempt, Outcome = outcome, Message = outcome == Outcome.Passed ? null : $"{id}: {Platform} says no", ElapsedSeconds = 29 });
                }
            }

            if (!Dies)
                events.Add(new RunEnded { At = at.AddMinutes(1), Stopped = Stopped, ElapsedSeconds = 60 });
            return events;
        }
    }

    private static Outcome? OutcomeOf(char letter) => letter switch
    {
        'P' => Outcome.Passed,
        'F' => Outcome.Failed,
        'B' => Outcome.Broken,
        'S' => Outcome.Skipped,
        _ => null,
    };
}
