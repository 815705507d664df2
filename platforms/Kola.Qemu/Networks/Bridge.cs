using System.Globalization;

namespace Kola.Qemu;

/// <summary>A bridge of the kernel, in the namespace of one test.</summary>
/// <param name="space">Where it is.</param>
/// <param name="name">Its name: the segment's.</param>
internal sealed class Bridge(NetworkNamespace space, string name)
{
    // More than any packet of a test, so that its MTU is the segment's matter alone.
    private const int Mtu = 9216;

    private static int s_taps;

    /// <summary>Makes it.</summary>
    public static async Task<Bridge> CreateAsync(NetworkNamespace space, string name, CancellationToken cancel)
    {
        // Nobody waits for a spanning tree; and what is multicast goes everywhere, as on a plain switch.
        await space.RunAsync($"ip link add {name} type bridge stp_state 0 forward_delay 0 mcast_snooping 0; ip link set {name} up", cancel);
        return new Bridge(space, name);
    }

    /// <summary>A new port.</summary>
    /// <param name="received">Takes each frame that leaves by it.</param>
    /// <param name="cancel">Ends it; nothing is left then.</param>
    /// <exception cref="PlatformException">The kernel makes none.</exception>
    public async Task<Tap> OpenTapAsync(Action<byte[]> received, CancellationToken cancel)
    {
        Tap tap = await Tap.OpenAsync(space.ProcessId, string.Create(CultureInfo.InvariantCulture, $"kola-{Interlocked.Increment(ref s_taps) % 100000}"), received);
        try
        {
            await space.RunAsync($"ip link set {tap.Name} mtu {Mtu} master {name} up", cancel);
            return tap;
        }
        catch
        {
            await tap.DisposeAsync();
            throw;
        }
    }
}
