namespace Kola.Clouds;

/// <summary>What a platform of machines in a cloud says of itself.</summary>
public sealed record CloudTerms
{
    /// <summary>As given to <c>--platform</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What its machines can have.</summary>
    public required IReadOnlySet<Feature> Features { get; init; }

    /// <summary>Its bounds.</summary>
    public required PlatformLimits Limits { get; init; }

    /// <summary>Facts for the report.</summary>
    public required IReadOnlyDictionary<string, string> Facts { get; init; }

    /// <summary>Name of the run, for the names of machines.</summary>
    public required string Run { get; init; }

    /// <summary>In the order in which they are tried; an empty name leaves it to the cloud.</summary>
    public IReadOnlyList<string> Zones { get; init; } = [""];

    /// <summary>Machines at once. Default 8: as many as an account of some use has room for.</summary>
    public int Machines { get; init; } = 8;

    /// <summary>How many times slower than hardware its machines are. Default 1.</summary>
    public double Slowness { get; init; } = 1;

    /// <summary>How machines are started, where the firmware is the image's and not the machine's; <see cref="Firmware.Any"/> takes all.</summary>
    public Firmware Firmware { get; init; } = Firmware.Any;
}
