namespace Kola;

/// <summary>A way in which an update server misbehaves. Those of a check leave pings and events alone.</summary>
public sealed record ServerFault
{
    private ServerFault(FaultKind kind, long number = 0) => (Kind, Number) = (kind, number);

    internal FaultKind Kind { get; }

    // A status, a byte, bytes per second or hops.
    internal long Number { get; }

    /// <summary>A check is answered with this status, and no body.</summary>
    /// <param name="status">400 to 599.</param>
    public static ServerFault CheckStatus(int status) => Status(FaultKind.CheckStatus, status);

    /// <summary>A check is answered with what is no XML.</summary>
    public static ServerFault Garbage() => new(FaultKind.Garbage);

    /// <summary>A check is answered with 200 and nothing.</summary>
    public static ServerFault EmptyAnswer() => new(FaultKind.EmptyAnswer);

    /// <summary>The connection of a check is reset instead of an answer.</summary>
    public static ServerFault CheckReset() => new(FaultKind.CheckReset);

    /// <summary>A package is answered with this status, and no body.</summary>
    /// <param name="status">400 to 599.</param>
    public static ServerFault PackageStatus(int status) => Status(FaultKind.PackageStatus, status);

    /// <summary>The connection is reset before this byte of a package. What was on its way then may be lost too.</summary>
    /// <param name="at">0 for the first byte of the file, also where a range is asked for.</param>
    public static ServerFault PackageReset(long at) => At(FaultKind.PackageReset, at);

    /// <summary>The connection ends in order before this byte of a package, though more was announced.</summary>
    /// <param name="at">0 for the first byte of the file, also where a range is asked for.</param>
    public static ServerFault PackageCut(long at) => At(FaultKind.PackageCut, at);

    /// <summary>A package goes out no faster than this.</summary>
    /// <param name="bytesPerSecond">At least 1.</param>
    public static ServerFault PackageSlow(int bytesPerSecond)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytesPerSecond, 1);
        return new ServerFault(FaultKind.PackageSlow, bytesPerSecond);
    }

    /// <summary>One bit of this byte of a package is wrong.</summary>
    /// <param name="at">0 for the first byte of the file, also where a range is asked for.</param>
    public static ServerFault PackageCorrupt(long at) => At(FaultKind.PackageCorrupt, at);

    /// <summary>A package is found after so many redirects.</summary>
    /// <param name="hops">1 to 20; update_engine follows ten.</param>
    public static ServerFault PackageRedirect(int hops)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(hops, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(hops, 20);
        return new ServerFault(FaultKind.PackageRedirect, hops);
    }

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Kind} {Number}");

    private static ServerFault Status(FaultKind kind, int status)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 400);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(status, 599);
        return new ServerFault(kind, status);
    }

    private static ServerFault At(FaultKind kind, long at)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(at);
        return new ServerFault(kind, at);
    }
}

internal enum FaultKind
{
    CheckStatus,
    Garbage,
    EmptyAnswer,
    CheckReset,
    PackageStatus,
    PackageReset,
    PackageCut,
    PackageSlow,
    PackageCorrupt,
    PackageRedirect,
}
