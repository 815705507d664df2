using System.Collections.Concurrent;
using Kola.Machines;
using Kola.Scheduling;

namespace Kola.Fake;

/// <summary>
/// A platform without machines: scripted guests under a clock that obeys. It ships, so that the harness and anybody's suite can be
/// tried in seconds, and it keeps the same promises as the real ones.
/// </summary>
public sealed class FakePlatform : IPlatform
{
    private readonly FakeOptions _options;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<FakeInstance, bool> _instances = new();
    private readonly ConcurrentQueue<FakeNetwork> _networks = new();
    private readonly FakeTemplates _templates;
    private int _started;

    /// <param name="options">What it claims to have, and its guests.</param>
    /// <param name="clock">What the guests' scripts go by.</param>
    public FakePlatform(FakeOptions options, TimeProvider clock)
    {
        _options = options;
        _clock = clock;
        _templates = new FakeTemplates(this);
    }

    /// <inheritdoc/>
    public string Name => "fake";

    /// <inheritdoc/>
    public IReadOnlySet<Feature> Features => _options.Features;

    /// <inheritdoc/>
    public Capacity Capacity => _options.Capacity;

    /// <inheritdoc/>
    public double Slowness => _options.Slowness;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Facts { get; } = new Dictionary<string, string> { ["acceleration"] = "none: guests are scripts" };

    /// <inheritdoc/>
    public bool HasChannel => _options.Templates;

    /// <inheritdoc/>
    public PlatformLimits Limits => _options.Limits;

    /// <inheritdoc/>
    public string? HostAddress => "127.0.0.1";

    /// <inheritdoc/>
    public ITemplates? Templates => _options.Templates ? _templates : null;

    /// <summary>Machines that are not disposed.</summary>
    public IReadOnlyCollection<FakeInstance> Instances => [.. _instances.Keys];

    /// <summary>Machines started so far, copies included.</summary>
    public int Started => _started;

    /// <summary>Networks opened so far, oldest first.</summary>
    public IReadOnlyCollection<FakeNetwork> Networks => _networks;

    /// <inheritdoc/>
    public Task<INetwork> OpenNetworkAsync(NetworkSpec spec, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var network = new FakeNetwork(spec);
        _networks.Enqueue(network);
        return Task.FromResult<INetwork>(network);
    }

    /// <inheritdoc/>
    public async Task<IInstance> StartAsync(InstanceSpec spec, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        FakeGuest guest = GuestOf(spec);
        if (guest.StartsAfter > TimeSpan.Zero)
            await Task.Delay(guest.StartsAfter, _clock, cancel);
        if (guest.StartFailure is { } failure)
            throw new PlatformException(Signal.Quota, failure);
        return Run(spec, guest, copied: null);
    }

    /// <summary>A machine that goes on from where another was frozen.</summary>
    internal async Task<IInstance> CopyAsync(InstanceSpec spec, FakeState state, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        FakeGuest guest = GuestOf(spec);
        if (guest.CloneFailure is { } failure)
            throw new PlatformException(Signal.Quota, failure);
        guest = guest.AsCopy ?? guest with { Console = [], Journal = [], AnswersAfter = TimeSpan.Zero };
        if (guest.StartsAfter > TimeSpan.Zero)
            await Task.Delay(guest.StartsAfter, _clock, cancel);
        return Run(spec, guest, state);
    }

    private FakeGuest GuestOf(InstanceSpec spec) => _options.GuestFor?.Invoke(spec) ?? _options.Guest;

    private FakeInstance Run(InstanceSpec spec, FakeGuest guest, FakeState? copied)
    {
        var instance = new FakeInstance(this, spec, guest, _clock, Interlocked.Increment(ref _started), copied);
        _instances[instance] = true;
        return instance;
    }

    /// <summary>Templates that are held by somebody.</summary>
    public int HeldTemplates => _templates.Held;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (FakeInstance instance in _instances.Keys)
            await instance.DisposeAsync();
    }

    internal void Forget(FakeInstance instance) => _instances.TryRemove(instance, out _);
}
