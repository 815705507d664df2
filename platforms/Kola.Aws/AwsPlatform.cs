using System.Collections.Concurrent;
using Amazon.EC2.Model;
using Kola.Clouds;
using Kola.Machines;
using Kola.Scheduling;

namespace Kola.Aws;

/// <summary>Machines on EC2, in one region, of one image.</summary>
public sealed class AwsPlatform : IPlatform
{
    // As many as an account of some use has room for.
    private const int UsualMachines = 8;
    private static readonly TimeSpan s_startTime = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_seenTime = TimeSpan.FromSeconds(15);

    private readonly AwsCalls _calls;
    private readonly Launch _launch;
    private readonly InstanceSizes _sizes;
    private readonly Placement _placement;
    private readonly Terminations _terminations;
    private readonly ConcurrentDictionary<AwsInstance, bool> _instances = new();
    private int _disposed;

    internal AwsPlatform(AwsConnection connection, Launch launch, InstanceSizes sizes, AwsNetwork network, int? machines, int? memory)
    {
        Connection = connection;
        _calls = connection.Calls.Running;
        _launch = launch;
        _sizes = sizes;
        _placement = new Placement(network.Subnets, connection.Calls.Clock);
        Watch = new StateWatch<InstanceState>((ids, cancel) => InstanceLook.AtAsync(connection, ids, cancel), InstanceState.Unknown, InstanceLook.Missing, connection.Calls.Clock);
        _terminations = new Terminations(connection, Watch);
        Features = FeaturesOf(launch, sizes);
        Capacity = new Capacity { Machines = machines ?? UsualMachines, MemoryMiB = memory ?? int.MaxValue, Cpus = double.PositiveInfinity };
        Facts = FactsOf(launch, sizes, network);
    }

    /// <inheritdoc/>
    public string Name => AwsDriver.PlatformName;

    /// <inheritdoc/>
    public IReadOnlySet<Feature> Features { get; }

    /// <inheritdoc/>
    public Capacity Capacity { get; }

    /// <inheritdoc/>
    public double Slowness => Options.Slowness;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Facts { get; }

    /// <inheritdoc/>
    public bool HasChannel => false;

    /// <inheritdoc/>
    public PlatformLimits Limits => AwsDriver.Bounds;

    /// <summary>Null: machines there do not reach the loopback of this host.</summary>
    public string? HostAddress => null;

    /// <summary>Null: an instance cannot be frozen and copied.</summary>
    public ITemplates? Templates => null;

    internal AwsConnection Connection { get; }

    internal AwsOptions Options => _launch.Options;

    internal StateWatch<InstanceState> Watch { get; }

    /// <summary>There are no segments on EC2 a test could have to itself.</summary>
    /// <exception cref="UsageException">Always, where a segment is asked for.</exception>
    public Task<INetwork> OpenNetworkAsync(NetworkSpec spec, CancellationToken cancel) =>
        throw new UsageException($"{spec.Name}: aws has no segments of a test's own\n  next:    Needs = [Feature.PrivateNetwork]");

    /// <inheritdoc/>
    public async Task<IInstance> StartAsync(InstanceSpec spec, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        InstanceSize[] sizes = SizesFor(spec);
        string console = Path.Combine(spec.Directory, "console.txt");
        await File.WriteAllTextAsync(console, "", cancel);
        PlatformException? none = null;
        foreach (Place place in _placement.For(sizes))
        {
            try
            {
                string instance = await RunAsync(spec, place, cancel);
                var machine = new AwsInstance(this, spec.Id, instance, console);
                _instances[machine] = true;
                return machine;
            }
            catch (PlatformException full) when (AwsFault.IsNoCapacity(full) || full.InnerException is NoCapacityException)
            {
                _placement.MarkFull(place);
                none = full;
            }
        }

        throw none!;
    }

