using Kola.Libvirt.Bindings;
using Kola.Machines;
using Kola.Platforms;
using Kola.Segments;

namespace Kola.Libvirt;

/// <summary>One machine as a libvirt domain. It dies with kola: libvirt destroys it when the connection that started it ends. Its volumes stay then, for <c>kola gc</c>.</summary>
public sealed partial class LibvirtInstance : IInstance
{
    private static readonly TimeSpan s_loginTime = TimeSpan.FromSeconds(10);

    private readonly LibvirtHost _host;
    private readonly InstanceSpec _spec;
    private readonly Domain _domain;
    private readonly MachineVolumes _volumes;
    private readonly ConsoleCapture _console;
    private readonly double _slowness;
    private readonly CableLink[] _links;
    private readonly CableLink? _management;
    private readonly GuestChannel _channel = new();
    private readonly PowerTurn _power;
    private readonly TaskCompletionSource<InstanceExit> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _off = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MachineEnds _ends = new();
    private DomainDescription _description;
    private LibvirtStream? _ssh;
    private PortRelay? _relay;
    private TimeSpan _before;
    private volatile bool _pullingPlug = true;
    private bool _ran;

    private LibvirtInstance(LibvirtHost host, InstanceSpec spec, DomainDescription description, Domain domain, MachineVolumes volumes, IReadOnlyList<UdpPort> ports, double slowness)
    {
        (_host, _spec, _description, _domain, _volumes, _slowness) = (host, spec, description, domain, volumes, slowness);
        _power = new PowerTurn(spec.Id, _exited.Task);
        _links = [.. ports.Select((port, card) => new CableLink(spec.Links[card].Segment, DomainDescription.NetworkOf(card), port.Cable, port, CarryAsync))];
        _management = description.First is { Network: null } ? new CableLink("management", DomainDescription.FirstNetwork, null, null, CarryAsync) : null;
        _console = new ConsoleCapture(ConsoleFile);
        host.Watch(description.Name, Take, Lose);
    }

    /// <inheritdoc/>
    public string Id => _spec.Id;

    /// <inheritdoc/>
    public string ConsoleFile => Path.Combine(_spec.Directory, "console.txt");

    /// <inheritdoc/>
    public string Address { get; private set; } = "nowhere";

    /// <inheritdoc/>
    public Task<InstanceExit> Exited => _exited.Task;

    /// <inheritdoc/>
    public TimeSpan? ProcessorTime => Known(() => (TimeSpan?)(_before + _domain.Info.CpuTime));

    /// <inheritdoc/>
    public int? MemoryMiB => Known(() => _domain.ResidentMiB);

    /// <inheritdoc/>
    public IGuestChannel? Channel => _channel;

    /// <inheritdoc/>
    public IReadOnlyList<ILink> Links => _links;

    /// <inheritdoc/>
    public ILink? Management => _management;

    /// <summary>Names of its virtual serial ports.</summary>
    internal static IReadOnlyList<string> Ports { get; } = [GuestProgram.ControlPort, GuestProgram.JournalPort, GuestProgram.SshPort];

    /// <summary>Name of its domain.</summary>
    public string DomainName => _description.Name;

    /// <summary>Raised once, when it has been disposed.</summary>
    internal Action? Gone { get; set; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await _power.EndAsync(async () =>
    {
        _pullingPlug = true;
        _relay?.Dispose();
        await Task.Run(() => Try(_domain.Destroy));
        await _console.DisposeAsync();
        _channel.Dispose();
        if (_ssh is not null)
            await _ssh.DisposeAsync();
        _host.Unwatch(DomainName);
        foreach (CableLink link in _links)
            await link.DisposeAsync();
        if (!_spec.Keep || !_ran)
            await Task.Run(() => Remove(_domain, _volumes));
        _domain.Dispose();
        Gone?.Invoke();
    });

    /// <summary>Makes the machine's domain and powers it on.</summary>
    /// <param name="host">Where.</param>
    /// <param name="spec">The machine.</param>
    /// <param name="description">Its domain.</param>
    /// <param name="volumes">Its volumes, which are there. Removed when this fails, and when the machine is disposed of.</param>
    /// <param name="ports">Where its cards are plugged in; none on another host.</param>
    /// <param name="slowness">Of its host.</param>
    /// <param name="cancel">Ends it; nothing is left then.</param>
    internal static async Task<LibvirtInstance> StartAsync(LibvirtHost host, InstanceSpec spec, DomainDescription description, MachineVolumes volumes, IReadOnlyList<UdpPort> ports, double slowness, CancellationToken cancel)
    {
        string xml = description.ToXml();
        Domain domain = await LibvirtHost.AskAsync(spec.Id, "describing it to libvirt", () => host.Connection.DefineDomain(xml));
        var instance = new LibvirtInstance(host, spec, description, domain, volumes, ports, slowness);
        try
        {
            cancel.ThrowIfCancellationRequested();
            await instance.PowerOnAsync(cancel);
            return instance;
        }
        catch
        {
            await instance.DisposeAsync();
            throw;
        }
    }

    /// <summary>Removes all that is left of a machine that is off.</summary>
    private static void Remove(Domain domain, MachineVolumes volumes)
    {
        Try(() => Undefine(domain));
        Try(volumes.Delete);
    }

    /// <summary>Removes a domain's description, its UEFI variables and the state of its TPM.</summary>
    internal static void Undefine(Domain domain)
    {
        try
        {
            domain.Undefine(UndefineScope.Nvram | UndefineScope.Tpm);
        }
        catch (LibvirtException old) when (old.Code is ErrorCode.ArgumentUnsupported or ErrorCode.InvalidArgument)
        {
            // libvirt before 8.9 removes the TPM's state by itself.
            domain.Undefine(UndefineScope.Nvram);
        }
    }

    // What cannot be removed now is left to `kola gc`: its tags say whose it is.
    internal static void Try(Action act)
    {
        try
        {
            act();
        }
        catch (LibvirtException)
        {
        }
    }

    private T? Known<T>(Func<T?> ask)
    {
        if (_power.IsOver || _exited.Task.IsCompleted || _host.IsLost)
            return default;
        try
        {
            return ask();
        }
        catch (LibvirtException)
        {
            return default;
        }
    }
}
