using Kola.Machines;

namespace Kola.Qemu;

/// <summary>Where the harness's host is on a segment.</summary>
/// <param name="Spec">The segment.</param>
/// <param name="Number">Its number in its test.</param>
/// <param name="Logs">Existing directory for what servers write down.</param>
/// <param name="Directory">Existing directory for their own files, of a short path.</param>
internal sealed record SegmentPlace(SegmentSpec Spec, int Number, string Logs, string Directory)
{
    /// <summary>The host's device: a bridge, or a card on the switch.</summary>
    public string Device => Spec.Name;

    public string HostsFile => Path.Combine(Directory, "hosts");

    public string LeaseFile => Path.Combine(Directory, $"{Spec.Name}.leases");

    public string ProxyFile => Path.Combine(Directory, $"{Spec.Name}.proxy");

    /// <summary>Whether the host has IPv6 there.</summary>
    public bool HasIpv6 => Spec.Addressing is SegmentAddressing.Ipv6 or SegmentAddressing.Dual || (Spec.Servers & (SegmentServers.Slaac | SegmentServers.Dhcp6)) != 0;

    /// <summary>Whether the host has IPv4 there.</summary>
    public bool HasIpv4 => Spec.Addressing is SegmentAddressing.Ipv4 or SegmentAddressing.Dual || Spec.Servers.HasFlag(SegmentServers.Dhcp4) || !HasIpv6;

    public string LogOf(string server) => Path.Combine(Logs, $"{Spec.Name}-{server}.txt");

    public string Ipv4(int host) => SegmentAddress.Ipv4(Number, host);

    public string Ipv6(int host) => SegmentAddress.Ipv6(Number, host);

    /// <summary>All addresses of one of its hosts, IPv4 first.</summary>
    public IReadOnlyList<string> Addresses(int host) => [.. HasIpv4 ? [Ipv4(host)] : Array.Empty<string>(), .. HasIpv6 ? [Ipv6(host)] : Array.Empty<string>()];

    /// <summary>Gives the host its addresses.</summary>
    public string SetUp()
    {
        IEnumerable<string> addresses = new[] { SegmentAddress.Harness, SegmentAddress.SecondNameServer }.SelectMany(host => Addresses(host));
        return string.Concat(addresses.Select(a => $"ip address add {a}/{(a.Contains(':', StringComparison.Ordinal) ? "64" : "24")} dev {Device}{(a.Contains(':', StringComparison.Ordinal) ? " nodad" : "")}; "));
    }

    /// <summary>Lets machines out to another segment, their addresses hidden behind the host's there.</summary>
    /// <param name="uplink">The other segment's device.</param>
    public string RouteTo(string uplink) => $$"""
        sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
        nft -f - <<'END'
        table inet {{Device.Replace('-', '_')}} {
          chain forward { type filter hook forward priority 0; policy accept;
            iifname "{{Device}}" oifname "{{uplink}}" accept
            oifname "{{Device}}" ct state established,related accept
            oifname "{{Device}}" drop
            iifname "{{Device}}" drop
          }
          chain out { type nat hook postrouting priority 100; policy accept;
            iifname "{{Device}}" oifname "{{uplink}}" masquerade
          }
        }
        END
        """;
}
