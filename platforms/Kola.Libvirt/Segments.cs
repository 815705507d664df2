using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Kola.Machines;

namespace Kola.Libvirt;

/// <summary>
/// The segments of a platform's tests. For machines of this host they are switches in kola. On another host they are multicast groups on that host's loopback:
/// QEMUs that join a group hear each other, and nothing can be done to that.
/// </summary>
internal sealed class Segments(TimeProvider clock)
{
    private readonly ConcurrentDictionary<(string Network, string Segment), UdpSegment> _switches = new();
    private readonly ConcurrentDictionary<(string Network, string Segment), string> _groups = new();
    private readonly ConcurrentDictionary<(string Network, string Segment), int> _mtus = new();

    /// <summary>Takes notice of a test's segments.</summary>
    /// <exception cref="PlatformException">A segment is to have servers, which nothing here can be.</exception>
    public INetwork Open(NetworkSpec spec)
    {
        if (spec.HasServers)
            throw new PlatformException(Signal.Host, $"{spec.Name}: libvirt's segments have no servers\n  wanted:  a platform that offers segment-servers\n  next:    run it on qemu");
        foreach (SegmentSpec segment in spec.Segments)
            _mtus[(spec.Name, segment.Name)] = segment.Mtu;
        return new LibvirtNetwork(() =>
        {
            foreach (SegmentSpec segment in spec.Segments)
            {
                _mtus.TryRemove((spec.Name, segment.Name), out _);
                _switches.TryRemove((spec.Name, segment.Name), out _);
                _groups.TryRemove((spec.Name, segment.Name), out _);
            }
        });
    }

    /// <summary>Plugs a card of this host in.</summary>
    public UdpPort Plug(InstanceLink link)
    {
        (string, string) name = (link.Network, link.Segment);
        return _switches.GetOrAdd(name, _ => new UdpSegment(_mtus.GetValueOrDefault(name, 1500), clock)).Plug(link.Vlan);
    }

    /// <summary>What QEMU of another host is told of a segment.</summary>
    /// <exception cref="PlatformException">It asks for more than cables.</exception>
    public string GroupOf(string machine, InstanceLink link)
    {
        if (link.Vlan is not null || _mtus.GetValueOrDefault((link.Network, link.Segment), 1500) != 1500)
            throw new PlatformException(Signal.Host, $"{machine}: segment \"{link.Segment}\" of another host has no VLAN ports, and no length of packets of its own\n  next:    run it on a libvirt of this host, or on qemu");
        return $"mcast={_groups.GetOrAdd((link.Network, link.Segment), _ => Draw())},localaddr=127.0.0.1";
    }

    // 239.0.0.0/8 is nobody's, and a group drawn at random is nobody else's. Ports below those the kernel gives away.
    private static string Draw()
    {
        byte[] tail = RandomNumberGenerator.GetBytes(3);
        return string.Create(CultureInfo.InvariantCulture, $"239.{tail[0]}.{tail[1]}.{tail[2]}:{RandomNumberGenerator.GetInt32(10_000, 32_000)}");
    }
}
