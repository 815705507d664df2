using System.Globalization;
using System.Security.Cryptography;
using Kola.Machines;
using Kola.Platforms;
using Kola.Segments;

namespace Kola.Qemu;

/// <summary>One machine under QEMU. It dies with kola, whatever ends kola.</summary>
public sealed partial class QemuInstance : IInstance
{
    // One attempt has to bear a login on a busy, emulated machine: 5 CPU-seconds, with four at once on two cores 43 s were seen.
    private static readonly TimeSpan s_loginTime = TimeSpan.FromSeconds(10);

    private readonly QemuHost _host;
    private readonly InstanceSpec _spec;
    private readonly QemuOrigin _origin;
    private readonly MachineFiles _files;
    private readonly GuestChannel _channel = new();
    private readonly List<CableLink> _links;
    private readonly CableLink _management;
    private readonly PowerTurn _power;
    private readonly TaskCompletionSource<InstanceExit> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private QemuArguments _arguments;
    private Emulator _emulator;
    private Task _watch;
    private SshRelay? _relay;
    private Emulator? _watchesPort;
    private bool _relayed;
    private volatile bool _pullingPlug;

    private QemuInstance(QemuHost host, InstanceSpec spec, QemuOrigin origin, MachineFiles files, IReadOnlyList<SegmentPort> ports, (QemuArguments Arguments, Emulator Emulator) running)
    {
        _host = host;
        _spec = spec;
        _origin = origin;
        _files = files;
        _management = new CableLink("management", QemuArguments.ManagementNetwork, null, null, CarryAsync);
        _links = [.. ports.Select((port, card) => new CableLink(spec.Links[card].Segment, QemuArguments.NetworkOf(card), port.Cable, port, CarryAsync))];
        _power = new PowerTurn(spec.Id, _exited.Task);
        (_arguments, _emulator) = running;
        _watch = WatchAsync();
        if (origin.Draft is not null)
            _channel.JournalCopy = File.Create(Path.Combine(origin.Draft, TemplateFiles.Journal));
        if (origin.Template is null)
            _channel.Connect(_emulator.Ports[0], _emulator.Ports[1]);
        else
            Resume(origin.Template, origin.Manifest!.Facts.SshGreeting);
    }

    /// <inheritdoc/>
    public string Id => _spec.Id;

    /// <inheritdoc/>
    public string ConsoleFile => MachineFiles.ConsoleOf(_spec);

