using System.Collections.Concurrent;
using Kola.Segments;

namespace Kola.Qemu;

/// <summary>
/// An Ethernet segment of a test. Each machine's card talks to a port of its own over a pair of unix datagram sockets, one datagram a frame. Without a
/// <see cref="Bridge"/> the segment is a switch in user space: nothing of it is seen on the host's network and no privileges are needed.
/// </summary>
internal sealed class Segment
{
    private readonly ConcurrentDictionary<SegmentPort, bool> _ports = new();
    private readonly ConcurrentDictionary<ulong, SegmentPort> _whereabouts = new();

    /// <summary>Longest packet it carries, bytes. Default 1500.</summary>
    public int Mtu { get; init; } = 1500;

    /// <summary>What delays and captures go by. Default the system's clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The kernel's bridge that joins the ports; null for a switch in user space.</summary>
    public Bridge? Bridge { get; init; }

    /// <summary>Ports in use.</summary>
    public int Count => _ports.Count;

    /// <summary>Plugs a card in.</summary>
    /// <param name="cardSocket">Where the card receives; need not exist yet, and may come again after a power cycle.</param>
    /// <param name="portSocket">Where the port receives; made here.</param>
    /// <param name="vlan">The port's VLAN; null for one that passes all as it is.</param>
    /// <param name="cancel">Ends it; nothing is left then.</param>
    /// <exception cref="PlatformException">The bridge takes no more.</exception>
    public async Task<SegmentPort> PlugAsync(string cardSocket, string portSocket, int? vlan, CancellationToken cancel)
    {
        var port = new SegmentPort(this, cardSocket, portSocket, vlan);
        _ports[port] = true;
        try
        {
            port.Start(Bridge is null ? null : await Bridge.OpenTapAsync(frame => port.Send(frame, SenderOf(frame)), cancel));
        }
        catch
        {
            await port.DisposeAsync();
            throw;
        }

        return port;
    }

    internal void Unplug(SegmentPort port)
    {
        _ports.TryRemove(port, out _);
        foreach (KeyValuePair<ulong, SegmentPort> seen in _whereabouts.Where(w => w.Value == port))
            _whereabouts.TryRemove(seen);
    }

    // Destination, then source: six bytes each. A group address (lowest bit of the first byte) goes to everyone.
    internal void Switch(SegmentPort from, byte[] frame)
    {
        if (frame.Length < 14 || frame.Length - VlanTag.Overhead(frame) > Mtu)
            return;
        _whereabouts[AddressAt(frame, 6)] = from;
        if (from.Tap is { } tap)
        {
            tap.Write(frame);
            return;
        }

        if ((frame[0] & 1) == 0 && _whereabouts.TryGetValue(AddressAt(frame, 0), out SegmentPort? to))
        {
            if (to != from)
                to.Send(frame, from);
            return;
        }

        foreach (SegmentPort port in _ports.Keys.Where(p => p != from))
            port.Send(frame, from);
    }

    // A bridge does not say by which of its ports a frame came in.
    private SegmentPort? SenderOf(byte[] frame) => frame.Length >= 14 && _whereabouts.TryGetValue(AddressAt(frame, 6), out SegmentPort? from) ? from : null;

    private static ulong AddressAt(byte[] frame, int offset)
    {
        ulong address = 0;
        for (int i = 0; i < 6; i++)
            address = address << 8 | frame[offset + i];
        return address;
    }
}
