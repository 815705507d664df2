using System.Globalization;
using Kola.Machines;

namespace Kola.Qemu;

/// <summary>A program that serves something on a segment.</summary>
/// <param name="Name">What it is for, within its segment: <c>dhcp</c>, <c>dns-1</c>; also its log's name.</param>
/// <param name="Program">Name of the program.</param>
/// <param name="Arguments">Its arguments.</param>
internal sealed record ServerCommand(string Name, string Program, IReadOnlyList<string> Arguments)
{
    /// <summary>Domain of a test's own names.</summary>
    public const string Domain = "kola.test";

    /// <summary>Port of the HTTP proxy.</summary>
    public const int ProxyPort = 3128;

    /// <summary>Sockets it has when it serves, as ss shows them: <c>udp 198.18.1.254:53</c>.</summary>
    public IReadOnlyList<string> Listens { get; init; } = [];

    /// <summary>File it has written to when it serves: dnsmasq listens first, and ends when it cannot write there. Null where that says nothing.</summary>
    public string? Log { get; init; }

    /// <summary>The programs that serve on a segment, but for those that are gone.</summary>
    /// <param name="place">The segment.</param>
    /// <param name="conduct">How they behave.</param>
    /// <param name="timeSocket">Socket of the <see cref="TimeServer"/>.</param>
    /// <param name="harness">Ports of the harness's own servers, each with a socket that leads there.</param>
    public static IReadOnlyList<ServerCommand> Of(SegmentPlace place, SegmentConduct conduct, string timeSocket, IReadOnlyList<(int Port, string Socket)> harness)
    {
        var commands = new List<ServerCommand>();
        bool Serves(SegmentServers what) => (place.Spec.Servers & what) != 0;
        if (Serves(SegmentServers.Dhcp4 | SegmentServers.Dhcp6 | SegmentServers.Slaac) && conduct.Dhcp != ServerMood.Gone)
            commands.Add(Dhcp(place, conduct));
        if (Serves(SegmentServers.Dns))
        {
            if (conduct.FirstDns != ServerMood.Gone)
                commands.Add(Dns(place, conduct, 1, SegmentAddress.Harness));
            if (conduct.SecondDns != ServerMood.Gone)
                commands.Add(Dns(place, conduct, 2, SegmentAddress.SecondNameServer));
        }

        if (Serves(SegmentServers.Time) && conduct.Time != ServerMood.Gone)
            commands.AddRange(Time(place, timeSocket));
        if (Serves(SegmentServers.Proxy))
            commands.Add(new ServerCommand("proxy", "tinyproxy", ["-d", "-c", place.ProxyFile]) { Listens = [.. place.Addresses(SegmentAddress.Harness).Take(1).Select(a => $"tcp {Literal(a)}:{ProxyPort}")] });
        if (Serves(SegmentServers.Harness))
            commands.AddRange(harness.SelectMany(h => Harness(place, h.Port, h.Socket)));
        return commands;
    }

    /// <summary>What a proxy is configured with.</summary>
    public static string ProxyText(SegmentPlace place) => $"""
        Port {ProxyPort}
        Listen {place.Addresses(SegmentAddress.Harness)[0]}
        Timeout 60
        LogLevel Connect
        LogFile "{place.LogOf("proxy")}"

        """;

    /// <summary>An address as it stands before a port.</summary>
    public static string Literal(string address) => address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address;

    private static string[] Masq(SegmentPlace place, string name) =>
    [
        // Nothing of the host's own settings, and no change of user or group, which an ordinary user's namespace does not allow.
        "--no-daemon", "--conf-file=/dev/null", "--pid-file=", $"--log-facility={place.LogOf(name)}",
    ];

