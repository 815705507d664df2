using System.Globalization;

namespace Kola.Reporting;

/// <summary>What is known about a test beside its outcome's text, as names and values: what formats with room for properties hold of it.</summary>
internal static class TestFacts
{
    /// <summary>Name of the test that stands for a run with problems in formats that know only tests.</summary>
    internal const string RunCase = "kola.run";

    /// <summary>The same of a run: kola, the platform and what it says of itself, the image. In a fixed order.</summary>
    internal static IEnumerable<(string Name, string? Value)> Of(RunStarted run) =>
    [
        ("kola", run.Kola),
        ("platform", run.Platform),
        ("image", run.Image.Name),
        ("image.version", run.Image.Version),
        ("image.channel", run.Image.Channel),
        ("image.architecture", run.Image.Architecture),
        ("image.digest", run.Image.Digest),
        .. run.Facts.OrderBy(fact => fact.Key, StringComparer.Ordinal).Select(fact => (fact.Key, (string?)fact.Value)),
    ];

    /// <summary>In a fixed order, without those that have no value; a name may come more than once.</summary>
    internal static IEnumerable<(string Name, string Value)> Of(TestReport test)
    {
        IEnumerable<(string Name, string? Value)> all =
        [
            ("outcome", test.Outcome.Word()),
            ("sentence", test.Sentence),
            ("planned", test.Planned ? null : "false"),
            ("enforced", test.Enforced ? "true" : null),
            ("attempts", Number(test.Attempts.Count)),
            ("stress", test.Stress?.ToString()),
            ("evidence.sign", test.Evidence?.Sign),
            ("evidence.machine", test.Evidence?.Machine),
            ("evidence.file", test.Evidence?.File),
            ("evidence.line", Number(test.Evidence?.Line)),
            ("evidence.event", Number(test.Evidence?.Event)),
            ("known.because", test.Known?.Because),
            ("known.until", test.Known?.Until.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)),
            ("known.owner", test.Known?.Owner),
            ("known.tracker", test.Known?.Link),
            .. test.Attempts.SelectMany(Of),
            .. test.Directories.Select(directory => ("directory", (string?)directory)),
        ];
        return all.Where(fact => !string.IsNullOrEmpty(fact.Value)).Select(fact => (fact.Name, fact.Value!));
    }

    /// <summary>
    /// The attempt a reader wants to see: that which passed, of a test that passed at last; else that which decided, or the last. Null without attempts.
    /// </summary>
    internal static AttemptReport? Shown(TestReport test) => test.Outcome is Outcome.Passed or Outcome.Flaky
        ? test.Attempts.LastOrDefault(attempt => attempt.Outcome == Outcome.Passed)
        : test.Attempts.LastOrDefault(attempt => test.Evidence is not null && attempt.Evidence == test.Evidence) ?? (test.Attempts.Count > 0 ? test.Attempts[^1] : null);

    /// <summary>What a test's id groups it under, <c>cl.network</c> of <c>cl.network.wireguard</c>; the id itself when there is no dot in it.</summary>
    internal static string Suite(string id) => id.LastIndexOf('.') is > 0 and var dot ? id[..dot] : id;

    private static IEnumerable<(string Name, string? Value)> Of(AttemptReport attempt)
    {
        if (attempt.WaitedFor is { } cause)
            yield return ("waited", $"{Seconds(attempt.WaitedSeconds)} s for {cause}");
        foreach (MachineReport machine in attempt.Machines)
        {
            if (machine.BootSeconds.Count > 0)
                yield return ("boot.seconds", $"{machine.Name}: {string.Join(", ", machine.BootSeconds.Select(Seconds))}");
            if (machine.Template is { } template)
                yield return ("template", $"{machine.Name}: {Aside.Short(template)}");
        }
    }

    internal static string Seconds(double seconds) => (double.IsFinite(seconds) ? Math.Clamp(seconds, 0, 1e9) : 0).ToString("0.000", CultureInfo.InvariantCulture);

    internal static long Milliseconds(double seconds) => double.IsFinite(seconds) ? (long)Math.Round(Math.Clamp(seconds, 0, 1e9) * 1000) : 0;

    private static string? Number(int? number) => number?.ToString(CultureInfo.InvariantCulture);
}
