using Kola.Machines;

namespace Kola.Segments;

/// <summary>A machine's card and the cable in it, as a test sees it.</summary>
/// <param name="segment">Name of the segment.</param>
/// <param name="network">What QEMU calls the network behind the card.</param>
/// <param name="cable">The cable; null for a card whose frames do not pass kola, which can only be pulled.</param>
/// <param name="port">Where it is plugged in; null for the same.</param>
/// <param name="carry">Tells QEMU whether the network behind a card has a carrier.</param>
internal sealed class CableLink(string segment, string network, Cable? cable, IAsyncDisposable? port, Func<string, bool, CancellationToken, Task> carry) : ILink, IAsyncDisposable
{
    /// <inheritdoc/>
    public string Segment => segment;

    /// <summary>What QEMU calls the network behind the card.</summary>
    public string Network => network;

    /// <summary>Whether it is plugged in now.</summary>
    public bool Plugged { get; private set; } = true;

    private Cable? Cable => cable;

    /// <inheritdoc/>
    public async Task PlugAsync(bool plugged, CancellationToken cancel)
    {
        await carry(network, plugged, cancel);
        Plugged = plugged;
    }

    /// <inheritdoc/>
    public void Shape(LinkCondition toMachine, LinkCondition fromMachine)
    {
        if (cable is null)
            return;
        cable.ToCard.Condition = toMachine;
        cable.FromCard.Condition = fromMachine;
    }

    /// <inheritdoc/>
    public void Ignore(IReadOnlyCollection<ILink> senders) => cable?.Ignore(senders.OfType<CableLink>().Select(l => l.Cable).OfType<Cable>());

    /// <inheritdoc/>
    public Task<bool> SaveCaptureAsync(string file, CancellationToken cancel) => cable?.Capture.SaveAsync(file, cancel) ?? Task.FromResult(false);

    /// <summary>Pulls the cable for good, out of the segment.</summary>
    public ValueTask DisposeAsync() => port?.DisposeAsync() ?? ValueTask.CompletedTask;
}
