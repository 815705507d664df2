namespace Kola.Platforms;

/// <summary>What came of taking away what runs have left on a platform.</summary>
public sealed record Removal
{
    /// <summary>What went, or would go.</summary>
    public required IReadOnlyList<ILeftover> Gone { get; init; }

    /// <summary>What carries kola's tags and stays, since it has not expired.</summary>
    public required IReadOnlyList<ILeftover> Kept { get; init; }

    /// <summary>What should have gone and did not, a message each.</summary>
    public IReadOnlyList<string> Failures { get; init; } = [];

    /// <summary>Whether nothing was taken away.</summary>
    public bool DryRun { get; init; }

    /// <summary>
    /// Deletes what is over, in the driver's order, and goes on past what cannot be deleted. What depended on something that went a moment ago is tried a second time
    /// at the end.
    /// </summary>
    /// <param name="driver">The platform.</param>
    /// <param name="access">How to come there.</param>
    /// <param name="run">Take all of this run, expired or not; null takes what is over.</param>
    /// <param name="dryRun">Deletes nothing.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="PlatformException">The endpoint does not answer.</exception>
    public static async Task<Removal> RunAsync(IPlatformDriver driver, PlatformAccess access, string? run, bool dryRun, CancellationToken cancel)
    {
        IReadOnlyList<ILeftover> found = await driver.FindLeftoversAsync(access, cancel);
        DateTimeOffset now = access.Clock.GetUtcNow();
        ILeftover[] over = [.. found.Where(l => run is null ? l.Tags.IsOver(now) : l.Tags.Run == ResourceTags.Clean(run))];
        var gone = new List<ILeftover>();
        var failed = new List<ILeftover>();
        var failures = new List<string>();
        foreach (ILeftover left in dryRun ? [] : over)
            (await TryAsync(left, null, cancel) ? gone : failed).Add(left);
        foreach (ILeftover left in failed)
        {
            if (await TryAsync(left, failures, cancel))
                gone.Add(left);
        }

        return new Removal { Gone = dryRun ? over : gone, Kept = [.. found.Except(over)], Failures = failures, DryRun = dryRun };
    }

    /// <summary>A line for each thing that went.</summary>
    public string ForPeople()
    {
        IEnumerable<string> lines = Gone.Select(l => $"{(DryRun ? "left" : "removed")}: {l.Kind} {l.Name}{(l.Tags.Expires > DateTimeOffset.MinValue ? $" of {l.Tags.Run}, {l.Tags.Owner}" : "")}");
        if (Kept.Count > 0)
            lines = lines.Append($"kept: {string.Join(", ", Kept.GroupBy(l => l.Tags.Run).Select(g => $"{g.Count()} of {g.Key}"))}, not over yet");
        string text = string.Join('\n', lines);
        return text.Length == 0 && Failures.Count == 0 ? "nothing is left of any run" : text;
    }

    private static async Task<bool> TryAsync(ILeftover left, List<string>? failures, CancellationToken cancel)
    {
        try
        {
            await left.DeleteAsync(cancel);
            return true;
        }
        catch (KolaException fault)
        {
            failures?.Add($"{left.Kind} {left.Name} could not be removed: {fault.Message}");
            return false;
        }
    }
}
