using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kola.Serving;

/// <summary>A certificate authority that signs one server certificate and then loses its key.</summary>
internal sealed class RunCertificates : IDisposable
{
    // A machine's clock may be off by a time zone; a machine that is kept, or frozen, may come back after weeks.
    private static readonly TimeSpan s_before = TimeSpan.FromDays(2);
    private static readonly TimeSpan s_after = TimeSpan.FromDays(60);

    private X509Certificate2? _server;

    private RunCertificates(string authority, X509Certificate2 server) => (Authority, _server) = (authority, server);

    /// <summary>PEM.</summary>
    internal string Authority { get; }

    /// <param name="hosts">Addresses and names the server is known by.</param>
    /// <param name="time">Says when they begin to hold.</param>
    internal static RunCertificates Make(IReadOnlyList<string> hosts, TimeProvider time)
    {
        DateTimeOffset now = time.GetUtcNow();
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authority = new CertificateRequest("CN=kola authority of one run", authorityKey, HashAlgorithmName.SHA256);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        authority.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        authority.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(authority.PublicKey, critical: false));
        using X509Certificate2 signer = authority.CreateSelfSigned(now - s_before, now + s_after);

        using var serverKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var server = new CertificateRequest("CN=kola", serverKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (string host in hosts)
        {
            if (IPAddress.TryParse(host, out IPAddress? address))
                names.AddIpAddress(address);
            else
                names.AddDnsName(host);
        }

        server.CertificateExtensions.Add(names.Build());
        server.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        server.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        server.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false)); // serverAuth
        server.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(signer, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        using X509Certificate2 signed = server.Create(signer, now - s_before, now + s_after, RandomNumberGenerator.GetBytes(16));
        return new RunCertificates(signer.ExportCertificatePem() + "\n", signed.CopyWithPrivateKey(serverKey));
    }

    /// <summary>The server's, with its key. Whoever takes it has it.</summary>
    internal X509Certificate2 TakeServer()
    {
        X509Certificate2 server = _server ?? throw new InvalidOperationException("taken before");
        _server = null;
        return server;
    }

    public void Dispose() => _server?.Dispose();
}
