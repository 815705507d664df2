using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Kola.Machines;
using Kola.Scheduling;

namespace Kola.Qemu;

/// <summary>Machines on this host under QEMU, with KVM where KVM really works. Needs no privileges.</summary>
public sealed partial class QemuPlatform : IPlatform
{
    private readonly QemuHost _host;
    private readonly ConcurrentDictionary<QemuInstance, bool> _instances = new();
    private readonly ConcurrentDictionary<string, QemuNetwork> _networks = new();
    private readonly ConcurrentDictionary<(string Network, string Segment), Segment> _segments = new();
    private readonly FileStream? _image;

    private QemuPlatform(QemuHost host, IReadOnlySet<Feature> features, Capacity capacity, IReadOnlyDictionary<string, string> facts, TemplateStore templates, FileStream? image)
    {
        _host = host;
        _image = image;
        Templates = new QemuTemplates(host, templates, StartAsync);
        Features = features;
        Capacity = capacity;
        Facts = facts;
    }

    /// <inheritdoc/>
    public string Name => "qemu";

    /// <inheritdoc/>
    public IReadOnlySet<Feature> Features { get; }

    /// <inheritdoc/>
    public Capacity Capacity { get; }

    /// <inheritdoc/>
    public double Slowness => _host.Acceleration.Slowness;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Facts { get; }

    /// <inheritdoc/>
    public bool HasChannel => true;

    /// <inheritdoc/>
    public PlatformLimits Limits => QemuDriver.Bounds;

    /// <summary>The gateway of QEMU's user network, which stands for the host's loopback.</summary>
    public string? HostAddress => "10.0.2.2";

    /// <inheritdoc/>
    public ITemplates? Templates { get; }

