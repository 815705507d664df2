using System.Globalization;
using System.Net;

namespace Kola.Machines;

/// <summary>Which addresses there are on the segments of a test. Tests are apart, so all of them have the same.</summary>
public static class SegmentAddress
{
    /// <summary>The harness's host on a segment: router, DHCP, the first name server, the time.</summary>
    public const int Harness = 254;

    /// <summary>Its second name server.</summary>
    public const int SecondNameServer = 253;

    /// <summary>First and last host DHCP gives away, and those it gives when it changes its mind.</summary>
    public static (int First, int Last) Pool(bool others) => others ? (200, 239) : (100, 139);

    // 198.18.0.0/15 is set aside for tests of devices (RFC 2544): it meets neither a user's network nor QEMU's 10.0.2.0/24.
    /// <summary>IPv4 address of a host, of a network of 24 bits.</summary>
    /// <param name="segment">Number of the segment in its test, from 0.</param>
    /// <param name="host">1 to 254. Machines count from 1.</param>
    public static string Ipv4(int segment, int host) => string.Create(CultureInfo.InvariantCulture, $"198.18.{segment}.{host}");

    // Of fd00::/8 (RFC 4193).
    /// <summary>IPv6 address of a host, of a network of 64 bits, as everybody writes it; with host 0 the network itself.</summary>
    /// <inheritdoc cref="Ipv4" path="/param"/>
    public static string Ipv6(int segment, int host) => IPAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"fd6b:6f6c:61:{segment:x}::{host:x}")).ToString();
}
