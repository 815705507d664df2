using Kola.Machines;

namespace Kola.Qemu;

/// <summary>A cable of a machine under QEMU.</summary>
/// <param name="segment">Name of the segment.</param>
/// <param name="port">Where it is plugged in; null for the card the harness comes in by, which ends within QEMU.</param>
/// <param name="carry">Tells QEMU whether the card has a carrier.</param>
internal sealed class QemuLink(string segment, SegmentPort? port, Func<bool, CancellationToken, Task> carry) : ILink
{
    /// <inheritdoc/>
    public string Segment => segment;

    /// <summary>Where it is plugged in.</summary>
    public SegmentPort? Port => port;

    /// <summary>Whether it is plugged in now.</summary>
    public bool Plugged { get; private set; } = true;

    /// <inheritdoc/>
    public async Task PlugAsync(bool plugged, CancellationToken cancel)
    {
        await carry(plugged, cancel);
        Plugged = plugged;
    }

    /// <inheritdoc/>
    public void Shape(LinkCondition toMachine, LinkCondition fromMachine)
    {
        if (port is null)
            return;
        port.ToCard.Condition = toMachine;
        port.FromCard.Condition = fromMachine;
    }

    /// <inheritdoc/>
    public void Ignore(IReadOnlyCollection<ILink> senders) => port?.Ignore(senders.OfType<QemuLink>().Select(l => l.Port).OfType<SegmentPort>());

    /// <inheritdoc/>
    public Task<bool> SaveCaptureAsync(string file, CancellationToken cancel) => port?.Capture.SaveAsync(file, cancel) ?? Task.FromResult(false);
}
