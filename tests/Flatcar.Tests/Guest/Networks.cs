namespace Flatcar.Tests.Guest;

/// <summary>
/// Networks beyond a machine, made of namespaces within it: <c>systemd-networkd</c> looks after the end of the cable that is the machine's, and the other end is where a
/// test stands and looks at it. Addresses are those kept for documentation.
/// </summary>
public static class Networks
{
    extension(Machine machine)
    {
        /// <summary>Makes a namespace and a cable to it: <c>eth0</c> is its end in there, up and with an address.</summary>
        /// <param name="name">Name of the namespace.</param>
        /// <param name="link">Name of the machine's own end, which has no address and is down.</param>
        /// <param name="address">With its prefix: <c>192.0.2.1/24</c>.</param>
        public Task AddNamespaceAsync(string name, string link, string address) => machine.SudoAsync($"""
            set -e
            ip netns add {name}; ip link add {link} type veth peer name eth0 netns {name}
            ip -n {name} link set lo up; ip -n {name} link set eth0 up; ip -n {name} address add {address} dev eth0
            """);

        /// <summary>Runs a line of shell as root in a namespace; its exit code is the test's to judge.</summary>
        public Task<CommandResult> TryInNamespaceAsync(string name, string command) => machine.TryRunAsync($"sudo ip netns exec {name} sh -c {Machine.Quote(command)}");

        /// <summary>Gives networkd files, as a person does, and has it take them up.</summary>
        /// <param name="files">Names in /etc/systemd/network, and texts.</param>
        public async Task ConfigureNetworkAsync(params (string Name, string Text)[] files)
        {
            foreach ((string name, string text) in files)
                await machine.WriteFileAsync($"/etc/systemd/network/{name}", text + "\n");
            await machine.SudoAsync("networkctl reload");
        }

        /// <summary>Adds to the file by which networkd looks after a link that has one, whoever's that is.</summary>
        public async Task ExtendNetworkAsync(string link, string text)
        {
            CommandResult file = await machine.RunAsync($"basename $(networkctl --json=short status {link} | jq --raw-output .NetworkFile)");
            await machine.ConfigureNetworkAsync(($"{file.Text}.d/50-kola.conf", text));
        }

        /// <summary>Waits by networkd's own program until a link is in a state.</summary>
        /// <param name="link">It need not be there yet.</param>
        /// <param name="state">Of networkd's operational states, the least: <c>carrier</c>, <c>degraded</c>, <c>routable</c>.</param>
        public Task LinkIsAsync(string link, string state = "routable") => machine.SudoAsync($"/usr/lib/systemd/systemd-networkd-wait-online --timeout=120 --interface={link}:{state}");

        /// <summary>
        /// Has somebody listen who answers everybody with <c>NAME sees ADDRESS</c>, the address a connection comes from, and listens before this returns. systemd listens, so
        /// a machine's own does after a restart as well.
        /// </summary>
        /// <param name="port">TCP, on all addresses of both families.</param>
        /// <param name="inside">The namespace he is in, which is his name; null for the machine itself, whose name it is then.</param>
        public Task AnswerAsync(int port = 7000, string? inside = null) => machine.SudoAsync($$"""
            set -e; unit=kola-sees-{{inside ?? "machine"}}-{{port}}
            printf '%s\n' [Socket] ListenStream={{port}} Accept=yes {{(inside is null ? "" : $"NetworkNamespacePath=/run/netns/{inside}")}} [Install] WantedBy=sockets.target >/etc/systemd/system/$unit.socket
            printf '%s\n' [Service] StandardInput=socket StandardError=journal "ExecStart=sh -c 'echo {{inside ?? machine.Name}} sees \$\$REMOTE_ADDR'" >/etc/systemd/system/$unit@.service
            systemctl daemon-reload; systemctl {{(inside is null ? "enable --quiet --now" : "start")}} $unit.socket
            """);

        /// <summary>Asks one who answers; see <see cref="AnswerAsync"/>. The error says why when there is none: <c>refused</c> or <c>timed out</c>.</summary>
        /// <param name="address">Or name; one of IPv6 in brackets.</param>
        /// <param name="port">His.</param>
        /// <param name="options">Of socat's address: <c>bind=192.0.2.10</c>.</param>
        /// <param name="inside">The namespace that asks; null for the machine itself.</param>
        public Task<CommandResult> AskAsync(string address, int port = 7000, string options = "", string? inside = null) => machine.TryRunAsync(
            $"sudo {(inside is null ? "" : $"ip netns exec {inside} ")}timeout 30 socat -u TCP:{address}:{port},connect-timeout=4{(options.Length == 0 ? "" : "," + options)} - 2>&1");

        /// <summary>Watches a link while a script runs, and returns when so many frames that fit were seen.</summary>
        /// <param name="link">Its name.</param>
        /// <param name="filter">Of tcpdump: <c>vlan 10 and icmp</c>.</param>
        /// <param name="script">Of bash, run as root once the link is being watched.</param>
        /// <param name="frames">How many frames; fewer in 60 seconds are an error.</param>
        /// <returns>What tcpdump says of each frame, a line each, and what it says at its end.</returns>
        public Task<CommandResult> CaptureAsync(string link, string filter, string script, int frames = 1) => machine.RunAsync("sudo bash -o pipefail -c " + Machine.Quote($$"""
            timeout 60 tcpdump -l -e -nn -t --immediate-mode -c {{frames}} -i {{link}} '{{filter}}' 2>&1 | {
                while read -r line; do case $line in *"listening on"*) break;; esac; done
                { {{script}}; } >/dev/null 2>&1
                cat
            }
            """));

        /// <summary>Bytes or packets a link has counted.</summary>
        /// <param name="link">Its name.</param>
        /// <param name="counter"><c>rx_packets</c>, <c>tx_bytes</c>, …</param>
        public async Task<long> CountedAsync(string link, string counter) => long.Parse((await machine.RunAsync($"cat /sys/class/net/{link}/statistics/{counter}")).Text);

        /// <summary>The Ethernet address of a link.</summary>
        public async Task<string> EthernetAddressAsync(string link) => (await machine.RunAsync($"cat /sys/class/net/{link}/address")).Text;
    }
}
