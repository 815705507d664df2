using Kola.Machines;

namespace Kola.Fake;

/// <summary>The script of one machine. Times are the platform's clock's, counted from power on; the default guest is up at once and well.</summary>
public sealed record FakeGuest
{
    /// <summary>Ends <see cref="IPlatform.StartAsync"/> with a <see cref="PlatformException"/> of this message; null to start.</summary>
    public string? StartFailure { get; init; }

    /// <summary>How long <see cref="IPlatform.StartAsync"/> takes. Default none.</summary>
    public TimeSpan StartsAfter { get; init; }

    /// <summary>What every boot writes on the console.</summary>
    public IReadOnlyList<FakeLine> Console { get; init; } =
    [
        new("Linux version 6.12.0-flatcar"),
        new("Run /init as init process"),
        new("This is localhost (Linux x86_64) login:"),
    ];

    /// <summary>What every boot writes in the journal.</summary>
    public IReadOnlyList<FakeLine> Journal { get; init; } = [new("systemd[1]: Reached target multi-user.target - Multi-User System.")];

    /// <summary>When SSH answers; null for never. Default at once.</summary>
    public TimeSpan? AnswersAfter { get; init; } = TimeSpan.Zero;

    /// <summary>Every login is refused. Default no.</summary>
    public bool RefusesLogin { get; init; }

    /// <summary>What <c>systemctl is-system-running</c> says. Default <c>running</c>.</summary>
    public string State { get; init; } = "running";

    /// <summary>Units in state failed. Default none.</summary>
    public IReadOnlyList<string> FailedUnits { get; init; } = [];

    /// <summary>os-release ID. Default <c>flatcar</c>.</summary>
    public string OsId { get; init; } = "flatcar";

    /// <summary>os-release VERSION; null for the image's, or 0.0.0.</summary>
    public string? Version { get; init; }

    /// <summary>Answers to commands, tried in order before <see cref="FakeAnswers.Default"/>.</summary>
    public IReadOnlyList<FakeAnswer> Answers { get; init; } = [];

    /// <summary>Ends the machine by itself; null for never.</summary>
    public FakeEnd? End { get; init; }

    /// <summary>Ends <see cref="ITemplateDraft.FreezeAsync"/> with a <see cref="PlatformException"/> of this message; null to freeze.</summary>
    public string? FreezeFailure { get; init; }

    /// <summary>Ends <see cref="ITemplate.CloneAsync"/> with a <see cref="PlatformException"/> of this message; null to copy.</summary>
    public string? CloneFailure { get; init; }

    /// <summary>As a copy it never answers on the harness's own way in. Default no.</summary>
    public bool NeverWakes { get; init; }

    /// <summary>
    /// The script of a copy, counted from copying; null for this one without what its console and journal have said by then.
    /// </summary>
    public FakeGuest? AsCopy { get; init; }
}

/// <summary>A line a guest writes.</summary>
/// <param name="Text">Without line end.</param>
/// <param name="After">Since power on. Default at once.</param>
public sealed record FakeLine(string Text, TimeSpan After = default);

/// <summary>A machine's end.</summary>
/// <param name="After">Since power on.</param>
/// <param name="Exit">What <see cref="IInstance.Exited"/> says.</param>
public sealed record FakeEnd(TimeSpan After, InstanceExit Exit);
