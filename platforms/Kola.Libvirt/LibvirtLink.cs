using Kola.Machines;

namespace Kola.Libvirt;

/// <summary>A cable of a machine under libvirt.</summary>
/// <param name="segment">Name of the segment.</param>
/// <param name="network">What QEMU calls the network behind the card.</param>
/// <param name="port">Where it is plugged in; null where that is not kola's own.</param>
/// <param name="carry">Tells QEMU whether the card has a carrier.</param>
internal sealed class LibvirtLink(string segment, string network, UdpPort? port, Func<string, bool, CancellationToken, Task> carry) : ILink
{
    /// <inheritdoc/>
    public string Segment => segment;

    /// <summary>What QEMU calls the network behind the card.</summary>
    public string Network => network;

    /// <summary>Where it is plugged in.</summary>
    public UdpPort? Port => port;

    /// <summary>Whether it is plugged in now.</summary>
    public bool Plugged { get; private set; } = true;

    /// <inheritdoc/>
    public async Task PlugAsync(bool plugged, CancellationToken cancel)
    {
        await carry(network, plugged, cancel);
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
    public void Ignore(IReadOnlyCollection<ILink> senders) => port?.Ignore(senders.OfType<LibvirtLink>().Select(l => l.Port).OfType<UdpPort>());

    /// <inheritdoc/>
    public Task<bool> SaveCaptureAsync(string file, CancellationToken cancel) => port?.Capture.SaveAsync(file, cancel) ?? Task.FromResult(false);
}
