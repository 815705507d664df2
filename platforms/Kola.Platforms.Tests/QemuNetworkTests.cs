using System.Net.Sockets;
using System.Text;
using CliWrap;
using CliWrap.Buffered;
using Kola.Machines;
using Kola.Qemu;

namespace Kola.Platforms.Tests;

/// <summary>Segments of both kinds with what is served on them, without machines: sockets are in the place of cards.</summary>
[NonParallelizable] // It looks at the processes of the host.
public sealed class QemuNetworkTests
{
    private static readonly byte[] s_everyone = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_never = TimeSpan.FromMilliseconds(500);

    private Scratch _scratch = null!;
    private string _before = "";

    [SetUp]
    public async Task LookAround()
    {
        if (!await NetworkNamespace.IsPossibleAsync(CancellationToken.None))
        {
            // Where CI runs it has to be possible.
            Assert.That(Environment.GetEnvironmentVariable("CI"), Is.Not.EqualTo("true"), "no network namespaces");
            Assert.Ignore("no network namespaces for this user: run as root, or allow them");
        }

        _scratch = new Scratch();
        _before = await HostAsync();
    }

    [TearDown]
    public async Task NothingIsLeft()
    {
        string directory = _scratch.File("");
        _scratch.Dispose();
        Assert.That(HostProcess.Using(directory), Is.Empty);
        Assert.That(await HostAsync(), Is.EqualTo(_before), "the host's own network");
    }

    [Test]
    public async Task Frames_pass_between_two_cards_and_the_harness_serves_and_stops_as_it_is_told([Values] NetworkKind kind)
    {
        Needs(kind);
        await using QemuNetwork network = await OpenAsync(kind, _scratch.File(""));
        Segment segment = network.Find("lan")!;
        await using Card left = await Card.PlugAsync(segment, _scratch, 1);
        await using Card right = await Card.PlugAsync(segment, _scratch, 2);
        await left.SendAsync("hello");
        Assert.That(await right.ReceiveAsync(0x0801), Is.EqualTo("hello"));
        await right.SendAsync("back");
        Assert.That(await left.ReceiveAsync(0x0801), Is.EqualTo("back"));
        right.Port.Cable.Ignore([left.Port.Cable]);
        await left.SendAsync("unheard");
        Assert.That(await right.ReceiveAsync(0x0801, s_never), Is.Null, "also where it comes by a bridge");

        await left.AskWhoIsAsync(254);
        Assert.That(await left.ReceiveAsync(0x0806), Is.Not.Null, "the harness's host answers");
        // On a switch in user space the harness's card is a socat, too.
        string[] card = kind == NetworkKind.User ? ["socat"] : [];
        Assert.That(Servers(), Is.EquivalentTo((string[])["dnsmasq", "dnsmasq", "dnsmasq", "socat", .. card]));
        await network.ConductAsync("lan", new SegmentConduct { Dhcp = ServerMood.Gone, FirstDns = ServerMood.Gone, Time = ServerMood.Gone }, CancellationToken.None);
        Assert.That(Servers(), Is.EquivalentTo((string[])["dnsmasq", .. card]));
        await network.ConductAsync("lan", new SegmentConduct(), CancellationToken.None);
        Assert.That(Servers(), Has.Length.EqualTo(4 + card.Length));
        Assert.That(() => network.ConductAsync("nowhere", new SegmentConduct(), CancellationToken.None), Throws.TypeOf<UsageException>());
    }

    [Test]
    public async Task A_server_that_does_not_start_is_told_and_nothing_is_left()
    {
        var spec = new NetworkSpec
        {
            Name = "bad",
            Segments = [new SegmentSpec { Name = "lan", Servers = SegmentServers.Dns }],
            Hosts = [],
            Directory = _scratch.File("logs"),
        };
        // Its log cannot be written: that is a directory.
        Directory.CreateDirectory(_scratch.File("logs/network/lan-dns-1.txt"));
        try
        {
            await using QemuNetwork network = await QemuNetwork.OpenAsync(spec, NetworkKind.User, _scratch.New("n"), TimeProvider.System, CancellationToken.None);
            Assert.Fail("it serves");
        }
        catch (PlatformException problem)
        {
            Assert.That(problem.Message, Does.Contain("dnsmasq does not serve on segment lan"));
            Assert.That(problem.Signal, Is.EqualTo(Signal.Host));
        }
    }

