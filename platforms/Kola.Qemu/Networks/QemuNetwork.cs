using System.Globalization;
using Kola.Machines;

namespace Kola.Qemu;

/// <summary>The segments of one test: switches in user space or bridges of the kernel, and the harness's hosts on them.</summary>
internal sealed class QemuNetwork : INetwork
{
    // One datagram a frame; the longest there is.
    private const string FrameBytes = "70000";

    private readonly Dictionary<string, Segment> _segments = [];
    private readonly Dictionary<string, SegmentHost> _hosts = [];
    private readonly List<IAsyncDisposable> _joined = [];
    private readonly string _directory;
    private NetworkNamespace? _space;

    private QemuNetwork(string directory) => _directory = directory;

    /// <summary>Raised once, when it has been disposed.</summary>
    public Action? Gone { get; set; }

    /// <summary>Makes it.</summary>
    /// <param name="spec">What is asked for.</param>
    /// <param name="kind">What segments are.</param>
    /// <param name="directory">A directory of its own, of a short path.</param>
    /// <param name="clock">What delays and captures go by.</param>
    /// <param name="cancel">Ends it; nothing is left then.</param>
    /// <exception cref="PlatformException">It cannot be made.</exception>
    public static async Task<QemuNetwork> OpenAsync(NetworkSpec spec, NetworkKind kind, string directory, TimeProvider clock, CancellationToken cancel)
    {
        var network = new QemuNetwork(directory);
        try
        {
            if (kind == NetworkKind.Bridge || spec.HasServers)
                network._space = await NetworkNamespace.CreateAsync(directory, cancel);
            foreach (SegmentSpec segment in spec.Segments)
            {
                Bridge? bridge = kind == NetworkKind.Bridge ? await Bridge.CreateAsync(network._space!, segment.Name, cancel) : null;
                network._segments[segment.Name] = new Segment(segment.Mtu) { Clock = clock, Bridge = bridge };
            }

            if (spec.HasServers)
                await network.ServeAsync(spec, clock, cancel);
            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    /// <summary>One of its segments; null when it has none of that name.</summary>
    public Segment? Find(string segment) => _segments.GetValueOrDefault(segment);

    /// <inheritdoc/>
    public Task ConductAsync(string segment, SegmentConduct conduct, CancellationToken cancel) => _hosts.TryGetValue(segment, out SegmentHost? host)
        ? host.ConductAsync(conduct, cancel)
        : throw new UsageException($"{segment}: nothing is served on that segment");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (SegmentHost host in _hosts.Values)
            await host.DisposeAsync();
        foreach (IAsyncDisposable joined in _joined)
            await joined.DisposeAsync();
        if (_space is not null)
            await _space.DisposeAsync();
        RuntimeDirectory.Remove(_directory);
        Gone?.Invoke();
    }

    private async Task ServeAsync(NetworkSpec spec, TimeProvider clock, CancellationToken cancel)
    {
        string logs = Path.Combine(spec.Directory, "network");
        Directory.CreateDirectory(logs);
        SegmentPlace[] places = [.. spec.Segments.Select((segment, number) => new SegmentPlace(segment, number, logs, _directory))];
        await File.WriteAllTextAsync(places[0].HostsFile, string.Concat(spec.Hosts.Select(h => $"{h.Address} {h.Name} {h.Name}.{ServerCommand.Domain}\n")), cancel);
        // A segment that another one leads to has the host on it, too.
        SegmentPlace[] served = [.. places.Where(p => p.Spec.Servers != SegmentServers.None || places.Any(other => other.Spec.Uplink == p.Spec.Name))];
        foreach (SegmentPlace place in served)
            await JoinAsync(place, cancel);
        (int Port, string Socket)[] harness = spec.Segments.Any(s => s.Servers.HasFlag(SegmentServers.Harness))
            ? [.. spec.HarnessPorts.Distinct().Select(port => (port, Path.Combine(_directory, string.Create(CultureInfo.InvariantCulture, $"h{port}"))))]
            : [];
        _joined.AddRange(harness.Select(h => new LoopbackRelay(h.Socket, h.Port)));
        foreach (SegmentPlace place in served.OrderBy(p => p.Spec.Uplink is not null))
            _hosts[place.Spec.Name] = await SegmentHost.StartAsync(_space!, place, harness, clock, cancel);
    }

    // The host has a card on the switch as a machine has; on a bridge the bridge itself is its card.
    private async Task JoinAsync(SegmentPlace place, CancellationToken cancel)
    {
        Segment segment = _segments[place.Spec.Name];
        if (segment.Bridge is not null)
            return;
        string Socket(string end) => Path.Combine(_directory, string.Create(CultureInfo.InvariantCulture, $"{end}{place.Number}"));
        SegmentPort port = await segment.PlugAsync(Socket("card"), Socket("port"), vlan: null, cancel);
        ChildProcess card = await _space!.StartAsync("socat", ["-b", FrameBytes, $"TUN,tun-type=tap,tun-name={place.Device},iff-no-pi,iff-up", $"UNIX-SENDTO:{Socket("port")},bind={Socket("card")}"], _directory);
        _joined.Add(card);
        _joined.Add(port);
        // Not by /sys, which shows the devices of the host's own namespace.
        string wait = $"for i in $(seq 500); do ip link show dev {place.Device} >/dev/null 2>&1 && exit; sleep 0.02; done; exit 1";
        try
        {
            await _space.RunAsync(wait, cancel);
            await _space.RunAsync($"ip link set {place.Device} mtu {Math.Max(place.Spec.Mtu, 1500)} up", cancel);
        }
        catch (PlatformException) when (card.Exited.IsCompleted)
        {
            throw new PlatformException(Signal.Host, $"qemu: the harness has no card on segment {place.Spec.Name}\n  got:     {ChildProcess.Describe(await card.Exited, card.Words)}\n  next:    modprobe tun");
        }
    }
}