    /// <summary>Looks at the host, and decides how machines are run. With <see cref="AccelerationMode.Auto"/> that may boot a probe guest, 30 seconds at most.</summary>
    /// <exception cref="UsageException">Options are wrong, a program or firmware is missing, or KVM was asked for and does not work.</exception>
    public static async Task<QemuPlatform> CreateAsync(QemuOptions options, Image image, TimeProvider clock, CancellationToken cancel)
    {
        if (options.Validate() is { Count: > 0 } problems)
            throw new UsageException($"qemu: the options cannot be used\n  got:     {string.Join("\n           ", problems)}");
        QemuProgram program = await QemuProgram.FindAsync(options.Binary, image.Architecture, cancel);
        if (options.MachineType is { } type)
            await MachineTypes.CheckAsync(program, type, image.Architecture, cancel);
        foreach (string tool in new[] { "qemu-img", "setpriv", "setsid" })
            await HostTool.RunAsync(tool, ["--version"], cancel);
        bool namespaces = await NetworkNamespace.IsPossibleAsync(cancel);
        if (options.Network == NetworkKind.Bridge && !(namespaces && Environment.IsPrivilegedProcess))
            throw new UsageException("qemu: no bridges for this user\n  wanted:  root, in a place where network namespaces can be made\n  got:     --network bridge\n  next:    as root, or leave it out: segments are then switches in user space");
        bool servers = namespaces && await SegmentHost.IsPossibleAsync(cancel);
        bool tpm = await HostTool.TryRunAsync("swtpm", ["--version"], cancel) is not null;
        var host = new QemuHost
        {
            Program = program,
            MachineType = MachineTypes.DefaultFor(image.Architecture),
            Acceleration = Acceleration.Hardware("being probed"),
            Runtime = RuntimeDirectory.Create(options.RuntimeDirectory),
            Uefi = FirmwareFiles.Find(options, image.Architecture),
            SecureUefi = FirmwareFiles.FindSecure(options, image),
            DefaultFirmware = options.DefaultFirmware,
            Network = options.Network,
            Clock = clock,
        };
        FileStream? held = null;
        try
        {
            held = ImageHold.Take(image.File, options.CacheDirectory, clock);
            Firmware firmware = host.FirmwareFor(Firmware.Any, tpm: false, image);
            QemuInstance.Check(host, "qemu", image, firmware);
            (host, string probe) = await AccelerateAsync(host, options, image, cancel);
            // Whether KVM works is no matter of these, and is kept for runs without them.
            host = host with { MachineType = options.MachineType ?? host.MachineType, ExtraArguments = options.ExtraArguments };
            await ExtraArguments.TryAsync(host, image, cancel);
            var templates = new TemplateStore(options.TemplatesDirectory ?? Path.Combine(options.CacheDirectory, TemplateStore.DirectoryName), (long)options.TemplatesMiB << 20, clock);
            return new QemuPlatform(host, FeaturesOf(host, tpm, await ConfigDrive.CanBeMadeAsync(cancel), servers, firmware), CapacityOf(options), FactsOf(host, firmware, probe), templates, held);
        }
        catch
        {
            if (held is not null)
                await held.DisposeAsync();
            host.Runtime.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<IInstance> StartAsync(InstanceSpec spec, CancellationToken cancel) => await StartAsync(spec, QemuOrigin.Cold, cancel);

    /// <inheritdoc/>
    public async Task<INetwork> OpenNetworkAsync(NetworkSpec spec, CancellationToken cancel)
    {
        QemuNetwork network = await QemuNetwork.OpenAsync(spec, _host.Network, _host.Runtime.CreateWithin(), _host.Clock, cancel);
        _networks[spec.Name] = network;
        network.Gone = () => _networks.TryRemove(spec.Name, out _);
        return network;
    }

    private Segment SegmentOf(InstanceLink link) =>
        (_networks.TryGetValue(link.Network, out QemuNetwork? network) ? network.Find(link.Segment) : null) ?? _segments.GetOrAdd((link.Network, link.Segment), _ => new Segment());

    private async Task<QemuInstance> StartAsync(InstanceSpec spec, QemuOrigin origin, CancellationToken cancel)
    {
        Segment[] segments = [.. spec.Links.Select(SegmentOf)];
        QemuInstance instance = await QemuInstance.StartAsync(_host, spec, origin, segments, cancel);
        instance.SegmentNamed = name => spec.Links.Count > 0 && _networks.TryGetValue(spec.Links[0].Network, out QemuNetwork? network) ? network.Find(name) : null;
        _instances[instance] = true;
        instance.Gone = () => _instances.TryRemove(instance, out _);
        return instance;
    }

    /// <summary>Ends the machines that are left, and removes every runtime file.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (QemuInstance instance in _instances.Keys)
            await instance.DisposeAsync();
        foreach (QemuNetwork network in _networks.Values)
            await network.DisposeAsync();
        _host.Runtime.Dispose();
        if (_image is not null)
            await _image.DisposeAsync();
    }

    private static async Task<(QemuHost Host, string Probe)> AccelerateAsync(QemuHost host, QemuOptions options, Image image, CancellationToken cancel)
    {
        QemuHost Emulating(string why) => host with { Acceleration = Acceleration.Emulation(host.Program.Version, image.Architecture, why) };

        if (options.Acceleration == AccelerationMode.Tcg)
            return (Emulating("asked for"), "not probed");
        bool insisted = options.Acceleration == AccelerationMode.Kvm;
        if (Acceleration.WhyNotKvm(image.Architecture) is { } reason)
            return insisted ? throw NoKvm(reason) : (Emulating(reason), $"not probed: {reason}");

        string hostKernel = HostKernel();
        string guestKernel = image.Direct is { } direct ? await ImageDigest.OfAsync(direct.Kernel, options.CacheDirectory, cancel) : image.Digest;
        string file = KvmAnswer.FileFor(options.CacheDirectory, hostKernel, host.Program.Version, guestKernel);
        KvmAnswer? kept = await KvmAnswer.ReadAsync(file, host.Clock, cancel);
        // Who insists has perhaps repaired something: a kept "no" is not held against them.
        if (kept is null || insisted && !kept.Works)
        {
            kept = await KvmProbe.AskAsync(host, image, cancel);
            await kept.WriteAsync(file, cancel);
        }

        string probe = string.Create(CultureInfo.InvariantCulture, $"{(kept.Works ? "works" : "does not work")}: {kept.Detail} (probed in {kept.Seconds:0.0} s at {kept.MeasuredAt:u}, kept in {file})");
        if (kept.Works)
            return (host with { Acceleration = Acceleration.Hardware(kept.Detail) }, probe);
        return insisted ? throw NoKvm(kept.Detail) : (Emulating($"KVM does not work here: {kept.Detail}"), probe);
    }

    private static UsageException NoKvm(string got) =>
        new($"qemu: KVM was asked for and does not work here\n  wanted:  a guest kernel that runs under KVM\n  got:     {got}\n  next:    emulate (--accel tcg), or use a host with hardware virtualization");

    private static HashSet<Feature> FeaturesOf(QemuHost host, bool tpm, bool configDrive, bool servers, Firmware firmware)
    {
        var features = new HashSet<Feature> { Feature.Console, Feature.ExtraDisks, Feature.PrivateNetwork, Feature.HarnessFiles, Feature.WriteRecording, Feature.OmahaServer, Feature.LinkFaults, Feature.OutOfBand, Feature.CardHotplug, Feature.Numa };
        if (tpm)
            features.Add(Feature.Tpm);
        if (servers)
            features.Add(Feature.SegmentServers);
        if (configDrive)
            features.Add(Feature.UserData);
        if (host.Uefi is not null)
            features.Add(Feature.Uefi);
        if (host.SecureUefi is not null)
            features.Add(Feature.SecureBoot);
        if (firmware != Firmware.Direct)
            features.Add(Feature.BootLoader);
        return features;
    }

    private static Capacity CapacityOf(QemuOptions options)
    {
        // The runtime knows a container's limit, the kernel what others use; 1 GiB is left for QEMU itself and the runner.
        long available = Math.Min(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20, AvailableMiB(File.ReadAllText("/proc/meminfo")));
        int ports = PortsIn(File.ReadAllText("/proc/sys/net/ipv4/ip_local_port_range"));
        return new Capacity
        {
            Machines = options.Machines ?? ports,
            MemoryMiB = options.MemoryMiB ?? (int)Math.Max(1024, Math.Min(int.MaxValue, available - 1024)),
            // Who says how many machines has thought of the cores.
            Cpus = options.Cpus ?? (options.Machines is null ? Environment.ProcessorCount : double.PositiveInfinity),
            Ports = ports,
        };
    }

    /// <summary>Ports machines may be forwarded to: a quarter of the range; each is held besides by the connections that are made to it.</summary>
    /// <param name="range"><c>32768\t60999</c>, first and last.</param>
    internal static int PortsIn(string range)
    {
        int[] ends = [.. range.Split('\t', StringSplitOptions.TrimEntries).Select(e => int.Parse(e, CultureInfo.InvariantCulture))];
        return Math.Max(1, (ends[1] - ends[0] + 1) / 4);
    }

    /// <summary>MemAvailable of /proc/meminfo.</summary>
    internal static long AvailableMiB(string meminfo) => long.Parse(MemAvailable().Match(meminfo).Groups["kib"].Value, CultureInfo.InvariantCulture) >> 10;

    // 6.18.44-generic
    private static string HostKernel() => File.ReadAllText("/proc/sys/kernel/osrelease").Trim();

    // MemAvailable:   23456789 kB
    [GeneratedRegex(@"^MemAvailable:\s+(?<kib>\d+) kB", RegexOptions.Multiline)]
    private static partial Regex MemAvailable();

    private static Dictionary<string, string> FactsOf(QemuHost host, Firmware firmware, string probe) => new()
    {
        ["acceleration"] = host.Acceleration.Kvm ? "kvm" : "tcg",
        ["acceleration-reason"] = host.Acceleration.Why,
        ["cpu-model"] = host.Acceleration.CpuModel,
        ["firmware"] = JsonSerializer.Serialize(firmware).Trim('"'),
        ["host-kernel"] = HostKernel(),
        ["kvm-probe"] = probe,
        ["machine-type"] = host.MachineType,
        ["network"] = host.Network.ToString().ToLowerInvariant(),
        ["qemu"] = host.Program.VersionText,
        ["qemu-version"] = host.Program.Version.ToString(),
        ["uefi"] = host.Uefi?.Code ?? "none",
    };
}