    [Test]
    public async Task A_kola_killed_with_signal_9_leaves_no_process_no_namespace_and_nothing_on_the_host()
    {
        Needs(NetworkKind.Bridge);
        string directory = _scratch.New("killed");
        await using (ChildOfTest killed = await ChildOfTest.StartAsync("network", directory))
            Assert.That(HostProcess.Using(directory), Is.Not.Empty);
        await Soon.HoldsAsync(() => HostProcess.Using(directory).Count == 0, () => string.Join(", ", HostProcess.Using(directory)), TimeSpan.FromSeconds(30));
    }

    /// <summary>The other process: a network of bridges with all servers, until it is killed.</summary>
    internal static async Task BeChildAsync(string directory)
    {
        await using QemuNetwork network = await OpenAsync(NetworkKind.Bridge, directory);
        await using SegmentPort port = await network.Find("lan")!.PlugAsync(Path.Combine(directory, "c"), Path.Combine(directory, "p"), vlan: null, CancellationToken.None);
        Console.WriteLine("ready");
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
    }

    private static async Task<QemuNetwork> OpenAsync(NetworkKind kind, string directory)
    {
        string own = Path.Combine(directory, "net");
        Directory.CreateDirectory(own);
        var spec = new NetworkSpec
        {
            Name = "some.test",
            Segments = [new SegmentSpec { Name = "lan", Servers = SegmentServers.Dhcp4 | SegmentServers.Dns | SegmentServers.Time }],
            Hosts = [("hub", "198.18.0.1")],
            Directory = directory,
        };
        return await QemuNetwork.OpenAsync(spec, kind, own, TimeProvider.System, CancellationToken.None);
    }

    private static void Needs(NetworkKind kind)
    {
        if (kind == NetworkKind.Bridge && !Environment.IsPrivilegedProcess)
            Assert.Ignore("bridges are for root");
    }

    private string[] Servers() => [.. HostProcess.Using(_scratch.File("")).Select(p => p.Name).Where(n => n is "dnsmasq" or "socat")];

    // What a person would see of it: devices, addresses, namespaces with names, rules.
    private static async Task<string> HostAsync()
    {
        var all = new StringBuilder();
        foreach (string command in new[] { "ip -o link", "ip -o address", "ip netns list", "nft list ruleset" })
            all.Append((await Cli.Wrap("sh").WithArguments(["-c", $"{command} 2>/dev/null || true"]).ExecuteBufferedAsync()).StandardOutput);
        return all.ToString();
    }

    private sealed class Card : IAsyncDisposable
    {
        private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        private readonly byte[] _address;
        private readonly string _port;

        private Card(SegmentPort port, Scratch scratch, byte number)
        {
            Port = port;
            _address = [0x52, 0x54, 0, 0, 1, number];
            _port = scratch.File($"port{number}");
            _socket.Bind(new UnixDomainSocketEndPoint(scratch.File($"card{number}")));
        }

        public SegmentPort Port { get; }

        public static async Task<Card> PlugAsync(Segment segment, Scratch scratch, byte number) =>
            new(await segment.PlugAsync(scratch.File($"card{number}"), scratch.File($"port{number}"), vlan: null, CancellationToken.None), scratch, number);

        public Task SendAsync(string text) => SendAsync([.. s_everyone, .. _address, 0x08, 0x01, .. Encoding.ASCII.GetBytes(text.PadRight(60))]);

        // ARP: who has 198.18.0.HOST? Tell 198.18.0.9.
        public Task AskWhoIsAsync(byte host) => SendAsync([.. s_everyone, .. _address, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, .. _address, 198, 18, 0, 9, 0, 0, 0, 0, 0, 0, 198, 18, 0, host, .. new byte[18]]);

        /// <summary>The next frame of a type as text; null when none comes. Others, which the kernel sends by itself, are passed over.</summary>
        /// <param name="type">Its EtherType.</param>
        /// <param name="within">How long it is waited for; default as long as it may take on a full host.</param>
        public async Task<string?> ReceiveAsync(int type, TimeSpan? within = null)
        {
            byte[] frame = new byte[2048];
            using var limit = new CancellationTokenSource(within ?? s_patience);
            try
            {
                while (true)
                {
                    int length = await _socket.ReceiveAsync(frame, SocketFlags.None, limit.Token);
                    if (frame[12] << 8 == (type & 0xFF00) && frame[13] == (type & 0xFF))
                        return Encoding.ASCII.GetString(frame, 14, length - 14).TrimEnd();
                }
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }

        public async ValueTask DisposeAsync()
        {
            await Port.DisposeAsync();
            _socket.Dispose();
        }

        private async Task SendAsync(byte[] frame) => await _socket.SendToAsync(frame, SocketFlags.None, new UnixDomainSocketEndPoint(_port));
    }
}
