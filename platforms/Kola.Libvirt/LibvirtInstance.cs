using System.Globalization;
using System.Text.RegularExpressions;
using Kola.Libvirt.Bindings;
using Kola.Machines;

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
    private readonly LibvirtLink[] _links;
    private readonly LibvirtLink? _management;
    private readonly GuestChannel _channel = new();
    private readonly SemaphoreSlim _power = new(1);
    private readonly TaskCompletionSource<InstanceExit> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _off = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MachineEnds _ends = new();
    private DomainDescription _description;
    private LibvirtStream? _ssh;
    private PortRelay? _relay;
    private TimeSpan _before;
    private volatile bool _pullingPlug = true;
    private bool _ran;
    private bool _disposed;

    private LibvirtInstance(LibvirtHost host, InstanceSpec spec, DomainDescription description, Domain domain, MachineVolumes volumes, IReadOnlyList<UdpPort> ports, double slowness)
    {
        (_host, _spec, _description, _domain, _volumes, _slowness) = (host, spec, description, domain, volumes, slowness);
        _links = [.. ports.Select((port, card) => new LibvirtLink(spec.Links[card].Segment, DomainDescription.NetworkOf(card), port, CarryAsync))];
        _management = description.First is { Network: null } ? new LibvirtLink("management", DomainDescription.FirstNetwork, null, CarryAsync) : null;
        _console = new ConsoleCapture(ConsoleFile);
        host.Watch(description.Name, Take);
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
    public async Task<IShell> ConnectAsync(SshIdentity identity, CancellationToken cancel)
    {
        TimeSpan limit = s_loginTime * _slowness;
        if (_description.First is not { } card)
            return await ConnectPastNetworkAsync(identity, limit, cancel);
        if (card.Network is not null)
            Address = $"{await FindAddressAsync(card)}:22";
        (string host, int port) = (Address[..Address.LastIndexOf(':')], int.Parse(Address[(Address.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture));
        return await Ssh.ConnectAsync(host, port, identity, limit, cancel);
    }

    /// <inheritdoc/>
    public Task ResetAsync(CancellationToken cancel) => WhileOnAsync("reset", async () =>
    {
        await LibvirtHost.DoAsync(Id, "a reset", _domain.Reset);
        _relay?.Dispose();
    }, cancel);

    /// <inheritdoc/>
    public Task PowerCycleAsync(CancellationToken cancel) => WhileOnAsync("power cycle", async () =>
    {
        try
        {
            _before = ProcessorTime ?? _before;
            await PullPlugAsync();
            await PowerOnAgainAsync(cancel);
        }
        catch (Exception problem) when (_pullingPlug)
        {
            _exited.TrySetResult(new InstanceExit(PlatformFault: true, $"it did not come back from a power cycle: {problem.Message.Split('\n')[^1].Trim()}") { Signal = Signal.MachineLost });
            throw;
        }
    }, cancel);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _power.WaitAsync(CancellationToken.None);
        try
        {
            if (_disposed)
                return;
            _disposed = true;
            _pullingPlug = true;
            _relay?.Dispose();
            await Task.Run(() => Try(_domain.Destroy));
            await _console.DisposeAsync();
            _channel.Dispose();
            if (_ssh is not null)
                await _ssh.DisposeAsync();
            _host.Unwatch(DomainName);
            foreach (LibvirtLink link in _links)
                await link.Port!.DisposeAsync();
            if (!_spec.Keep || !_ran)
                await Task.Run(() => Remove(_domain, _volumes));
            _domain.Dispose();
            Gone?.Invoke();
        }
        finally
        {
            _power.Release();
        }
    }

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

    // Paused until kola hears all it says, so that no byte and no event is missed.
    private async Task PowerOnAsync(CancellationToken cancel)
    {
        _ends = new MachineEnds();
        _off = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await LibvirtHost.DoAsync(Id, "starting it", () => _domain.Create(StartMode.Paused | StartMode.AutoDestroy));
        cancel.ThrowIfCancellationRequested();
        await LibvirtHost.DoAsync(Id, "opening its console", () =>
        {
            _console.Attach(_domain.OpenConsole(_host.Connection));
            LibvirtStream[] ports = [.. Ports.Select(p => _domain.OpenChannel(_host.Connection, p))];
            _channel.Connect(ports[0], ports[1]);
            _ssh = ports[2];
            if (_description.First is { Network: null })
                Address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{ForwardedPort(_domain.Monitor("info usernet"))}");
        });
        // A cable that was pulled stays out while the machine is off.
        foreach (LibvirtLink link in _links.Append(_management).OfType<LibvirtLink>().Where(l => !l.Plugged))
            await SetLinkAsync(link.Network, false);
        cancel.ThrowIfCancellationRequested();
        _pullingPlug = false;
        await LibvirtHost.DoAsync(Id, "letting it run", _domain.Resume);
        _ran = true;
    }

    /// <summary>On the same port, so that addresses people noted stay right; on another one if somebody took it meanwhile.</summary>
    private async Task PowerOnAgainAsync(CancellationToken cancel)
    {
        if (_description.First is not { Network: null } card)
        {
            await PowerOnAsync(cancel);
            return;
        }

        try
        {
            await DescribeAsync(card with { Port = PortOf(Address) });
            await PowerOnAsync(cancel);
        }
        catch (PlatformException taken) when (taken.Message.Contains("host forwarding rule", StringComparison.Ordinal))
        {
            await DescribeAsync(card with { Port = 0 });
            await PowerOnAsync(cancel);
        }
    }

    private Task DescribeAsync(FirstCard card)
    {
        _description = _description with { First = card };
        string xml = _description.ToXml();
        return LibvirtHost.DoAsync(Id, "describing it to libvirt", () => _host.Connection.DefineDomain(xml).Dispose());
    }

    private async Task PullPlugAsync()
    {
        _pullingPlug = true;
        _relay?.Dispose();
        await LibvirtHost.DoAsync(Id, "switching it off", _domain.Destroy);
        // Told by an event; a daemon that forgets to is not waited for.
        await Task.WhenAny(_off.Task, Task.Delay(s_loginTime, TimeProvider.System));
        await _console.DetachAsync();
        if (_ssh is not null)
            await _ssh.DisposeAsync();
    }

    private void Take(DomainEvent told)
    {
        if (_ends.Read(told) is not { } exit)
            return;
        _off.TrySetResult();
        if (!_pullingPlug)
            _ = EndAsync(exit);
    }

    // The last words on the console are part of how it ended.
    private async Task EndAsync(InstanceExit exit)
    {
        await Task.WhenAny(_console.Ended, Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System));
        _exited.TrySetResult(exit);
    }

    private Task CarryAsync(string network, bool up, CancellationToken cancel) =>
        WhileOnAsync(up ? "plugging a cable in" : "pulling a cable", () => SetLinkAsync(network, up), cancel);

    private Task SetLinkAsync(string network, bool up) => LibvirtHost.DoAsync(Id, up ? "plugging a cable in" : "pulling a cable", () => _domain.Monitor($"set_link {network} {(up ? "on" : "off")}"));

    private async Task WhileOnAsync(string action, Func<Task> act, CancellationToken cancel)
    {
        await _power.WaitAsync(cancel);
        try
        {
            if (_disposed)
                throw new PlatformException(Signal.MachineLost, $"{Id}: {action} of a machine that was disposed");
            if (_exited.Task.IsCompleted)
                throw new PlatformException(Signal.MachineLost, $"{Id}: {action} of a machine that is gone\n  got:     {(await _exited.Task).Detail}");
            await act();
        }
        finally
        {
            _power.Release();
        }
    }

    private async Task<IShell> ConnectPastNetworkAsync(SshIdentity identity, TimeSpan within, CancellationToken cancel)
    {
        if (!_channel.IsUp)
            throw new MachineException($"{Id}: there is no way in yet\n  wanted:  the guest program of this boot");
        _relay?.Dispose();
        if (await _channel.AskAsync(GuestProgram.ServeSsh, cancel) is not { ExitCode: 0 })
            throw new MachineException($"{Id}: no SSH server at its serial port\n  wanted:  kola-ssh.service");
        _relay = new PortRelay(_ssh!);
        return await Ssh.ConnectAsync("127.0.0.1", _relay.Port, identity, within, cancel);
    }

    private async Task<string> FindAddressAsync(FirstCard card)
    {
        string? address = await LibvirtHost.AskAsync(Id, "looking for its address", () => AddressOf(card));
        return address ?? throw new MachineException($"{Id}: it has no address yet\n  wanted:  a lease of the network \"{card.Network}\" for {card.Mac}");
    }

    private string? AddressOf(FirstCard card)
    {
        using Network network = _host.Connection.FindNetwork(card.Network!);
        IEnumerable<(string Mac, string Address)> known = network.Leases(card.Mac);
        // A network that is only a bridge of the host gives no leases; the host's neighbours are known.
        if (!known.Any())
            known = _domain.Addresses(AddressSource.Neighbours).Where(a => a.Mac == card.Mac);
        return known.Select(k => k.Address).FirstOrDefault(a => !a.Contains(':', StringComparison.Ordinal));
    }

    private T? Known<T>(Func<T?> ask)
    {
        if (_disposed || _exited.Task.IsCompleted || _host.IsLost)
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

    private static int PortOf(string address) => int.Parse(address[(address.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture);

    /// <summary>Port of the forward in the answer of <c>info usernet</c>.</summary>
    internal static int ForwardedPort(string table) => int.Parse(Forward().Match(table).Groups["port"].Value, CultureInfo.InvariantCulture);

    //   TCP[HOST_FORWARD]  12       127.0.0.1 34567       10.0.2.15    22     0     0
    [GeneratedRegex(@"TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(?<port>\d+)\s")]
    private static partial Regex Forward();
}