    /// <inheritdoc/>
    public string Address => _spec.Machine.Offline ? "nowhere" : string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_emulator.SshPort}");

    /// <inheritdoc/>
    public Task<InstanceExit> Exited => _exited.Task;

    /// <inheritdoc/>
    public TimeSpan? ProcessorTime => _emulator.Ended.IsCompleted ? null : HostProcess.ProcessorTime(ProcessId);

    /// <inheritdoc/>
    public int? MemoryMiB => _emulator.Ended.IsCompleted ? null : HostProcess.MemoryMiB(ProcessId);

    /// <inheritdoc/>
    public IGuestChannel? Channel => _channel;

    /// <inheritdoc/>
    public IReadOnlyList<ILink> Links
    {
        get
        {
            lock (_links)
                return [.. _links];
        }
    }

    /// <inheritdoc/>
    public ILink? Management => _spec.Machine.Offline ? null : _management;

    /// <summary>What it was started with.</summary>
    internal InstanceSpec Spec => _spec;

    /// <summary>Process id of QEMU.</summary>
    public int ProcessId => _emulator.ProcessId;

    /// <summary>Raised once, when it has been disposed.</summary>
    internal Action? Gone { get; set; }

    /// <inheritdoc/>
    public Task<IShell> ConnectAsync(SshIdentity identity, CancellationToken cancel)
    {
        TimeSpan limit = s_loginTime * _host.Acceleration.Slowness;
        // The server that waits in a copy serves one; who comes later, or after a reboot, knocks like anybody.
        if ((_relay is null || _relayed) && _spec.Machine.Offline)
            return ConnectPastNetworkAsync(identity, limit, cancel);
        if (_relay is not { } relay || _relayed)
            return Ssh.ConnectAsync("127.0.0.1", _emulator.SshPort, identity, limit, cancel);
        _relayed = true;
        return Ssh.ConnectAsync(relay, identity, limit, cancel);
    }

    /// <inheritdoc/>
    public Task ResetAsync(CancellationToken cancel) => _power.WhileOnAsync("reset", async () =>
    {
        await _emulator.ResetAsync(cancel);
        _relay?.Dispose();
    }, cancel);

    /// <inheritdoc/>
    public Task PowerCycleAsync(CancellationToken cancel) => _power.WhileOnAsync("power cycle", async () =>
    {
        try
        {
            await EndRecordingAsync(cancel);
            await PullPlugAsync();
            await PowerOnAsync(cancel);
            _channel.Connect(_emulator.Ports[0], _emulator.Ports[1]);
        }
        catch (Exception problem) when (_pullingPlug)
        {
            _exited.TrySetResult(NotBack("power cycle", problem));
            throw;
        }
    }, cancel);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await _power.EndAsync(async () =>
    {
        _pullingPlug = true;
        await _emulator.DisposeAsync();
        await _watch;
        _relay?.Dispose();
        _channel.Dispose();
        if (_channel.JournalCopy is { } copy)
            await copy.DisposeAsync();
        await UnplugAsync(_links);
        _files.Dispose();
        Gone?.Invoke();
    });

    /// <summary>Finds a segment of its test by name; null where there is none.</summary>
    internal Func<string, Segment?> SegmentNamed { get; set; } = _ => null;

    /// <summary>Makes the machine's files and powers it on.</summary>
    /// <param name="host">What it runs on.</param>
    /// <param name="spec">The machine.</param>
    /// <param name="origin">Where it comes from.</param>
    /// <param name="segments">A segment for each of its links.</param>
    /// <param name="cancel">Ends it; nothing is left then.</param>
    internal static async Task<QemuInstance> StartAsync(QemuHost host, InstanceSpec spec, QemuOrigin origin, IReadOnlyList<Segment> segments, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        Firmware firmware = host.FirmwareFor(spec.Machine.Firmware, spec.Machine.Tpm, spec.Image);
        Check(host, spec.Id, spec.Image, firmware);
        string directory = host.Runtime.CreateWithin();
        var ports = new List<SegmentPort>();
        MachineFiles? files = null;
        try
        {
            files = await MachineFiles.CreateAsync(spec, origin, directory, host.FilesFor(firmware)?.Variables, cancel);
            foreach ((Segment segment, int card) in segments.Select((s, i) => (s, i)))
                ports.Add(await segment.PlugAsync(CardSocket(directory, card), PortSocket(directory, card), spec.Links[card].Vlan, cancel));
            QemuArguments arguments = Describe(host, spec, origin, files, firmware);
            Emulator emulator = await Emulator.StartAsync(host.Program.Path, arguments, TpmStateOf(spec, files), cancel);
            return new QemuInstance(host, spec, origin, files, ports, (arguments, emulator));
        }
        catch
        {
            await UnplugAsync(ports);
            files?.Dispose();
            RuntimeDirectory.Remove(directory);
            throw;
        }
    }

    /// <summary>Whether this host and image have what a way of booting needs.</summary>
    /// <exception cref="UsageException">They have not.</exception>
    internal static void Check(QemuHost host, string id, Image image, Firmware firmware)
    {
        string? missing = firmware switch
        {
            Firmware.Direct when image.Direct is null => "a kernel beside the image\n  got:     none\n  next:    use firmware bios or uefi",
            Firmware.Uefi when host.Uefi is null =>
                $"UEFI firmware files\n  got:     none found\n  next:    apt-get install {FirmwareFiles.PackageFor(image.Architecture)}",
            Firmware.SecureBoot when host.SecureUefi is null =>
                "UEFI firmware with Secure Boot, and an image signed by its keys\n  got:     none on this host that fits image and machine type\n  next:    apt-get install ovmf for the reference image, or say where the image's keys are (--secure-boot-variables FILE)",
            Firmware.Bios when image.Architecture == "arm64" => "firmware this architecture has\n  got:     bios on arm64\n  next:    use firmware uefi",
            _ => null,
        };
        if (missing is not null)
            throw new UsageException($"{id}: cannot boot by firmware \"{firmware}\"\n  wanted:  {missing}");
    }

    private static string? TpmStateOf(InstanceSpec spec, MachineFiles files) =>
        spec.Machine.Tpm ? Path.Combine(spec.Keep ? spec.Directory : files.Directory, "tpm") : null;

    private static QemuArguments Describe(QemuHost host, InstanceSpec spec, QemuOrigin origin, MachineFiles files, Firmware firmware) => new()
    {
        Id = spec.Id,
        Architecture = spec.Image.Architecture,
        MachineType = host.MachineType,
        Acceleration = host.Acceleration,
        MemoryMiB = spec.Machine.MemoryMiB,
        Cpus = spec.Machine.Cpus,
        NumaNodes = spec.Machine.NumaNodes,
        Uuid = Guid.NewGuid(),
        Disks = files.Disks,
        WritesLog = files.Recorded?.LogFile,
        ConsoleFile = MachineFiles.ConsoleOf(spec),
        QmpSocket = Path.Combine(files.Directory, "qmp"),
        Management = !spec.Machine.Offline,
        Mac = spec.Mac ?? NewMac(),
        SerialPorts = SerialPorts.In(files.Directory),
        Memory = files.Memory,
        StateFile = origin.Template is null ? null : Path.Combine(origin.Template, TemplateFiles.State),
        GuestAddress = origin.Manifest is null ? "" : LeaseOf(origin.Manifest.Depth + 1),
        IgnitionFile = files.Ignition,
        ConfigDrive = files.ConfigDrive,
        Direct = firmware == Firmware.Direct ? spec.Image.Direct : null,
        Uefi = files.UefiVariables is { } variables ? (host.FilesFor(firmware)!.Code, variables) : null,
        SecureBoot = firmware == Firmware.SecureBoot,
        Cards = [.. spec.Links.Select((link, card) => new QemuCard(CardSocket(files.Directory, card), PortSocket(files.Directory, card), link.Mac))],
        TpmSocket = spec.Machine.Tpm ? Path.Combine(files.Directory, "tpm.sock") : null,
        Extra = host.ExtraArguments,
    };

    private static string CardSocket(string directory, int card) => Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"card{card}"));

    private static string PortSocket(string directory, int card) => Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"port{card}"));

    private static async Task UnplugAsync(IEnumerable<IAsyncDisposable> ports)
    {
        foreach (IAsyncDisposable port in ports)
            await port.DisposeAsync();
    }

    private Task CarryAsync(string network, bool up, CancellationToken cancel) =>
        _power.WhileOnAsync(up ? "plugging a cable in" : "pulling a cable", () => _emulator.SetLinkAsync(network, up, cancel), cancel);

    // QEMU's network gives addresses away from .15 on, one an Ethernet address it meets; a frozen guest's network remembers those before.
    private static string LeaseOf(int depth) => string.Create(CultureInfo.InvariantCulture, $"10.0.2.{15 + depth}");

    // 52:54:00 is what QEMU and libvirt use for theirs.
    private static string NewMac()
    {
        byte[] tail = RandomNumberGenerator.GetBytes(3);
        return $"52:54:00:{tail[0]:x2}:{tail[1]:x2}:{tail[2]:x2}";
    }

    private async Task PullPlugAsync()
    {
        _pullingPlug = true;
        await _emulator.DisposeAsync();
        await _watch;
        _relay?.Dispose();
        _relay = null;
    }

    private async Task PowerOnAsync(CancellationToken cancel)
    {
        await ForgetCardAsync();
        (_arguments, _emulator) = await RestartAsync(cancel);
        // A cable that was pulled stays out while the machine is off.
        foreach (CableLink link in _links.Append(_management).Where(l => !l.Plugged))
            await _emulator.SetLinkAsync(link.Network, false, cancel);
        _pullingPlug = false;
        _watch = WatchAsync();
    }

    private static InstanceExit NotBack(string from, Exception problem) => new(PlatformFault: true, $"it did not come back from a {from}: {HostTool.LastLine(problem.Message)}")
    {
        Signal = problem is PlatformException place ? place.Signal : Signal.MachineLost,
    };

    /// <summary>On the same port, so that addresses people noted stay right; on another one if somebody took it meanwhile.</summary>
    private async Task<(QemuArguments, Emulator)> RestartAsync(CancellationToken cancel)
    {
        // Memory does not outlive the power, and the network begins anew with the emulator.
        foreach (string memory in _origin.Draft is null ? [] : _arguments.Memory!.Files(_arguments.NumaNodes))
            File.Delete(memory);
        QemuArguments same = _arguments with { SshPort = _emulator.SshPort, StateFile = null, WritesLog = null, GuestAddress = "", Memory = _origin.Draft is null ? null : _arguments.Memory };
        try
        {
            return (same, await Emulator.StartAsync(_host.Program.Path, same, TpmStateOf(_spec, _files), cancel));
        }
        catch (PlatformException problem) when (problem.Message.Contains("host forwarding rule", StringComparison.Ordinal))
        {
            QemuArguments other = same with { SshPort = 0 };
            return (other, await Emulator.StartAsync(_host.Program.Path, other, TpmStateOf(_spec, _files), cancel));
        }
    }

    private async Task WatchAsync()
    {
        InstanceExit exit = await _emulator.Ended;
        if (!_pullingPlug)
            _exited.TrySetResult(exit);
    }
}
