using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Kola.Machines;
using Kola.Platforms;
using Kola.Scheduling;

namespace Kola.Clouds;

/// <summary>Machines in a cloud: those of <c>openstack</c>, <c>azure</c> and <c>gcp</c>, which are told apart by their <see cref="ICloud"/>.</summary>
public sealed class CloudPlatform : IPlatform
{
    private static readonly TimeSpan s_startTime = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_endTime = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_remembered = TimeSpan.FromMinutes(10);

    private readonly CloudTerms _terms;
    private readonly CloudCalls _calls;
    private readonly ConcurrentDictionary<CloudInstance, bool> _instances = new();
    private readonly ConcurrentDictionary<string, long> _full = new();
    private int _disposed;

    /// <param name="cloud">Does the work; goes with the platform.</param>
    /// <param name="terms">What the platform says of itself.</param>
    /// <param name="calls">How calls are made.</param>
    public CloudPlatform(ICloud cloud, CloudTerms terms, CloudCalls calls)
    {
        (Cloud, _terms, _calls) = (cloud, terms, calls);
        calls.BeginRunning();
        Watch = new StateWatch<CloudState>(cloud.LookAsync, CloudState.None, missing: TimeSpan.Zero, calls.Clock);
        Capacity = new Capacity { Machines = terms.Machines, MemoryMiB = int.MaxValue, Cpus = double.PositiveInfinity };
    }

    /// <inheritdoc/>
    public string Name => _terms.Name;

    /// <inheritdoc/>
    public IReadOnlySet<Feature> Features => _terms.Features;

    /// <inheritdoc/>
    public Capacity Capacity { get; }

    /// <inheritdoc/>
    public double Slowness => _terms.Slowness;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Facts => _terms.Facts;

    /// <inheritdoc/>
    public bool HasChannel => false;

    /// <inheritdoc/>
    public PlatformLimits Limits => _terms.Limits;

    /// <summary>Null: machines there do not reach the loopback of this host.</summary>
    public string? HostAddress => null;

    /// <summary>Null: a machine there cannot be frozen and copied.</summary>
    public ITemplates? Templates => null;

    internal ICloud Cloud { get; }

    internal StateWatch<CloudState> Watch { get; }

    internal TimeProvider Clock => _calls.Clock;

    /// <summary>There are no segments a test could have to itself.</summary>
    /// <exception cref="UsageException">Always.</exception>
    public Task<INetwork> OpenNetworkAsync(NetworkSpec spec, CancellationToken cancel) =>
        throw new UsageException($"{spec.Name}: {Name} has no segments of a test's own\n  next:    Needs = [Feature.PrivateNetwork]");

    /// <inheritdoc/>
    public async Task<IInstance> StartAsync(InstanceSpec spec, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        Check(spec);
        PlatformException? none = null;
        foreach (string zone in _terms.Zones.OrderBy(WasFull))
        {
            string name = NameOf(spec);
            try
            {
                await StartInAsync(spec, name, zone, cancel);
                string? console = Features.Contains(Feature.Console) ? Path.Combine(spec.Directory, "console.txt") : null;
                if (console is not null)
                    await File.WriteAllTextAsync(console, "", CancellationToken.None);
                var machine = new CloudInstance(this, spec.Id, name, console);
                _instances[machine] = true;
                return machine;
            }
            catch (PlatformException full) when (Refusal.Is(full, RefusalKind.NoCapacity))
            {
                _full[zone] = Clock.GetTimestamp();
                none = full;
            }
        }

        throw none!;
    }

    /// <summary>Deletes what is left, and what the run's machines shared.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
            return;
        await Task.WhenAll(_instances.Keys.Select(i => i.DisposeAsync().AsTask()));
        await Watch.DisposeAsync();
        await Cloud.DisposeAsync();
    }

    internal async Task EndAsync(CloudInstance machine)
    {
        await EndAsync(machine.Name);
        _instances.TryRemove(machine, out _);
    }

    private bool WasFull(string zone) => _full.TryGetValue(zone, out long since) && Clock.GetElapsedTime(since) < s_remembered;

    private async Task StartInAsync(InstanceSpec spec, string name, string zone, CancellationToken cancel)
    {
        // Nobody knows whether a request that is given up was obeyed; this one is seen to its end, so that what it made can be taken away.
        Task creating = Cloud.CreateAsync(spec, name, zone, CancellationToken.None);
        try
        {
            await creating.WaitAsync(cancel);
            Watch.Add(name, new CloudState(CloudPower.Changing, "asked for"));
            CloudState state = await Watch.UntilAsync(name, s => s.IsReady || s.IsOver, s_startTime * Slowness, cancel);
            if (!state.IsReady)
                throw NotRunning(spec, name, zone, state);
        }
        catch
        {
            await creating.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            await EndAsync(name);
            throw;
        }
    }

    // Never throws: what stays carries its tags.
    private async Task EndAsync(string name)
    {
        using var limit = new CancellationTokenSource(s_endTime, Clock);
        try
        {
            await Cloud.DeleteAsync(name, limit.Token);
        }
        catch (Exception fault) when (fault is KolaException or OperationCanceledException)
        {
            // Left to kola gc.
        }

        Watch.Remove(name);
    }

    private KolaException NotRunning(InstanceSpec spec, string name, string zone, CloudState state)
    {
        string where = zone.Length > 0 ? $"{name} in {zone}" : name;
        return state.Refusal is { } refusal ? _calls.Problem($"{spec.Id}: {where} did not start", Signal.Emulator, refusal, null)
            : new PlatformException(Signal.Emulator, FormattableString.Invariant($"{spec.Id}: {where} did not start\n  wanted:  running, with an address, within {s_startTime.TotalMinutes * Slowness:0} min\n  got:     {state.Name}, {state.Address ?? "no address"}"));
    }

    private void Check(InstanceSpec spec)
    {
        MachineSpec machine = spec.Machine;
        string? missing = machine.Disks.Count > _terms.Limits.Disks ? "extra disks" : machine.Tpm ? "a TPM" : machine.NumaNodes > 1 ? "NUMA nodes" : machine.RecordsWrites ? "recordings of writes"
            : machine.Offline ? "machines without a network" : spec.Links.Count > 0 ? "segments" : spec.UserData is not null ? "user data beside a config" : null;
        if (missing is not null)
            throw new UsageException($"{spec.Id}: {Name} has no {missing}\n  next:    ask for the feature in the test's Needs");
        if (machine.Firmware != Firmware.Any && machine.Firmware != _terms.Firmware)
            throw new UsageException($"{spec.Id}: the machine is to be started by firmware \"{machine.Firmware}\"\n  wanted:  {_terms.Firmware}, as the image was brought to {Name}\n  next:    --firmware {machine.Firmware.ToString().ToLowerInvariant()}, where the platform has it");
        int bytes = Encoding.UTF8.GetByteCount(spec.Ignition ?? "");
        if (_terms.Limits.ConfigBytes is { } most && bytes > most)
            throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{spec.Id}: the config is {bytes} bytes\n  wanted:  at most {most}, which is what {Name} takes\n  next:    put what is large on a server the machine reaches, as a file's source"));
    }

    private string NameOf(InstanceSpec spec)
    {
        // kola-qemu-run-1-cl-basic-machine-1a2b3c4d
        string name = $"kola-{Short(_terms.Run, 20)}-{Short(spec.Id, 26)}-{Guid.NewGuid():N}";
        return name[..(name.Length - 24)];
    }

    private static string Short(string text, int length)
    {
        string clean = ResourceTags.Clean(text);
        return clean.Length > length ? clean[..length].TrimEnd('-') : clean;
    }
}
