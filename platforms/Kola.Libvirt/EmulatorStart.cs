using Kola.Libvirt.Bindings;

namespace Kola.Libvirt;

/// <summary>
/// Has libvirt start a QEMU. One that has ended before libvirt has connected to its monitor is told as a socket that refuses, without the reason it gave;
/// the next one's is told, if libvirt is quicker then. Seen once, at a load of nine on two cores.
/// </summary>
internal static class EmulatorStart
{
    private const int Most = 3;

    /// <param name="start">The call. It is made again, twice at most, where libvirt did not get to speak to QEMU.</param>
    /// <exception cref="LibvirtException">What the last call said.</exception>
    internal static void Run(Action start)
    {
        for (int tries = 1; ; tries++)
        {
            try
            {
                start();
                return;
            }
            catch (LibvirtException problem) when (tries < Most && problem.Message.Contains("failed to connect to monitor socket", StringComparison.Ordinal))
            {
            }
        }
    }
}
