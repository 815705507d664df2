using System.Collections.Concurrent;
using Kola.Machines;
using Kola.Scheduling;

namespace Kola.Fake;

/// <summary>
/// A platform without machines: scripted guests under a clock that obeys. It ships, so that the harness and anybody's suite can be
/// tried in seconds, and it keeps the same promises as the real ones.
/// </summary>
public sealed class FakePlatform(FakeOptions options, TimeProvider clock) : IPlatform
{
    private readonly ConcurrentDictionary<FakeInstance, bool> _instances = new();
    private int _started;

    /// <inheritdoc/>
    public string Name => "fake";

    /// <inheritdoc/>
    public IReadOnlySet<Feature> Features => options.Features;

    /// <inheritdoc/>
    public Capacity Capacity => options.Capacity;

    /// <inheritdoc/>
    public double Slowness => options.Slowness;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Facts { get; } = new Dictionary<string, string> { ["acceleration"] = "none: guests are scripts" };

    /// <inheritdoc/>
    public bool HasChannel => false;

    /// <inheritdoc/>
    public ITemplates? Templates => null;

    /// <summary>Machines that are not disposed.</summary>
    public IReadOnlyCollection<FakeInstance> Instances => [.. _instances.Keys];

    /// <summary>Machines started so far.</summary>
    public int Started => _started;

    /// <inheritdoc/>
    public async Task<IInstance> StartAsync(InstanceSpec spec, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        FakeGuest guest = options.GuestFor?.Invoke(spec) ?? options.Guest;
        if (guest.StartsAfter > TimeSpan.Zero)
            await Task.Delay(guest.StartsAfter, clock, cancel);
        if (guest.StartFailure is { } failure)
            throw new PlatformException(failure);
        var instance = new FakeInstance(this, spec, guest, clock, Interlocked.Increment(ref _started));
        _instances[instance] = true;
        return instance;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (FakeInstance instance in _instances.Keys)
            await instance.DisposeAsync();
    }

    internal void Forget(FakeInstance instance) => _instances.TryRemove(instance, out _);
}