    /// <summary>Terminates what is left, in one request, and deletes what the run's machines shared.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
            return;
        // All that takes a while of its own comes first, so that the ends come in one moment.
        await Task.WhenAll(_instances.Keys.Select(i => i.QuietAsync()));
        await Task.WhenAll(_instances.Keys.Select(i => i.DisposeAsync().AsTask()));
        await Watch.DisposeAsync();
        await _launch.Resources.DeleteAsync(CancellationToken.None);
        Connection.Dispose();
    }

    /// <summary>Where a machine is reached; null when it has no such address.</summary>
    internal string? HostOf(InstanceState state) => Options.Private ? state.PrivateAddress : state.PublicAddress;

    internal Task RebootAsync(string instance, CancellationToken cancel) =>
        _calls.RunAsync("reboot an instance", Signal.Emulator, c => Connection.Ec2.RebootInstancesAsync(new RebootInstancesRequest([instance]), c), cancel);

    internal Task StopAsync(string instance, CancellationToken cancel) =>
        _calls.RunAsync("stop an instance", Signal.Emulator, c => Connection.Ec2.StopInstancesAsync(new StopInstancesRequest([instance]) { Force = true, SkipOsShutdown = true }, c), cancel);

    internal Task PowerOnAsync(string instance, CancellationToken cancel) =>
        _calls.RunAsync("start an instance", Signal.Emulator, c => Connection.Ec2.StartInstancesAsync(new StartInstancesRequest([instance]), c), cancel);

    /// <summary>Terminates a machine's instance and waits until it is gone, with its volume and its network interface. Never throws: what stays carries its tags.</summary>
    internal async Task EndAsync(AwsInstance machine)
    {
        await _terminations.EndAsync(machine.InstanceId);
        _instances.TryRemove(machine, out _);
    }

    private InstanceSize[] SizesFor(InstanceSpec spec)
    {
        MachineSpec machine = spec.Machine;
        string? missing = machine.Disks.Count > 0 ? "extra disks: EBS chooses their serial numbers"
            : machine.Tpm ? "a TPM" : machine.RecordsWrites ? "recordings of writes" : machine.Offline ? "machines without a network" : spec.Links.Count > 0 ? "segments" : spec.UserData is not null ? "user data beside a config" : null;
        if (missing is not null)
            throw new UsageException($"{spec.Id}: aws has no {missing}\n  next:    ask for the feature in the test's Needs");
        InstanceSize[] sizes = [.. _sizes.For(spec.Id, machine).Where(size => machine.Firmware switch
        {
            Firmware.Uefi => size.Uefi && _launch.IsUefi(size),
            Firmware.Bios => !_launch.IsUefi(size),
            Firmware.Direct => false,
            _ => size.Uefi || _launch.BootMode != "uefi",
        })];
        return sizes.Length > 0 ? sizes
            : throw new UsageException($"{spec.Id}: cannot boot by firmware \"{machine.Firmware}\"\n  wanted:  an image and an instance type that are started so\n  got:     an image of boot mode {_launch.BootMode}\n  next:    --aws-boot-mode, or another --aws-type");
    }

    private async Task<string> RunAsync(InstanceSpec spec, Place place, CancellationToken cancel)
    {
        string token = Guid.NewGuid().ToString();
        RunInstancesRequest request = _launch.RequestFor(spec, place, token);
        // Nobody knows whether a request that is given up was obeyed; this one is seen to its end, so that what it made can be taken away. Only pauses are cut short.
        Task<RunInstancesResponse> running = _calls.RunAsync($"start {spec.Id} as a {place}", Signal.Emulator, _ => Connection.Ec2.RunInstancesAsync(request, CancellationToken.None), cancel);
        string? instance = null;
        try
        {
            Instance made = (await running.WaitAsync(cancel)).Reservation.Instances[0];
            instance = made.InstanceId;
            Watch.Add(instance, InstanceLook.StateOf(made));
            InstanceState state = await Watch.UntilAsync(instance, s => s.IsRunning && HostOf(s) is not null || s.IsEnding || s.IsStopped, s_startTime, cancel);
            return state.IsRunning && HostOf(state) is not null ? instance : throw NotRunning(spec, place, instance, state);
        }
        catch (Exception fault)
        {
            if (instance is null && await WhatItMadeAsync(running, token, AwsFault.CodeOf(fault).Length > 0) is { } late)
                Watch.Add(instance = late, new InstanceState("pending"));
            if (instance is not null)
                await _terminations.EndAsync(instance);
            throw;
        }
    }

    private async Task<string?> WhatItMadeAsync(Task<RunInstancesResponse> running, string token, bool refused)
    {
        if (refused)
            return null;
        try
        {
            return (await running).Reservation.Instances[0].InstanceId;
        }
        catch (KolaException lost) when (AwsFault.CodeOf(lost).Length > 0)
        {
            return null;
        }
        catch (Exception unanswered) when (unanswered is KolaException or OperationCanceledException)
        {
            // It may have been obeyed, and is seen a little later then.
        }

        try
        {
            var request = new DescribeInstancesRequest { Filters = [new Filter("client-token", [token])] };
            return (await _calls.UntilAsync(
                async c => (await _calls.RunAsync("look for an instance", Signal.Emulator, t => Connection.Ec2.DescribeInstancesAsync(request, t), c)).Reservations?.SelectMany(r => r.Instances ?? []).FirstOrDefault()?.InstanceId,
                found => found is not null, s_seenTime, TimeSpan.FromSeconds(5), CancellationToken.None)).Last;
        }
        catch (KolaException)
        {
            return null;
        }
    }

    private PlatformException NotRunning(InstanceSpec spec, Place place, string instance, InstanceState state)
    {
        string got = $"{state.Name}{(state.Reason.Length > 0 ? $", {state.Reason}: {state.Message}" : "")}";
        if (state.IsRunning)
            return new PlatformException(Signal.Emulator, $"{spec.Id}: {instance} has no {(Options.Private ? "private" : "public")} address\n  wanted:  a {place} that can be reached\n  got:     none\n  next:    a subnet with a way to the internet (--aws-subnet), or --aws-address private from within the VPC");
        return AwsFault.IsNoCapacity(state.Reason)
            ? new PlatformException(Signal.Quota, $"{spec.Id}: {instance}, a {place}, was not given\n  got:     {got}\n  next:    give other types or zones as well: --aws-type, --aws-zone", new NoCapacityException())
            : new PlatformException(Signal.Emulator, FormattableString.Invariant($"{spec.Id}: {instance}, a {place}, did not run\n  wanted:  state running within {s_startTime.TotalMinutes:0} min\n  got:     {got}"));
    }

    private static HashSet<Feature> FeaturesOf(Launch launch, InstanceSizes sizes)
    {
        var features = new HashSet<Feature> { Feature.Console, Feature.BootLoader };
        if (sizes.All.Any(s => s.Uefi && launch.IsUefi(s)))
            features.Add(Feature.Uefi);
        return features;
    }

    private static Dictionary<string, string> FactsOf(Launch launch, InstanceSizes sizes, AwsNetwork network) => new()
    {
        ["acceleration"] = launch.Options.Slowness > 1 ? "emulated by the endpoint" : "EC2's",
        ["ami"] = launch.Ami.ImageId,
        ["boot-mode"] = launch.BootMode,
        ["endpoint"] = launch.Options.ServiceUrl?.ToString() ?? "AWS",
        ["instance-types"] = string.Join(", ", sizes.All.Select(s => s.Name)),
        ["market"] = launch.Options.Spot ? "spot" : "on demand",
        ["region"] = launch.Options.Region,
        ["zones"] = string.Join(", ", network.Subnets.Select(s => s.AvailabilityZone).Distinct()),
    };

    private sealed class NoCapacityException : Exception;
}