    private static ServerCommand Dhcp(SegmentPlace place, SegmentConduct conduct)
    {
        const string lease = "2m";
        SegmentServers servers = place.Spec.Servers;
        bool six = servers.HasFlag(SegmentServers.Dhcp6);
        (int first, int last) = SegmentAddress.Pool(conduct.OtherAddresses);
        List<string> arguments = [.. Masq(place, "dhcp"), "--port=0", $"--interface={place.Device}", "--bind-interfaces", "--except-interface=lo", "--log-dhcp", "--dhcp-authoritative", $"--dhcp-leasefile={place.LeaseFile}", $"--domain={Domain}"];
        var listens = new List<string>();
        string[] Dns(Func<int, string> address) => servers.HasFlag(SegmentServers.Dns) ? [address(SegmentAddress.Harness), address(SegmentAddress.SecondNameServer)] : [];
        if (servers.HasFlag(SegmentServers.Dhcp4))
        {
            // An option without a value is not sent: dnsmasq would take itself for the router and the name server.
            arguments.AddRange([
                $"--dhcp-range={place.Ipv4(first)},{place.Ipv4(last)},255.255.255.0,{lease}",
                $"--dhcp-option=option:router{(servers.HasFlag(SegmentServers.Router) ? "," + place.Ipv4(SegmentAddress.Harness) : "")}",
                $"--dhcp-option=option:dns-server{string.Concat(Dns(place.Ipv4).Select(a => "," + a))}",
                $"--dhcp-option=option:domain-search,{Domain}",
            ]);
            if (servers.HasFlag(SegmentServers.Time))
                arguments.Add($"--dhcp-option=option:ntp-server,{place.Ipv4(SegmentAddress.Harness)}");
            if (place.Spec.Mtu != 1500)
                arguments.Add(string.Create(CultureInfo.InvariantCulture, $"--dhcp-option=option:mtu,{place.Spec.Mtu}"));
            listens.Add("udp :67");
        }

        if (servers.HasFlag(SegmentServers.Slaac) || six)
        {
            string mode = six && servers.HasFlag(SegmentServers.Slaac) ? "slaac,64" : six ? "64" : "ra-only,64";
            arguments.AddRange([
                six ? $"--dhcp-range={place.Ipv6(first)},{place.Ipv6(last)},{mode},{lease}" : $"--dhcp-range={place.Ipv6(0)},{mode},{lease}",
                "--enable-ra",
                // A router of no lifetime is none.
                $"--ra-param={place.Device},10,{(servers.HasFlag(SegmentServers.Router) ? "1800" : "0")}",
                $"--dhcp-option=option6:domain-search,{Domain}",
            ]);
            string[] names = Dns(place.Ipv6);
            if (names.Length > 0)
                arguments.Add($"--dhcp-option=option6:dns-server,{string.Join(',', names.Select(Literal))}");
            if (six)
                listens.Add("udp :547");
        }

        return new ServerCommand("dhcp", "dnsmasq", arguments) { Listens = listens, Log = place.LogOf("dhcp") };
    }

    private static ServerCommand Dns(SegmentPlace place, SegmentConduct conduct, int number, int host)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"dns-{number}");
        IReadOnlyList<string> addresses = place.Addresses(host);
        return new ServerCommand(name, "dnsmasq",
        [
            .. Masq(place, name), "--port=53", "--bind-interfaces", "--except-interface=lo", .. addresses.Select(a => $"--listen-address={a}"),
            "--no-resolv", "--no-hosts", $"--addn-hosts={place.HostsFile}", "--log-queries",
            // Nobody is asked further: what is not known is not there.
            "--local=/#/", "--local-ttl=1",
            .. conduct.Names.Select(n => $"--address=/{n.Key}/{n.Value}"),
        ])
        {
            Listens = [.. addresses.SelectMany(a => new[] { $"udp {Literal(a)}:53", $"tcp {Literal(a)}:53" })],
            Log = place.LogOf(name),
        };
    }

    private static IEnumerable<ServerCommand> Harness(SegmentPlace place, int port, string socket) => place.Addresses(SegmentAddress.Harness).Select((address, at) =>
        new ServerCommand(string.Create(CultureInfo.InvariantCulture, $"harness-{port}-{at + 1}"), "socat",
        [
            string.Create(CultureInfo.InvariantCulture, $"{(address.Contains(':', StringComparison.Ordinal) ? "TCP6" : "TCP4")}-LISTEN:{port},bind={Literal(address)},reuseaddr,fork"),
            $"UNIX-CONNECT:{socket}",
        ])
        {
            Listens = [string.Create(CultureInfo.InvariantCulture, $"tcp {Literal(address)}:{port}")],
        });

    private static IEnumerable<ServerCommand> Time(SegmentPlace place, string socket) => place.Addresses(SegmentAddress.Harness).Select((address, at) =>
        new ServerCommand(string.Create(CultureInfo.InvariantCulture, $"time-{at + 1}"), "socat",
        [
            "-T2", $"{(address.Contains(':', StringComparison.Ordinal) ? "UDP6" : "UDP4")}-RECVFROM:123,bind={Literal(address)},reuseaddr,fork",
            $"UNIX-CONNECT:{socket}",
        ])
        {
            Listens = [$"udp {Literal(address)}:123"],
        });
}
