namespace Kola.Labs;

/// <summary>What a lab file says; see <see cref="LabFile"/>.</summary>
public sealed record LabOptions
{
    /// <summary>Absolute path of the file.</summary>
    public required string File { get; init; }

    /// <summary>What the lab is called in messages and under what name its records are kept. Default: the file's name without its ending.</summary>
    public required string Name { get; init; }

    /// <summary>Variables of the environment whose values are never written down.</summary>
    public IReadOnlyList<string> Secrets { get; init; } = [];

    /// <summary>What machines here can have. Default: nothing.</summary>
    public IReadOnlySet<Feature> Features { get; init; } = new HashSet<Feature>();

    /// <summary>Machines at once. Default: one, or all the ready ones.</summary>
    public required int Machines { get; init; }

    /// <summary>Memory of machines at once, MiB. Default: 64 GiB a machine.</summary>
    public required int MemoryMiB { get; init; }

    /// <summary>How many times slower than a machine with hardware virtualization. Default 1.</summary>
    public double Slowness { get; init; } = 1;

    /// <summary>Architectures of machines. Default amd64.</summary>
    public IReadOnlyList<string> Architectures { get; init; } = ["amd64"];

    /// <summary>Most bytes of a config; null for no limit.</summary>
    public int? ConfigBytes { get; init; }

    /// <summary>Most disks beside the boot disk. Default 8 with <see cref="Feature.ExtraDisks"/>, else 0.</summary>
    public int Disks { get; init; }

    /// <summary>Most cards beside the first. Default 1 with <see cref="Feature.PrivateNetwork"/>, else 0.</summary>
    public int Cards { get; init; }

    /// <summary>Address under which machines reach the loopback of this host; null where they do not.</summary>
    public string? HostAddress { get; init; }

    /// <summary>Longest wait for a ready machine that others use. Default 30 minutes.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Absolute directory of the locks of ready machines. Default: one that all users of this host share.</summary>
    public string? Locks { get; init; }

    /// <summary>Makes a machine; null in a lab of ready machines.</summary>
    public LabCommand? Provision { get; init; }

    /// <summary>Takes it away; null in a lab of ready machines.</summary>
    public LabCommand? Deprovision { get; init; }

    /// <summary>Lists what there is; null when the lab cannot.</summary>
    public LabCommand? List { get; init; }

    /// <summary>What can be done to each machine.</summary>
    public LabControls Controls { get; init; } = new();

    /// <summary>The machines there are already; empty in a lab that provisions.</summary>
    public IReadOnlyList<ReadyMachine> Ready { get; init; } = [];

    /// <summary>Directory of the file: what paths in it are relative to, and where commands run.</summary>
    public string Directory => Path.GetDirectoryName(File)!;

    /// <summary>The bounds it has.</summary>
    public PlatformLimits Limits => new()
    {
        ConfigBytes = Ready.Count > 0 ? 0 : ConfigBytes,
        Disks = Disks,
        Cards = Cards,
        Buses = Features.Contains(Feature.ExtraDisks) ? Enum.GetValues<DiskBus>() : [DiskBus.Virtio],
        // A lease ends with kola.
        Outlives = Ready.Count == 0,
        TellsExits = Ready.Count == 0 ? Controls.Status is not null : Ready.All(r => r.Controls.Status is not null),
        Architectures = Architectures,
    };
}

/// <summary>What can be done to a machine beside SSH; all of it may be missing.</summary>
public sealed record LabControls
{
    /// <summary>Its power.</summary>
    public LabCommand? Power { get; init; }

    /// <summary>Whether it runs.</summary>
    public LabCommand? Status { get; init; }

    /// <summary>Prints its console as long as it is left to run.</summary>
    public LabCommand? Console { get; init; }

    /// <summary>A file of this host that its console is written to, with <c>${machine}</c> and <c>${id}</c>; null for none.</summary>
    public string? ConsoleFile { get; init; }

    /// <summary>Puts a ready machine back as it was.</summary>
    public LabCommand? Restore { get; init; }

