namespace Kola;

/// <summary>A dated policy entry: this test may fail, for this reason, until that day. It still runs.</summary>
/// <param name="Because">Why it fails; never empty.</param>
/// <param name="Until">The last day, UTC, on which a failure is <see cref="Outcome.Known"/>.</param>
/// <param name="Link">Where it is worked on; null for nowhere.</param>
/// <param name="Owner">Who answers for the entry; null when that is not recorded.</param>
public sealed record KnownFailure(string Because, DateOnly Until, string? Link = null, string? Owner = null);
