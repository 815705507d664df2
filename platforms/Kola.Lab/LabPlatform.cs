using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Kola.Machines;
using Kola.Platforms;
using Kola.Scheduling;

namespace Kola.Labs;

/// <summary>A lab of whatever make: machines come by its commands, or are there already.</summary>
public sealed class LabPlatform : IPlatform
{
    private const int LongestPart = 50;

    private readonly LabOptions _lab;
    private readonly LabCalls _calls;
    private readonly LabRecords _records;
    private readonly PlatformRequest _request;
    private readonly ReadyPool? _pool;
    private readonly ConcurrentDictionary<LabInstance, bool> _instances = new();
    private readonly ConcurrentDictionary<string, bool> _undeprovisioned = new();

    /// <param name="lab">The lab.</param>
    /// <param name="request">What it is opened for.</param>
    /// <exception cref="UsageException">A program is missing, a secret is not set, or a key cannot be read.</exception>
    public LabPlatform(LabOptions lab, PlatformRequest request)
    {
        _lab = lab;
        _request = request;
        _calls = new LabCalls(lab, request.Access);
        _records = LabRecords.Of(lab, request.Access);
        _pool = lab.Ready.Count > 0 ? new ReadyPool(lab, _calls, request) : null;
    }

    /// <inheritdoc/>
    public string Name => LabDriver.PlatformName;

    /// <inheritdoc/>
    public IReadOnlySet<Feature> Features => _lab.Features;

    /// <inheritdoc/>
    public Capacity Capacity => new()
    {
        Machines = Math.Min(_request.Machines ?? _lab.Machines, _lab.Machines),
        MemoryMiB = _request.MemoryMiB ?? _lab.MemoryMiB,
        Cpus = double.PositiveInfinity,
    };

    /// <inheritdoc/>
    public double Slowness => _lab.Slowness;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Facts => new Dictionary<string, string>
    {
        ["lab"] = _lab.Name,
        ["lab-digest"] = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(_lab.File))),
        ["machines"] = _pool is null ? "provisioned by a command" : string.Join(", ", _lab.Ready.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Name} {r.Address}:{r.Port}"))),
        ["power"] = _lab.Controls.Power is { } power ? string.Join(", ", power.Actions.Order()).ToLowerInvariant() : _lab.Ready.Any(r => r.Controls.Power is not null) ? "of some" : "from within, by sysrq",
    };

    /// <inheritdoc/>
    public bool HasChannel => false;

    /// <inheritdoc/>
    public PlatformLimits Limits => _lab.Limits;

    /// <inheritdoc/>
    public string? HostAddress => _lab.HostAddress;

    /// <inheritdoc/>
    public ITemplates? Templates => null;

    /// <summary>Nothing is made: the lab has its own network, and is told the names of segments with each machine.</summary>
    public Task<INetwork> OpenNetworkAsync(NetworkSpec spec, CancellationToken cancel) => Task.FromResult<INetwork>(new LabNetwork(_lab));

    /// <inheritdoc/>
    public async Task<IInstance> StartAsync(InstanceSpec spec, CancellationToken cancel)
    {
        if (spec.Machine.MemoryMiB > Capacity.MemoryMiB)
            throw new PlatformException(Signal.Quota, string.Create(CultureInfo.InvariantCulture, $"{spec.Id}: {spec.Machine.MemoryMiB} MiB are asked for\n  wanted:  at most {Capacity.MemoryMiB} MiB, which the lab {_lab.Name} has"));
        LabInstance instance = _pool is null ? await ProvisionAsync(spec, cancel) : await _pool.LeaseAsync(spec, cancel);
        _instances[instance] = true;
        instance.Gone = () => _instances.TryRemove(instance, out _);
        return instance;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await Task.WhenAll(_instances.Keys.Select(i => i.DisposeAsync().AsTask()));

    private async Task<LabInstance> ProvisionAsync(InstanceSpec spec, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        string name = NameOf(spec);
        // As tags hold it, to the second.
        var record = new LabRecord { Machine = name, Test = spec.Id, Tags = ResourceTags.Of(_request.Tags.ToPairs())! };
        LabRequest request = record.Request("provision") with { Spec = spec };
        // What is written down before is found again, whatever happens from here on.
        await _records.WriteAsync(record);
        try
        {
            request = request with { Files = await MachineConfigFiles.WriteAsync(_records.DirectoryOf(name), spec, cancel) };
            LabAnswer answer = await _calls.CallAsync(_lab.Provision!, request, LabAnswer.Read, failure => failure.MayHaveActed ? DeprovisionAsync(record) : Task.CompletedTask, cancel);
            record = record with { Id = answer.Id, Address = answer.Address, Port = answer.Port, Notes = answer.Notes };
            await _records.WriteAsync(record);
            var machine = new LabMachine { Name = name, Id = answer.Id, Address = answer.Address, Port = answer.Port, User = answer.User, Controls = _lab.Controls, Tags = _request.Tags };
            return new LabInstance(spec.Id, machine, _calls, spec.Directory, _request.Access, () => EndAsync(record));
        }
        catch
        {
            // With an id the machine is there; without one the failure has seen to it.
            if (record.Id is not null)
                await EndAsync(record);
            else if (!_undeprovisioned.ContainsKey(name))
                _records.Remove(name);
            throw;
        }
    }

    private async Task DeprovisionAsync(LabRecord record)
    {
        try
        {
            await _calls.CallAsync(_lab.Deprovision!, record.Request("deprovision"), CancellationToken.None);
            _undeprovisioned.TryRemove(record.Machine!, out _);
        }
        catch (PlatformException fault)
        {
            _undeprovisioned[record.Machine!] = true;
            _request.Access.Progress.Report($"{fault.Message}\n  next:    kola gc --platform lab --{LabDriver.FileOption} {_lab.File} --run {_request.Tags.Run}");
        }
    }

    private async Task EndAsync(LabRecord record)
    {
        await DeprovisionAsync(record);
        if (!_undeprovisioned.ContainsKey(record.Machine!))
            _records.Remove(record.Machine!);
    }

    // cl-basic-machine-1f2e3d4c: no two machines of any two runs share one.
    private static string NameOf(InstanceSpec spec)
    {
        string clean = ResourceTags.Clean(spec.Id);
        return $"{(clean.Length > LongestPart ? clean[..LongestPart].TrimEnd('-') : clean)}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";
    }
}

/// <summary>The segments of a test in a lab: what is plugged into what is the lab's own business.</summary>
internal sealed class LabNetwork(LabOptions lab) : INetwork
{
    public Task ConductAsync(string segment, SegmentConduct conduct, CancellationToken cancel) =>
        throw new PlatformException(Signal.Host, $"{segment}: the lab {lab.Name} serves nothing on segments\n  wanted:  Needs = [Feature.SegmentServers] on the test");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
