using System.Globalization;

namespace Kola.Policies;

/// <summary>What people are told of a policy entry.</summary>
internal static class PolicyWords
{
    /// <summary>Completes "skipped: …".</summary>
    internal static string SkipReason(PolicyEntry entry) => $"{entry.Because.TrimEnd('.')} ({entry.Tracker})";

    internal static string SkipRemedy(PolicyEntry entry, string file) =>
        string.Create(CultureInfo.InvariantCulture, $"Run it without --policy to see; {entry.Owner} answers for {file}:{entry.Line}, which skips it until {entry.Until:yyyy-MM-dd}.");

    internal static KnownFailure Known(PolicyEntry entry) => new(entry.Because, entry.Until, entry.Tracker, entry.Owner);

    /// <summary>What is wrong with a run under an entry that no longer counts.</summary>
    internal static string Expired(PolicyEntry entry, string file) => string.Create(
        CultureInfo.InvariantCulture,
        $"{file}:{entry.Line} has expired: {entry.Action.ToString().ToLowerInvariant()} {string.Join(", ", entry.Tests)} counted until {entry.Until:yyyy-MM-dd}; {entry.Owner} is to renew it or take it out ({entry.Tracker})");
}
