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
    private readonly LearningSwitch _switch = new(mtu);

    /// <summary>What delays and captures go by.</summary>
    public TimeProvider Clock => clock;

    /// <summary>Plugs a card in.</summary>
    /// <param name="vlan">The port's VLAN; null for one that passes all as it is.</param>
    public UdpPort Plug(int? vlan)
    {
        var port = new UdpPort(this, vlan);
        _switch.Add(port.Cable);
        return port;
    }

    internal void Unplug(UdpPort port) => _switch.Remove(port.Cable);

    internal void Switch(UdpPort from, byte[] frame)
    {
        if (_switch.Accept(from.Cable, frame))
            _switch.Forward(from.Cable, frame);
    }
}