    /// <summary>These, and for what they leave out the others.</summary>
    public LabControls Or(LabControls others) => new()
    {
        Power = Power ?? others.Power,
        Status = Status ?? others.Status,
        Console = Console ?? (ConsoleFile is null ? others.Console : null),
        ConsoleFile = ConsoleFile ?? (Console is null ? others.ConsoleFile : null),
        Restore = Restore ?? others.Restore,
    };
}

/// <summary>A program of the lab, and how it is to be dealt with.</summary>
public sealed record LabCommand
{
    /// <summary>What it is called in messages: <c>provision</c>, <c>power</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The program and its arguments; no shell reads them.</summary>
    public required IReadOnlyList<string> Run { get; init; }

    /// <summary>Longest it may take. Nothing ends a console.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>How many times more it is tried when trying again may help.</summary>
    public required int Retries { get; init; }

    /// <summary>Pause before the first of these; each further one doubles it, up to 5 minutes. Default 5 s.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What exit codes mean beside 0; others are <see cref="ExitMeaning.Fatal"/>.</summary>
    public IReadOnlyDictionary<int, ExitMeaning> Exits { get; init; } = DefaultExits;

    /// <summary>What <c>power</c> can do.</summary>
    public IReadOnlySet<PowerAction> Actions { get; init; } = new HashSet<PowerAction>();

    /// <summary>How often <c>status</c> is asked. Default 10 s.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>What <c>provision</c> reads on its standard input. Default <see cref="CommandInput.Json"/>.</summary>
    public CommandInput Input { get; init; } = CommandInput.Json;

    /// <summary>As in sysexits.h: EX_USAGE, EX_UNAVAILABLE, EX_TEMPFAIL.</summary>
    public static IReadOnlyDictionary<int, ExitMeaning> DefaultExits { get; } =
        new Dictionary<int, ExitMeaning> { [64] = ExitMeaning.Usage, [69] = ExitMeaning.Quota, [75] = ExitMeaning.Retry };
}

/// <summary>What an exit code means.</summary>
public enum ExitMeaning
{
    /// <summary>It will not do, however often it is tried.</summary>
    Fatal,

    /// <summary>It may do another time.</summary>
    Retry,

    /// <summary>There is no room: quota or capacity.</summary>
    Quota,

    /// <summary>What was asked for cannot be had here.</summary>
    Usage,

    /// <summary>There is no such machine any more.</summary>
    Gone,
}

/// <summary>What is done to a machine's power.</summary>
public enum PowerAction
{
    /// <summary>Switches it on.</summary>
    On,

    /// <summary>Pulls the plug.</summary>
    Off,

    /// <summary>Pulls the plug and puts it in again.</summary>
    Cycle,

    /// <summary>Presses the reset button.</summary>
    Reset,
}

/// <summary>What a command reads on its standard input.</summary>
public enum CommandInput
{
    /// <summary>A document with all that is said by variables too, and the config.</summary>
    Json,

    /// <summary>The Ignition config alone.</summary>
    Ignition,

    /// <summary>Nothing.</summary>
    None,
}

/// <summary>A machine that is there already, and has an operating system.</summary>
public sealed record ReadyMachine
{
    /// <summary>Lowercase letters, digits and dashes; unique in the lab.</summary>
    public required string Name { get; init; }

    /// <summary>Host name or address.</summary>
    public required string Address { get; init; }

    /// <summary>TCP port of its SSH server. Default 22.</summary>
    public int Port { get; init; } = 22;

    /// <summary>Who logs in; needs sudo without a password. Default <c>core</c>.</summary>
    public string User { get; init; } = "core";

    /// <summary>Absolute path of the private key; null for the keys of the agent at <c>SSH_AUTH_SOCK</c>.</summary>
    public string? Key { get; init; }

    /// <summary>Fingerprint its SSH server has to show, <c>SHA256:…</c>.</summary>
    public required string HostKey { get; init; }

    /// <summary>What can be done to it.</summary>
    public LabControls Controls { get; init; } = new();
}
