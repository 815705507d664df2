namespace Kola.Segments;

/// <summary>What lies between a card and its segment, whatever carries the frames: what is to happen to them happens here, and the last of them are kept.</summary>
internal sealed class Cable : IDisposable
{
    private readonly int? _vlan;
    private volatile HashSet<Cable> _ignored = [];

    /// <param name="vlan">VLAN of the port it is plugged into; null for one that passes all as it is.</param>
    /// <param name="clock">What delays and captures go by.</param>
    /// <param name="toCard">Takes what the card is to get.</param>
    /// <param name="toSegment">Takes what the card sent, as it is on the segment.</param>
    internal Cable(int? vlan, TimeProvider clock, Action<byte[]> toCard, Action<byte[]> toSegment)
    {
        _vlan = vlan;
        Capture = new FrameRing(clock);
        ToCard = new LinkShaper(frame =>
        {
            Capture.Add(frame);
            toCard(frame);
        }, clock, new Random());
        FromCard = new LinkShaper(toSegment, clock, new Random());
    }

    /// <summary>What happens to frames on the way to the card.</summary>
    internal LinkShaper ToCard { get; }

    /// <summary>What happens to frames the card sends.</summary>
    internal LinkShaper FromCard { get; }

    /// <summary>What the card sent and got.</summary>
    internal FrameRing Capture { get; }

    /// <summary>Hears nothing of some other cables from now on.</summary>
    internal void Ignore(IEnumerable<Cable> senders) => _ignored = [.. senders];

    /// <summary>Takes a frame of the segment.</summary>
    /// <param name="frame">As it is on the segment.</param>
    /// <param name="sender">Whose it is; null when nobody knows.</param>
    internal void Send(byte[] frame, Cable? sender)
    {
        if (sender is not null && _ignored.Contains(sender))
            return;
        if (_vlan is null)
            ToCard.Send(frame);
        else if (VlanTag.Of(frame) == _vlan)
            ToCard.Send(VlanTag.Remove(frame));
    }

    /// <summary>Takes a frame of the card.</summary>
    internal void Take(byte[] frame)
    {
        Capture.Add(frame);
        if (_vlan is not { } vlan)
            FromCard.Send(frame);
        else if (frame.Length >= 14 && VlanTag.Of(frame) is null)
            FromCard.Send(VlanTag.Add(frame, vlan));
    }

    /// <summary>Drops what is on its way.</summary>
    public void Dispose()
    {
        ToCard.Dispose();
        FromCard.Dispose();
    }
}
