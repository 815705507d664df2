namespace Kola;

/// <summary>A request of an update client, Omaha 3.0. Texts are as they were sent; empty where the client sent an empty one or none.</summary>
public sealed record OmahaRequest
{
    /// <summary>When it came.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>Version of the protocol: <c>3.0</c>.</summary>
    public string Protocol { get; init; } = "";

    /// <summary>The client and its version: <c>update_engine-0.4.10</c>.</summary>
    public string ClientVersion { get; init; } = "";

    /// <summary>The same, of what updates the client.</summary>
    public string UpdaterVersion { get; init; } = "";

    /// <summary><c>scheduler</c> for a check by the clock, <c>ondemandupdate</c> for one somebody asked for.</summary>
    public string InstallSource { get; init; } = "";

    /// <summary>Whether the whole machine is updated: <c>1</c>.</summary>
    public string IsMachine { get; init; } = "";

    /// <summary>Version of the platform: <c>Chateau</c>.</summary>
    public string OsVersion { get; init; } = "";

    /// <summary>Name of the platform: <c>CoreOS</c>.</summary>
    public string OsPlatform { get; init; } = "";

    /// <summary>Release and architecture: <c>4459.0.0_x86_64</c>.</summary>
    public string OsServicePack { get; init; } = "";

    /// <summary>What is updated, in braces as it was sent.</summary>
    public required string AppId { get; init; }

    /// <summary>The release that runs.</summary>
    public string AppVersion { get; init; } = "";

    /// <summary>GROUP of update.conf: <c>stable</c>.</summary>
    public string Track { get; init; } = "";

    /// <summary>Boot id of the kernel, without braces.</summary>
    public string BootId { get; init; } = "";

    /// <summary>ID of the vendor's release file: <c>qemu</c>.</summary>
    public string Oem { get; init; } = "";

    /// <summary>Its VERSION_ID.</summary>
    public string OemVersion { get; init; } = "";

    /// <summary>The first release the machine ever ran.</summary>
    public string AlephVersion { get; init; } = "";

    /// <summary>/etc/machine-id: 32 hex digits.</summary>
    public string MachineId { get; init; } = "";

    /// <summary>MACHINE_ALIAS of update.conf.</summary>
    public string MachineAlias { get; init; } = "";

    /// <summary><c>en-US</c>.</summary>
    public string Language { get; init; } = "";

    /// <summary>FLATCAR_RELEASE_BOARD: <c>amd64-usr</c>.</summary>
    public string Board { get; init; } = "";

    /// <summary>Empty in all clients known.</summary>
    public string HardwareClass { get; init; } = "";

    /// <summary>Whether differences would do: <c>false</c>.</summary>
    public string DeltaOkay { get; init; } = "";

    /// <summary>Whether it asks for an update.</summary>
    public bool IsUpdateCheck { get; init; }

    /// <summary><c>active</c> of its ping: <c>1</c>; null without a ping.</summary>
    public string? PingActive { get; init; }

    /// <summary>What it tells, in order; at most one from update_engine.</summary>
    public IReadOnlyList<OmahaEvent> Events { get; init; } = [];

    /// <summary>One line: <c>check of 4459.0.0 in stable by 0123…: 3/2</c>.</summary>
    public override string ToString() =>
        $"{Kind} of {AppVersion} in {Track} by {(MachineId.Length == 0 ? "a machine without id" : MachineId)}{(Events.Count == 0 ? "" : $": {string.Join(", ", Events)}")}";

    /// <summary><c>check</c>, <c>event</c> or <c>ping</c>.</summary>
    internal string Kind => IsUpdateCheck ? "check" : Events.Count > 0 ? "event" : "ping";
}
