using Kola.Scheduling;

namespace Kola.Machines;

/// <summary>A place that can run machines. All promises of this interface and of <see cref="IInstance"/> are tested by one contract.</summary>
public interface IPlatform : IAsyncDisposable
{
    /// <summary>Lowercase, as given to <c>--platform</c>.</summary>
    string Name { get; }

    /// <summary>What machines here can have.</summary>
    IReadOnlySet<Feature> Features { get; }

    /// <summary>What may be in use at once.</summary>
    Capacity Capacity { get; }

    /// <summary>How many times slower than a machine with hardware virtualization: every deadline is multiplied by it. 1 with KVM.</summary>
    double Slowness { get; }

    /// <summary>Facts for the report: acceleration, emulator version, CPU model. Known after construction.</summary>
    IReadOnlyDictionary<string, string> Facts { get; }

    /// <summary>Whether its machines have a guest channel; their configs then hold the guest program.</summary>
    bool HasChannel { get; }

    /// <summary>The bounds of what it takes.</summary>
    PlatformLimits Limits { get; }

    /// <summary>Address under which its machines reach the loopback of this host; null where they cannot.</summary>
    string? HostAddress { get; }

    /// <summary>Copies of ready machines; null where the platform cannot make them.</summary>
    ITemplates? Templates { get; }

    /// <summary>
    /// Makes the segments of a test, with what is to be served there. Machines may also be joined to segments nobody made: those have nothing but cables.
    /// </summary>
    /// <exception cref="PlatformException">They could not be made; nothing is left then.</exception>
    Task<INetwork> OpenNetworkAsync(NetworkSpec spec, CancellationToken cancel);

    /// <summary>
    /// Starts one machine and returns when it is running (not when it has booted). On cancellation or error nothing of it is left.
    /// </summary>
    /// <exception cref="PlatformException">It could not be started.</exception>
    Task<IInstance> StartAsync(InstanceSpec spec, CancellationToken cancel);
}
