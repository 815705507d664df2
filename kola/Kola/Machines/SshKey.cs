using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Utilities;
using Org.BouncyCastle.Security;

namespace Kola.Machines;

/// <summary>An ed25519 key, of a server or of a user.</summary>
/// <param name="PrivateKey">In OpenSSH's armoured format, without a newline at its end.</param>
/// <param name="PublicKey">One line: <c>ssh-ed25519 AAAA…</c>.</param>
/// <param name="Fingerprint"><c>SHA256:…</c>, as clients show it.</param>
internal sealed record SshKey(string PrivateKey, string PublicKey, string Fingerprint)
{
    internal static SshKey Create()
    {
        var privateKey = new Ed25519PrivateKeyParameters(new SecureRandom());
        byte[] publicKey = OpenSshPublicKeyUtilities.EncodePublicKey(privateKey.GeneratePublicKey());
        string armored = new(PemEncoding.Write("OPENSSH PRIVATE KEY", OpenSshPrivateKeyUtilities.EncodePrivateKey(privateKey)));
        return new SshKey(armored, $"ssh-ed25519 {Convert.ToBase64String(publicKey)}", "SHA256:" + Convert.ToBase64String(SHA256.HashData(publicKey)).TrimEnd('='));
    }
}
