using Kola.Segments;

namespace Kola.Qemu;

/// <summary>
/// An Ethernet segment of a test. Each machine's card talks to a port of its own over a pair of unix datagram sockets, one datagram a frame. Without a
/// <see cref="Bridge"/> the segment is a switch in user space: nothing of it is seen on the host's network and no privileges are needed.
/// </summary>
internal sealed class Segment
{
    private readonly LearningSwitch _switch;

    /// <param name="mtu">Longest packet it carries, bytes.</param>
    public Segment(int mtu = 1500) => _switch = new LearningSwitch(mtu);

    /// <summary>What delays and captures go by. Default the system's clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The kernel's bridge that joins the ports; null for a switch in user space.</summary>
    public Bridge? Bridge { get; init; }

    /// <summary>Ports in use.</summary>
    public int Count => _switch.Count;

    /// <summary>Plugs a card in.</summary>
    /// <param name="cardSocket">Where the card receives; need not exist yet, and may come again after a power cycle.</param>
    /// <param name="portSocket">Where the port receives; made here.</param>
    /// <param name="vlan">The port's VLAN; null for one that passes all as it is.</param>
    /// <param name="cancel">Ends it; nothing is left then.</param>
    /// <exception cref="PlatformException">The bridge takes no more.</exception>
    public async Task<SegmentPort> PlugAsync(string cardSocket, string portSocket, int? vlan, CancellationToken cancel)
    {
        var port = new SegmentPort(this, cardSocket, portSocket, vlan);
        _switch.Add(port.Cable);
        try
        {
            port.Start(Bridge is null ? null : await Bridge.OpenTapAsync(frame => port.Cable.Send(frame, _switch.SenderOf(frame)), cancel));
        }
        catch
        {
            await port.DisposeAsync();
            throw;
        }

        return port;
    }

    internal void Unplug(SegmentPort port) => _switch.Remove(port.Cable);

    // A bridge does not say by which of its ports a frame came in: whose it is has been learnt here.
    internal void Switch(SegmentPort from, byte[] frame)
    {
        if (!_switch.Accept(from.Cable, frame))
            return;
        if (from.Tap is { } tap)
            tap.Write(frame);
        else
            _switch.Forward(from.Cable, frame);
    }
}
