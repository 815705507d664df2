namespace Kola.Reporting;

/// <summary>One machine of an attempt.</summary>
public sealed record MachineReport
{
    /// <summary>Its role.</summary>
    public required string Name { get; init; }

    /// <summary>How a person reached it.</summary>
    public required string Address { get; init; }

    /// <summary>Directory of its artifacts, relative to the run's.</summary>
    public required string Directory { get; init; }

    /// <summary>VERSION of os-release; null when it never became ready.</summary>
    public string? Version { get; init; }

    /// <summary>Seconds until it was ready, for the first boot and each reboot; empty when it never was.</summary>
    public IReadOnlyList<double> BootSeconds { get; init; } = [];

    /// <summary>Seconds until SSH let the harness in, as many as <see cref="BootSeconds"/>; null where that is not known.</summary>
    public IReadOnlyList<double?> LoginSeconds { get; init; } = [];

    /// <summary>When it was started; null when that is not recorded.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>When it was ready, for the first boot and each reboot; as many as <see cref="BootSeconds"/>.</summary>
    public IReadOnlyList<DateTimeOffset> Ready { get; init; } = [];

    /// <summary>When it was gone; null when nobody saw that.</summary>
    public DateTimeOffset? Gone { get; init; }

    /// <summary>How it ended; null when nobody saw it end.</summary>
    public string? Ended { get; init; }

    /// <summary>True when it ended by itself, by the platform's fault.</summary>
    public bool PlatformFault { get; init; }

    /// <summary>Key of the template it was a copy of; null when it was booted.</summary>
    public string? Template { get; init; }

    /// <summary>CPU seconds the host spent on it; null where that is not known.</summary>
    public double? ProcessorSeconds { get; init; }

    /// <summary>Host memory it took at its end (PSS), MiB; null where that is not known.</summary>
    public int? MemoryMiB { get; init; }
}
