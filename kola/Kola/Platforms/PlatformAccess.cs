namespace Kola.Platforms;

/// <summary>What a driver needs to come to its endpoint.</summary>
public sealed record PlatformAccess
{
    /// <summary>What the person said.</summary>
    public PlatformSettings Settings { get; init; } = PlatformSettings.None;

    /// <summary>A variable of the environment, null when not set: where its users have their credentials (<c>AWS_PROFILE</c>, <c>OS_CLOUD</c>).</summary>
    public Func<string, string?> Environment { get; init; } = _ => null;

    /// <summary>Absolute directory for what outlives a run.</summary>
    public required string CacheDirectory { get; init; }

    /// <summary>What time it is.</summary>
    public required TimeProvider Clock { get; init; }

    /// <summary>Told what takes long, a sentence each.</summary>
    public required IProgress<string> Progress { get; init; }
}

/// <summary>What a platform is opened for.</summary>
public sealed record PlatformRequest
{
    /// <summary>How to come there.</summary>
    public required PlatformAccess Access { get; init; }

    /// <summary>The image under test: a prepared file, or what <see cref="IPlatformDriver.FindImageAsync"/> found.</summary>
    public required Image Image { get; init; }

    /// <summary>What everything that is made carries.</summary>
    public required ResourceTags Tags { get; init; }

    /// <summary>Machines at once; null leaves it to the platform.</summary>
    public int? Machines { get; init; }

    /// <summary>Memory of machines at once, MiB; null leaves it to the platform.</summary>
    public int? MemoryMiB { get; init; }

    /// <summary>What starts machines that do not care.</summary>
    public Firmware Firmware { get; init; } = Firmware.Any;

    /// <summary>Absolute directory for templates; null for that of the cache.</summary>
    public string? TemplatesDirectory { get; init; }
}
