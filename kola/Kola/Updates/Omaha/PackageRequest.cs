namespace Kola;

/// <summary>A request for a file of an update. It is there from its beginning; what is only known at its end is filled in then.</summary>
/// <param name="Path">What was asked for, with the test's own part of the address left out: <c>/packages/update.gz</c>.</param>
/// <param name="Range">The header as it was sent: <c>bytes=4096-</c>; null without.</param>
/// <param name="From">First byte that was wanted; 0 without a range.</param>
/// <param name="Status">What was answered: 200, 206 for a part, 302 for a redirect, 404, …; 0 until that is decided, and when the connection was reset before.</param>
/// <param name="Bytes">Of the content that went out.</param>
public sealed record PackageRequest(string Path, string? Range, long From, int Status, long Bytes)
{
    /// <summary>When it came.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>Whether it is over.</summary>
    public bool Ended { get; init; }

    /// <summary>One line: <c>package /packages/update.gz bytes=4096- 206 1048576 bytes</c>.</summary>
    public override string ToString() => FormattableString.Invariant($"package {Path}{(Range is null ? "" : " " + Range)} {Status} {Bytes} bytes");
}
