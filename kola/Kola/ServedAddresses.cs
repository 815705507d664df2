namespace Kola;

/// <summary>Where the harness serves files to machines: ports of the host's 127.0.0.1, which QEMU's user network shows to its guests at another address.</summary>
/// <param name="HttpPort">TCP.</param>
/// <param name="HttpsPort">TCP; its certificate is signed by <paramref name="CaCertificate"/>.</param>
/// <param name="TftpPort">UDP; answers come from other ports, as TFTP has it.</param>
/// <param name="CaCertificate">PEM of the authority made for this run, whose key is gone.</param>
public sealed record ServedAddresses(int HttpPort, int HttpsPort, int TftpPort, string CaCertificate)
{
    /// <summary>The host as guests of QEMU's user network see it.</summary>
    public const string QemuHost = "10.0.2.2";

    /// <summary>Base address without a slash at its end: <c>http://10.0.2.2:34567</c>.</summary>
    /// <param name="host">The host's address, as the machine that asks sees it; IPv6 in brackets.</param>
    public string Http(string host) => FormattableString.Invariant($"http://{host}:{HttpPort}");

    /// <summary>Base address without a slash at its end: <c>https://10.0.2.2:34568</c>.</summary>
    /// <param name="host">The host's address, as the machine that asks sees it; IPv6 in brackets.</param>
    public string Https(string host) => FormattableString.Invariant($"https://{host}:{HttpsPort}");

    /// <summary>Base address without a slash at its end: <c>tftp://10.0.2.2:34569</c>.</summary>
    /// <param name="host">The host's address, as the machine that asks sees it; IPv6 in brackets.</param>
    public string Tftp(string host) => FormattableString.Invariant($"tftp://{host}:{TftpPort}");

    /// <summary>The authority's certificate as an address, for <c>ignition.security.tls.certificateAuthorities</c>.</summary>
    public string CaDataUrl => "data:;base64," + Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(CaCertificate));

    /// <summary>A text with <c>${files.http}</c>, <c>${files.https}</c>, <c>${files.tftp}</c> and <c>${files.ca}</c> replaced; others are left.</summary>
    /// <param name="text">A config.</param>
    /// <param name="host">The host's address, as the machine that asks sees it; IPv6 in brackets.</param>
    public string Fill(string text, string host) => text
        .Replace("${files.http}", Http(host), StringComparison.Ordinal)
        .Replace("${files.https}", Https(host), StringComparison.Ordinal)
        .Replace("${files.tftp}", Tftp(host), StringComparison.Ordinal)
        .Replace("${files.ca}", CaDataUrl, StringComparison.Ordinal);
}
