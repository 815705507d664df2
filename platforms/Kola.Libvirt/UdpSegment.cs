using System.Collections.Concurrent;
using Kola.Segments;

namespace Kola.Libvirt;

/// <summary>
/// An Ethernet segment of a test, a switch in kola. Each machine's card talks to a port of its own by UDP on this host's loopback, a datagram a frame: the emulator
/// may run as any user, and nothing of it is seen on the host's network.
/// </summary>
/// <param name="mtu">Longest packet it carries, bytes.</param>
/// <param name="clock">What delays and captures go by.</param>
internal sealed class UdpSegment(int mtu, TimeProvider clock)
{
    private readonly ConcurrentDictionary<UdpPort, bool> _ports = new();
    private readonly ConcurrentDictionary<ulong, UdpPort> _whereabouts = new();

    /// <summary>What delays and captures go by.</summary>
    public TimeProvider Clock => clock;

    /// <summary>Plugs a card in.</summary>
    /// <param name="vlan">The port's VLAN; null for one that passes all as it is.</param>
    public UdpPort Plug(int? vlan)
    {
        var port = new UdpPort(this, vlan);
        _ports[port] = true;
        return port;
    }

    internal void Unplug(UdpPort port)
    {
        _ports.TryRemove(port, out _);
        foreach (KeyValuePair<ulong, UdpPort> seen in _whereabouts.Where(w => w.Value == port))
            _whereabouts.TryRemove(seen);
    }

    // Destination, then source: six bytes each. A group address (lowest bit of the first byte) goes to everyone.
    internal void Switch(UdpPort from, byte[] frame)
    {
        if (frame.Length < 14 || frame.Length - VlanTag.Overhead(frame) > mtu)
            return;
        _whereabouts[AddressAt(frame, 6)] = from;
        bool known = (frame[0] & 1) == 0 & _whereabouts.TryGetValue(AddressAt(frame, 0), out UdpPort? to);
        foreach (UdpPort port in known ? [to!] : _ports.Keys)
        {
            if (port != from)
                port.Send(frame, from);
        }
    }

    private static ulong AddressAt(byte[] frame, int offset)
    {
        ulong address = 0;
        for (int i = 0; i < 6; i++)
            address = address << 8 | frame[offset + i];
        return address;
    }
}
