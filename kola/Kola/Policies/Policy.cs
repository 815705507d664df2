namespace Kola.Policies;

/// <summary>What a policy file says.</summary>
public sealed record Policy
{
    /// <summary>The file as it was named.</summary>
    public required string File { get; init; }

    /// <summary>Content digest of the file, <c>sha256:</c> and 64 hex digits.</summary>
    public required string Digest { get; init; }

    /// <summary>When results are good enough.</summary>
    public required GateRule Gate { get; init; }

    /// <summary>In the file's order, which matters: the first entry that applies to a test decides.</summary>
    public required IReadOnlyList<PolicyEntry> Entries { get; init; }

    /// <summary>
    /// What is left of it for one platform and image, the expired entries too. Where a version or a channel is asked for and the image's is not known,
    /// a <c>skip</c> or <c>known</c> does not apply, since nothing is excused by guess, and an <c>enforce</c> does.
    /// </summary>
    public Policy For(string platform, Image image) => this with { Entries = [.. Entries.Where(entry => Applies(entry, platform, image))] };

    /// <summary>Entries that no longer count on a day.</summary>
    public IEnumerable<PolicyEntry> Expired(DateOnly today) => Entries.Where(entry => entry.IsExpired(today));

    /// <summary>
    /// The entry that decides about a test in the place this policy is <see cref="For"/>: the first of the file that names it and counts on that day.
    /// </summary>
    /// <param name="test">Id of the test.</param>
    /// <param name="formerly">An id it had before; null for none.</param>
    /// <param name="today">Day, UTC.</param>
    /// <returns>Null when none does.</returns>
    /// <exception cref="UsageException">One entry enforces the test, another one excuses it.</exception>
    public PolicyEntry? Of(string test, string? formerly, DateOnly today)
    {
        PolicyEntry[] counted = [.. Entries.Where(entry => !entry.IsExpired(today) && entry.Covers(test, formerly))];
        PolicyEntry? enforced = Array.Find(counted, entry => entry.Action == PolicyAction.Enforce);
        PolicyEntry? excused = Array.Find(counted, entry => entry.Action != PolicyAction.Enforce);
        return enforced is null || excused is null ? counted.FirstOrDefault() : throw new UsageException(
            $"{File}:{Math.Max(enforced.Line, excused.Line)}: {test} has to pass ({File}:{enforced.Line}) and need not ({File}:{excused.Line})\n  wanted:  for one test in one place either enforce, or skip or known\n  next:    narrow the patterns, platforms or versions of one of them");
    }

    /// <summary>What the run's record says of it.</summary>
    public PolicyRead AsEvent(DateTimeOffset at) => new() { At = at, File = File, Digest = Digest, Gate = Gate, Entries = Entries };

    private static bool Applies(PolicyEntry entry, string platform, Image image)
    {
        bool guess = entry.Action == PolicyAction.Enforce;
        return (entry.Platforms.Count == 0 || entry.Platforms.Contains(platform))
            && (entry.Architectures.Count == 0 || entry.Architectures.Contains(image.Architecture))
            && (entry.Channels.Count == 0 || (image.Channel is { } channel ? entry.Channels.Contains(channel) : guess))
            && (entry.Versions is null || ((VersionRange.TryParse(entry.Versions, out VersionRange? range, out _) ? range.Holds(image.Version) : null) ?? guess));
    }
}
