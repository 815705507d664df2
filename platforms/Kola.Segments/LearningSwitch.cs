using System.Collections.Concurrent;

namespace Kola.Segments;

/// <summary>A switch in user space: it learns behind which cable an Ethernet address is, and sends to all of them what is for everyone or for nobody it knows.</summary>
/// <param name="mtu">Longest packet it carries, bytes.</param>
internal sealed class LearningSwitch(int mtu)
{
    // Destination, then source: six bytes each; two of the type.
    private const int HeaderBytes = 14;

    private readonly ConcurrentDictionary<Cable, bool> _cables = new();
    private readonly ConcurrentDictionary<ulong, Cable> _whereabouts = new();

    /// <summary>Cables that are plugged in.</summary>
    internal int Count => _cables.Count;

    /// <summary>Plugs one in.</summary>
    internal void Add(Cable cable) => _cables[cable] = true;

    /// <summary>Pulls one out, and forgets what is behind it.</summary>
    internal void Remove(Cable cable)
    {
        _cables.TryRemove(cable, out _);
        foreach (KeyValuePair<ulong, Cable> seen in _whereabouts.Where(w => w.Value == cable))
            _whereabouts.TryRemove(seen);
    }

    /// <summary>Takes notice of a frame that came in by a cable.</summary>
    /// <returns>False for one that is too short or too long to be carried.</returns>
    internal bool Accept(Cable from, byte[] frame)
    {
        if (frame.Length < HeaderBytes || frame.Length - VlanTag.Overhead(frame) > mtu)
            return false;
        _whereabouts[AddressAt(frame, 6)] = from;
        return true;
    }

    /// <summary>Sends a frame that was accepted on to where it is for.</summary>
    internal void Forward(Cable from, byte[] frame)
    {
        // A group address (lowest bit of the first byte) goes to everyone.
        if ((frame[0] & 1) == 0 && _whereabouts.TryGetValue(AddressAt(frame, 0), out Cable? to))
        {
            if (to != from)
                to.Send(frame, from);
            return;
        }

        foreach (Cable cable in _cables.Keys.Where(c => c != from))
            cable.Send(frame, from);
    }

    /// <summary>Behind which cable the sender of a frame is; null when that is not known.</summary>
    internal Cable? SenderOf(byte[] frame) => frame.Length >= HeaderBytes && _whereabouts.TryGetValue(AddressAt(frame, 6), out Cable? from) ? from : null;

    private static ulong AddressAt(byte[] frame, int offset)
    {
        ulong address = 0;
        for (int i = 0; i < 6; i++)
            address = address << 8 | frame[offset + i];
        return address;
    }
}
