using System.Globalization;

namespace Kola;

/// <summary>Something an update client told its server: an <c>event</c> of a request.</summary>
/// <param name="Type">What it is about: 13 the download began, 14 it ended and is right, 3 the update as a whole.</param>
/// <param name="Result">0 an error, 1 success, 2 success and a reboot, 9 put off.</param>
public sealed record OmahaEvent(int Type, int Result)
{
    // Bit 28: another server than the image's own. 29: a test image. 30: a resumed download. 31: developer mode.
    private const long Flags = 0xF000_0000L;

    /// <summary>The error as it was sent, with its flag bits 28 to 31; null when there was none.</summary>
    public long? ErrorCode { get; init; }

    /// <summary>The error without flags: 10 for a wrong hash of the payload, 2500 for status 500 of a check; null when there was none.</summary>
    public int? Code => ErrorCode is { } sent ? (int)(sent & uint.MaxValue & ~Flags) : null;

    /// <summary>The version that ran before the last update; <c>0.0.0.0</c> on a new machine, empty when nothing has happened since the last check, null when not sent.</summary>
    public string? PreviousVersion { get; init; }

    /// <summary>When it came.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>Who sent it: 32 hex digits; empty when the client did not say.</summary>
    public string MachineId { get; init; } = "";

    /// <summary><c>13/1</c>, <c>3/2 from 1.2.3</c>, <c>3/0 code 44</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Type}/{Result}{(Code is { } code ? $" code {code.ToString(CultureInfo.InvariantCulture)}" : "")}{(string.IsNullOrEmpty(PreviousVersion) ? "" : $" from {PreviousVersion}")}");
}
