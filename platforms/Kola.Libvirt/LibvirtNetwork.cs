using Kola.Machines;

namespace Kola.Libvirt;

/// <summary>The segments of a test. There is nothing to them but cables.</summary>
/// <param name="close">Forgets them.</param>
internal sealed class LibvirtNetwork(Action close) : INetwork
{
    /// <inheritdoc/>
    public Task ConductAsync(string segment, SegmentConduct conduct, CancellationToken cancel) =>
        throw new PlatformException(Signal.Host, $"segment \"{segment}\" has no servers that could behave otherwise");

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        close();
        return ValueTask.CompletedTask;
    }
}
