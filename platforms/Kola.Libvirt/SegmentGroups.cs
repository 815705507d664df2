using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;

namespace Kola.Libvirt;

/// <summary>
/// Which multicast group on a host's loopback stands for a segment. QEMUs that join a group hear each other; groups of 239.0.0.0/8 are nobody's, and one drawn at
/// random is nobody else's.
/// </summary>
internal sealed class SegmentGroups
{
    private readonly ConcurrentDictionary<(string Network, string Segment), string> _groups = new();

    /// <summary>The group of a segment.</summary>
    public string Of(string network, string segment) => _groups.GetOrAdd((network, segment), _ => Draw());

    // Ports below those the kernel gives away.
    private static string Draw()
    {
        byte[] tail = RandomNumberGenerator.GetBytes(3);
        return string.Create(CultureInfo.InvariantCulture, $"239.{tail[0]}.{tail[1]}.{tail[2]}:{RandomNumberGenerator.GetInt32(20_000, 32_000)}");
    }
}
