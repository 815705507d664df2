using Kola.Reporting;

namespace Kola.History;

/// <summary>How one test ended in one run, as it is stored.</summary>
public sealed record StoredResult
{
    /// <summary>Name of the run.</summary>
    public required string Run { get; init; }

    /// <summary>When the run began, UTC, to the millisecond.</summary>
    public required DateTimeOffset At { get; init; }

    public required string Platform { get; init; }

    public required string Architecture { get; init; }

    /// <summary>What the machines booted with; null where the platform does not say.</summary>
    public string? Firmware { get; init; }

    /// <summary>What the image is called.</summary>
    public required string Image { get; init; }

    /// <summary>Content digest of the image, <c>sha256:</c> and 64 hex digits.</summary>
    public required string Digest { get; init; }

    /// <summary>Version of the image; null when the run did not know it.</summary>
    public string? Version { get; init; }

    /// <summary>Channel of the image; null when the run did not know it.</summary>
    public string? Channel { get; init; }

    /// <summary>Version of kola.</summary>
    public required string Kola { get; init; }

    /// <summary>Id of the test: of one that was renamed the newest.</summary>
    public required string Test { get; init; }

    public required Outcome Outcome { get; init; }

    /// <summary>How often it was tried; 0 for never.</summary>
    public required int Attempts { get; init; }

    /// <summary>All attempts together.</summary>
    public required double Seconds { get; init; }

    /// <summary>First line of why; null for a pass.</summary>
    public string? Message { get; init; }

    /// <summary>What decided, <see cref="Evidence.Sign"/>; null when that is not recorded.</summary>
    public string? Sign { get; init; }

    /// <summary><c>qemu/amd64/uefi</c>; see <see cref="GatePlace"/>.</summary>
    public string Place => GatePlace.NameOf(Platform, Architecture, Firmware);

    /// <summary>Whether it says something about the image.</summary>
    public bool IsConclusive => Outcome is Outcome.Passed or Outcome.Flaky or Outcome.Failed or Outcome.Known;
}

/// <summary>Which results are asked for; null for all.</summary>
public sealed record ResultFilter
{
    /// <summary>Id of a test, also one it had before.</summary>
    public string? Test { get; init; }

    public string? Platform { get; init; }

    public string? Architecture { get; init; }

    public string? Channel { get; init; }

    /// <summary>Only of runs that began then or later.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Only this many of each test, the newest; 0 for all.</summary>
    public int Last { get; init; }
}
