using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Org.BouncyCastle.Asn1.X9;
using Org.BouncyCastle.Crypto.EC;
using Org.BouncyCastle.Math;
using ECPoint = Org.BouncyCastle.Math.EC.ECPoint;

namespace Kola.Serving;

/// <summary>
/// A Tang server, to which clevis binds volumes: it tells its public keys, and multiplies a point that a client sends with its secret one. It never learns what
/// a volume's key is. Its own keys are no secrets: they are the same in every run, so that a config can name their thumbprint.
/// </summary>
internal static class TangServer
{
    /// <summary>What a config has to give for the key that signs: SHA-256, as Ignition and clevis want it.</summary>
    internal const string Thumbprint = "86_DT-2WUNex-obrBeScnGh5rk7NXu367iQS7zBRogc";

    private const int CoordinateBytes = 66;

    private static readonly X9ECParameters s_curve = CustomNamedCurves.GetByName("P-521");
    private static readonly Key s_signing = Key.Of("kola tang signing key");
    private static readonly Key s_exchange = Key.Of("kola tang exchange key");
    private static readonly Lazy<byte[]> s_advertisement = new(Advertisement);

    /// <summary>Answers what follows the server's base address.</summary>
    /// <param name="method">Of the request.</param>
    /// <param name="path"><c>/adv</c>, <c>/adv/THUMBPRINT</c>, <c>/rec/THUMBPRINT</c>.</param>
    /// <param name="body">Of the request.</param>
    /// <returns>HTTP status and the answer's body.</returns>
    internal static (int Status, byte[] Content) Answer(string method, string path, byte[] body) => (method, path.Split('?')[0].Trim('/').Split('/')) switch
    {
        ("GET" or "HEAD", ["adv"]) => (200, s_advertisement.Value),
        ("GET" or "HEAD", ["adv", var key]) when s_signing.Is(key) => (200, s_advertisement.Value),
        ("POST", ["rec", var key]) when s_exchange.Is(key) => Recover(body) is { } point ? (200, point) : (400, []),
        _ => (404, []),
    };

    /// <summary>The point of a JSON web key, multiplied; null when it is none of the curve.</summary>
    private static byte[]? Recover(byte[] body)
    {
        try
        {
            using var key = JsonDocument.Parse(body);
            if (key.RootElement.GetProperty("kty").GetString() != "EC" || key.RootElement.GetProperty("crv").GetString() != "P-521")
                return null;
            // Refuses what is not on the curve, which would tell of the secret.
            ECPoint point = s_curve.Curve.ValidatePoint(Number("x"), Number("y"));
            return Encoding.UTF8.GetBytes(Key.Json(point.Multiply(s_exchange.Secret).Normalize(), "ECMR", "deriveKey"));

            BigInteger Number(string name) => new(1, Base64Url.DecodeFromChars(key.RootElement.GetProperty(name).GetString()));
        }
        catch (Exception wrong) when (wrong is JsonException or KeyNotFoundException or FormatException or ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The public keys as a JSON web signature, signed by the one.</summary>
    private static byte[] Advertisement()
    {
        string keys = $$"""{"keys":[{{Key.Json(s_signing.Public, "ES512", "verify")}},{{Key.Json(s_exchange.Public, "ECMR", "deriveKey")}}]}""";
        string payload = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(keys));
        string header = Base64Url.EncodeToString("""{"alg":"ES512","cty":"jwk-set+json"}"""u8);
        using var signer = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP521,
            D = Bytes(s_signing.Secret),
            Q = new() { X = Bytes(s_signing.Public.AffineXCoord.ToBigInteger()), Y = Bytes(s_signing.Public.AffineYCoord.ToBigInteger()) },
        });
        byte[] signature = signer.SignData(Encoding.ASCII.GetBytes($"{header}.{payload}"), HashAlgorithmName.SHA512, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return Encoding.UTF8.GetBytes($$"""{"payload":"{{payload}}","protected":"{{header}}","signature":"{{Base64Url.EncodeToString(signature)}}"}""");
    }

    private static byte[] Bytes(BigInteger number)
    {
        byte[] bytes = number.ToByteArrayUnsigned();
        return [.. new byte[CoordinateBytes - bytes.Length], .. bytes];
    }

    private sealed record Key(BigInteger Secret, ECPoint Public)
    {
        internal static Key Of(string seed)
        {
            byte[] bytes = [.. SHA512.HashData(Encoding.ASCII.GetBytes(seed + " 1")), .. SHA512.HashData(Encoding.ASCII.GetBytes(seed + " 2"))];
            BigInteger secret = new BigInteger(1, bytes).Mod(s_curve.N.Subtract(BigInteger.One)).Add(BigInteger.One);
            return new Key(secret, s_curve.G.Multiply(secret).Normalize());
        }

        internal static string Json(ECPoint point, string algorithm, string operation) =>
            $$"""{"alg":"{{algorithm}}","crv":"P-521","key_ops":["{{operation}}"],"kty":"EC","x":"{{X(point)}}","y":"{{Y(point)}}"}""";

        // Clients of different ages ask by SHA-1 or by SHA-256.
        internal bool Is(string thumbprint) => thumbprint == Print(SHA256.HashData) || thumbprint == Print(SHA1.HashData);

        /// <summary>RFC 7638.</summary>
        internal string Print(Func<byte[], byte[]> hash) =>
            Base64Url.EncodeToString(hash(Encoding.ASCII.GetBytes($$"""{"crv":"P-521","kty":"EC","x":"{{X(Public)}}","y":"{{Y(Public)}}"}""")));

        private static string X(ECPoint point) => Base64Url.EncodeToString(Bytes(point.AffineXCoord.ToBigInteger()));

        private static string Y(ECPoint point) => Base64Url.EncodeToString(Bytes(point.AffineYCoord.ToBigInteger()));
    }
}
