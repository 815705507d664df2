using Kola.Machines;

namespace Kola.Libvirt;

/// <summary>The segments of a test: groups on a host's loopback that are there while somebody listens.</summary>
internal sealed class LibvirtNetwork : INetwork
{
    /// <exception cref="PlatformException">A segment is to have servers, which nothing here can be.</exception>
    public LibvirtNetwork(NetworkSpec spec)
    {
        if (spec.HasServers)
            throw new PlatformException(Signal.Host, $"{spec.Name}: libvirt's segments have no servers\n  wanted:  a platform that offers segment-servers\n  next:    run it on qemu");
    }

    /// <inheritdoc/>
    public Task ConductAsync(string segment, SegmentConduct conduct, CancellationToken cancel) =>
        throw new PlatformException(Signal.Host, $"segment \"{segment}\" has no servers that could behave otherwise");

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
