namespace Flatcar.Tests.Faults;

/// <summary>What may be wrong with names, addresses and packets.</summary>
public static class NetworkFaults
{
    [Fault("dns.resolved-stopped", "systemd-resolved is masked", Near = ["cl.basic", "core.*", "network.*"])]
    public static Task Resolved_is_gone(Machine machine) => machine.StopForGoodAsync("systemd-resolved.service");

    [Fault("dns.unreachable", "the name server is one that never answers", Near = ["core.*", "network.*", "cl.basic"])]
    public static Task No_name_server_answers(Machine machine) => machine.BreakAsync(
        "mkdir -p /etc/systemd/resolved.conf.d; printf '[Resolve]\\nDNS=192.0.2.1\\nDomains=~.\\n' >/etc/systemd/resolved.conf.d/99-fault.conf; systemctl restart systemd-resolved.service",
        "grep -q 'nameserver 192.0.2.1' /run/systemd/resolve/resolv.conf");

    [Fault("dns.resolver-file", "resolv.conf is a file of its own and names nobody who answers", Near = ["cl.basic", "core.*"])]
    public static Task The_resolver_is_no_link(Machine machine) =>
        machine.BreakAsync("rm /etc/resolv.conf; echo nameserver 192.0.2.1 >/etc/resolv.conf", "test ! -L /etc/resolv.conf");

    [Fault("network.networkd-stopped", "systemd-networkd is masked", Near = ["network.*", "core.*", "cl.basic"])]
    public static Task Networkd_is_gone(Machine machine) => machine.StopForGoodAsync("systemd-networkd.service", "systemd-networkd.socket");

    [Fault("network.port-open", "something listens on a port for everybody", Near = ["security.*", "core.*"])]
    public static Task A_port_is_open(Machine machine) => machine.AddUnitAsync(
        "fault.service", "[Service]\nExecStart=socat TCP-LISTEN:2323,fork,reuseaddr EXEC:cat\n[Install]\nWantedBy=multi-user.target", "ss -ltn | grep -q 0.0.0.0:2323");

    [Fault("network.no-ping", "the firewall drops every ping", Near = ["network.*", "core.*", "docker.*"])]
    public static Task Pings_are_dropped(Machine machine) =>
        machine.BreakAsync("iptables -I INPUT -p icmp -j DROP", "! ping -c 1 -W 1 127.0.0.1");

    [Fault("network.no-loopback", "there is no loopback address", Near = ["cl.basic", "core.*", "network.*"])]
    public static Task Nothing_is_local(Machine machine) =>
        machine.BreakAsync("ip link set lo down", "! ping -c 1 -W 1 127.0.0.1");

    [Fault("network.forwards", "the machine forwards what is not for it", Near = ["security.*", "network.*"])]
    public static Task Packets_are_forwarded(Machine machine) => machine.SetKernelAsync("net.ipv4.ip_forward", "1");

    [Fault("network.redirects", "anybody may redirect the machine's routes", Near = ["security.*", "network.*"])]
    public static Task Redirects_are_taken(Machine machine) => machine.SetKernelAsync("net.ipv4.conf.all.accept_source_route", "1");

    [Fault("network.no-syncookies", "a flood of connections is not fended off", Near = ["security.*", "network.*"])]
    public static Task Connections_flood(Machine machine) => machine.SetKernelAsync("net.ipv4.tcp_syncookies", "0");

    [Fault("network.no-wireguard", "the kernel has no WireGuard", Near = ["network.*", "core.*"])]
    public static Task No_tunnel_can_be_made(Machine machine) => machine.ForbidModuleAsync("wireguard");

    [Fault("network.hosts-lost", "the machine's file of hosts is empty", Near = ["core.*", "network.*"])]
    public static Task Nobody_is_known_by_name(Machine machine) => machine.BreakAsync(": >/etc/hosts", "test ! -s /etc/hosts");
}
