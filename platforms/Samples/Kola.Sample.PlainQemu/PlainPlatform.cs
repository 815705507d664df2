using Kola;
using Kola.Machines;
using Kola.Platforms;
using Kola.Scheduling;

namespace Example.PlainQemu;

/// <summary>Starts machines of one image.</summary>
internal sealed class PlainPlatform(string program, PlatformRequest request) : IPlatform
{
    private readonly HashSet<PlainInstance> _instances = [];

    /// <summary>All it offers.</summary>
    internal static IReadOnlySet<Feature> Offered { get; } = new HashSet<Feature> { Feature.Console, Feature.HarnessFiles, Feature.OmahaServer };

    /// <summary>No disks, no cards; configs of a size a guest reads in seconds.</summary>
    internal static PlatformLimits Bounds { get; } = new() { ConfigBytes = 1 << 20 };

    public string Name => "plain-qemu";

    public IReadOnlySet<Feature> Features => Offered;

    public Capacity Capacity => new() { Machines = request.Machines ?? 2, MemoryMiB = request.MemoryMiB ?? 4096, Cpus = Environment.ProcessorCount };

    // Emulation alone.
    public double Slowness => 10;

    public IReadOnlyDictionary<string, string> Facts => new Dictionary<string, string> { ["program"] = program, ["acceleration"] = "tcg" };

    public bool HasChannel => false;

    public PlatformLimits Limits => Bounds;

    public string? HostAddress => "10.0.2.2";

    public ITemplates? Templates => null;

    public Task<INetwork> OpenNetworkAsync(NetworkSpec spec, CancellationToken cancel) =>
        throw new UsageException("plain-qemu has no segments\n  wanted:  a test of one machine");

    public async Task<IInstance> StartAsync(InstanceSpec spec, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        // QEMU would take more than the host has, and be killed for it later.
        if (spec.Machine.MemoryMiB > Capacity.MemoryMiB)
            throw new PlatformException(Signal.Quota, $"{spec.Id}: {spec.Machine.MemoryMiB} MiB are asked for\n  wanted:  {Capacity.MemoryMiB} MiB at most");
        var instance = new PlainInstance(spec, program, request);
        try
        {
            await instance.StartAsync(cancel);
        }
        catch
        {
            await instance.DisposeAsync();
            throw;
        }

        lock (_instances)
            _instances.Add(instance);
        return instance;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (PlainInstance instance in _instances)
            await instance.DisposeAsync();
    }
}
