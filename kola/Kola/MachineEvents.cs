namespace Kola;

/// <summary>Something that happened to one machine of a test.</summary>
public abstract record MachineEvent : RunEvent
{
    /// <summary>Id of the test.</summary>
    public required string Test { get; init; }

    /// <summary>Role of the machine.</summary>
    public required string Machine { get; init; }

    /// <summary>1 for the first attempt of the test.</summary>
    public int Attempt { get; init; } = 1;
}

/// <summary>A machine was started.</summary>
public sealed record MachineStarted : MachineEvent
{
    /// <summary>How a person reaches it.</summary>
    public required string Address { get; init; }

    /// <summary>Directory of its artifacts, relative to the run's.</summary>
    public required string Directory { get; init; }

    /// <summary>Key of the template it is a copy of; null when it was booted cold.</summary>
    public string? Template { get; init; }
}

/// <summary>A machine is ready: SSH answers, it has settled without failed units, and it is the expected system.</summary>
public sealed record MachineReady : MachineEvent
{
    public required string BootId { get; init; }

    /// <summary>VERSION of os-release.</summary>
    public string? Version { get; init; }

    /// <summary>Since the machine, or its reboot, was started.</summary>
    public required double ElapsedSeconds { get; init; }

    /// <summary>The same until SSH had let the harness in; null where that is not known.</summary>
    public double? LoginSeconds { get; init; }

    /// <summary>0 for the first boot, then one more a reboot.</summary>
    public required int Boot { get; init; }
}

/// <summary>A machine's power was cut, and it boots from the disk that leaves.</summary>
public sealed record PowerWasCut : MachineEvent
{
    /// <summary>What the machine was doing then, in the test's word; null where it did not say.</summary>
    public string? Phase { get; init; }

    /// <summary>Writes the disk had been given, of those that were recorded.</summary>
    public required int Entry { get; init; }

    /// <summary>Writes there are in the recording.</summary>
    public required int Recorded { get; init; }

    /// <summary>What was lost of the writes that were not flushed, in words; with the seed it can be drawn again by.</summary>
    public required string Lost { get; init; }

    /// <summary>Until the disk was made and the machine switched on again.</summary>
    public required double ElapsedSeconds { get; init; }
}

/// <summary>A machine is gone.</summary>
public sealed record MachineEnded : MachineEvent
{
    /// <summary>True when it ended by itself, by the platform's fault.</summary>
    public required bool PlatformFault { get; init; }

    /// <summary>How, in one line; <c>disposed</c> for an orderly end.</summary>
    public required string Detail { get; init; }

    /// <summary>CPU seconds the host spent on it; null where that is not known.</summary>
    public double? ProcessorSeconds { get; init; }

    /// <summary>Host memory it took at its end (PSS), MiB; null where that is not known.</summary>
    public int? MemoryMiB { get; init; }
}

/// <summary>A command ended. Output is in the machine's <c>ssh.log</c>.</summary>
public sealed record CommandRan : MachineEvent
{
    public required string Command { get; init; }

    /// <summary>Null when the connection was lost under it, or it did not end in time.</summary>
    public int? ExitCode { get; init; }

    public required double ElapsedSeconds { get; init; }
}

/// <summary>A check fired on a console or journal line.</summary>
public sealed record FindingMade : MachineEvent
{
    /// <summary>Id of the check.</summary>
    public required string Check { get; init; }

    /// <summary>The check's sentence.</summary>
    public required string Title { get; init; }

    /// <summary><c>console</c> or <c>journal</c>.</summary>
    public required string Source { get; init; }

    /// <summary>File relative to the run's directory.</summary>
    public required string File { get; init; }

    /// <summary>1 for the first line.</summary>
    public required int Line { get; init; }

    public required string Text { get; init; }

    /// <summary>The reason the test tolerates it; null when it does not.</summary>
    public string? Tolerated { get; init; }
}

/// <summary>Something of a machine was kept for whoever looks into a failure.</summary>
public sealed record EvidenceKept : MachineEvent
{
    /// <summary>What it is: <c>systemctl --failed</c>, <c>dmesg</c>.</summary>
    public required string What { get; init; }

    /// <summary>File relative to the run's directory.</summary>
    public required string File { get; init; }

    /// <summary>How it was had: <c>ssh</c>, <c>channel</c> or <c>host</c>.</summary>
    public required string By { get; init; }
}
