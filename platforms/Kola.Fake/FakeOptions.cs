using Kola.Scheduling;

namespace Kola.Fake;

/// <summary>A platform without machines: what it claims to have, and the guests that play the machines.</summary>
public sealed record FakeOptions
{
    /// <summary>The guest of every machine <see cref="GuestFor"/> has none for. Default: one that boots at once and is well.</summary>
    public FakeGuest Guest { get; init; } = new();

    /// <summary>The guest of one machine; null, or a null answer, for <see cref="Guest"/>.</summary>
    public Func<Machines.InstanceSpec, FakeGuest?>? GuestFor { get; init; }

    /// <summary>Default: everything a platform can offer.</summary>
    public IReadOnlySet<Feature> Features { get; init; } =
        FeatureFacts.All.Where(f => f.Value.OfferedBy == FeatureSource.Platform).Select(f => f.Key).ToHashSet();

    /// <summary>Default: 8 machines, 16 GiB, 16 CPUs, of which nothing is used.</summary>
    public Capacity Capacity { get; init; } = new() { Machines = 8, MemoryMiB = 16 * 1024, Cpus = 16 };

    /// <summary>Whether it offers templates. Default yes; they live as long as the platform.</summary>
    public bool Templates { get; init; } = true;

    /// <summary>Default: no limits.</summary>
    public PlatformLimits Limits { get; init; } = PlatformLimits.None;

    /// <summary>Default 1.</summary>
    public double Slowness { get; init; } = 1;
}
