using System.Security.Cryptography;

namespace Kola.Machines;

/// <summary>Ethernet addresses of machines' first cards.</summary>
internal static class EthernetAddress
{
    /// <summary>
    /// A new one, in the block QEMU's cards have. A copy needs one of its own, or its addresses would be those of its template and of all
    /// its other copies.
    /// </summary>
    internal static string Random()
    {
        while (true)
        {
            byte[] own = RandomNumberGenerator.GetBytes(3);
            // 52:54:00:6b:00:… are the cards on private segments.
            if (own is not [0x6b, 0x00, _])
                return $"52:54:00:{own[0]:x2}:{own[1]:x2}:{own[2]:x2}";
        }
    }
}
