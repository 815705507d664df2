using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Kola.Serving;
using Org.BouncyCastle.Asn1.X9;
using Org.BouncyCastle.Crypto.EC;
using Org.BouncyCastle.Math;
using ECPoint = Org.BouncyCastle.Math.EC.ECPoint;

namespace Kola.Tests.Serving;

/// <summary>The exchange that clevis makes with a Tang server, with the client's half of it made here.</summary>
public sealed class TangServerTests
{
    private static readonly X9ECParameters s_curve = CustomNamedCurves.GetByName("P-521");

    [Test]
    public async Task A_key_bound_to_the_server_is_had_again_with_its_help_and_the_server_does_not_see_it()
    {
        await using Served served = await Served.StartAsync();
        using JsonDocument keys = await KeysAsync(served);
        JsonElement exchange = Key(keys, "ECMR");
        ECPoint server = Point(exchange);

        // At the binding: the key is server·c, and client = G·c is kept beside what it encrypts.
        BigInteger c = new("123456789123456789");
        ECPoint key = server.Multiply(c).Normalize();
        ECPoint client = s_curve.G.Multiply(c).Normalize();

        // Later: the point that is kept, blinded by an ephemeral one, goes out, and what comes back is unblinded.
        BigInteger e = new("987654321987654321");
        ECPoint blinded = client.Add(s_curve.G.Multiply(e)).Normalize();
        using HttpResponseMessage answer = await RecoverAsync(served, Thumbprint(exchange, SHA256.HashData), Json(blinded));
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        using JsonDocument told = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        ECPoint again = Point(told.RootElement).Subtract(server.Multiply(e)).Normalize();
        Assert.That(again, Is.EqualTo(key));
        using HttpResponseMessage older = await RecoverAsync(served, Thumbprint(exchange, SHA1.HashData), Json(blinded));
        Assert.That(older.StatusCode, Is.EqualTo(HttpStatusCode.OK), "clients of before 2021 ask by SHA-1");
    }

    [Test]
    public async Task The_keys_are_signed_by_the_one_whose_thumbprint_configs_name()
    {
        await using Served served = await Served.StartAsync();
        using JsonDocument keys = await KeysAsync(served);
        JsonElement signing = Key(keys, "ES512");
        Assert.That(Thumbprint(signing, SHA256.HashData), Is.EqualTo(TangServer.Thumbprint));
        Assert.That(keys.RootElement.GetRawText(), Does.Not.Contain("\"d\""), "a secret key is told");

        using JsonDocument advertisement = JsonDocument.Parse(await served.Http.GetStringAsync(new Uri(served.Server.Addresses.Http("127.0.0.1") + "/tang/adv/" + TangServer.Thumbprint)));
        JsonElement signed = advertisement.RootElement;
        using var key = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP521,
            Q = new() { X = Base64Url.DecodeFromChars(signing.GetProperty("x").GetString()), Y = Base64Url.DecodeFromChars(signing.GetProperty("y").GetString()) },
        });
        byte[] text = Encoding.ASCII.GetBytes($"{signed.GetProperty("protected").GetString()}.{signed.GetProperty("payload").GetString()}");
        Assert.That(key.VerifyData(text, Base64Url.DecodeFromChars(signed.GetProperty("signature").GetString()), HashAlgorithmName.SHA512, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
    }

    [Test]
    public async Task What_is_no_point_of_the_curve_and_what_is_not_of_this_server_is_refused()
    {
        await using Served served = await Served.StartAsync();
        using JsonDocument keys = await KeysAsync(served);
        string exchange = Thumbprint(Key(keys, "ECMR"), SHA256.HashData);
        string off = """{"kty":"EC","crv":"P-521","x":"AQ","y":"AQ"}""";
        foreach ((string key, string body, HttpStatusCode wanted) in new[]
        {
            (exchange, off, HttpStatusCode.BadRequest), (exchange, "{", HttpStatusCode.BadRequest), (exchange, "[]", HttpStatusCode.BadRequest),
            (exchange, """{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"}""", HttpStatusCode.BadRequest), ("another", Json(s_curve.G), HttpStatusCode.NotFound),
            (TangServer.Thumbprint, Json(s_curve.G), HttpStatusCode.NotFound),
        })
        {
            using HttpResponseMessage answer = await RecoverAsync(served, key, body);
            Assert.That(answer.StatusCode, Is.EqualTo(wanted), body);
        }

        using HttpResponseMessage unknown = await served.GetAsync("/tang/adv/another");
        Assert.That(unknown.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
    }

    private static async Task<JsonDocument> KeysAsync(Served served)
    {
        using JsonDocument advertisement = JsonDocument.Parse(await served.Http.GetStringAsync(new Uri(served.Server.Addresses.Http("127.0.0.1") + "/tang/adv")));
        return JsonDocument.Parse(Base64Url.DecodeFromChars(advertisement.RootElement.GetProperty("payload").GetString()));
    }

    private static async Task<HttpResponseMessage> RecoverAsync(Served served, string key, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/jwk+json");
        return await served.Http.PostAsync(new Uri(served.Server.Addresses.Http("127.0.0.1") + "/tang/rec/" + key), content);
    }

    private static JsonElement Key(JsonDocument keys, string algorithm) =>
        keys.RootElement.GetProperty("keys").EnumerateArray().Single(k => k.GetProperty("alg").GetString() == algorithm);

    private static ECPoint Point(JsonElement key) => s_curve.Curve.CreatePoint(Number(key, "x"), Number(key, "y"));

    private static BigInteger Number(JsonElement key, string name) => new(1, Base64Url.DecodeFromChars(key.GetProperty(name).GetString()));

    private static string Thumbprint(JsonElement key, Func<byte[], byte[]> hash) => Base64Url.EncodeToString(hash(Encoding.ASCII.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $$"""{"crv":"P-521","kty":"EC","x":"{{key.GetProperty("x").GetString()}}","y":"{{key.GetProperty("y").GetString()}}"}"""))));

    private static string Json(ECPoint point)
    {
        ECPoint whole = point.Normalize();
        return $$"""{"alg":"ECMR","kty":"EC","crv":"P-521","x":"{{Coordinate(whole.AffineXCoord.ToBigInteger())}}","y":"{{Coordinate(whole.AffineYCoord.ToBigInteger())}}"}""";
    }

    private static string Coordinate(BigInteger number)
    {
        byte[] bytes = number.ToByteArrayUnsigned();
        return Base64Url.EncodeToString([.. new byte[66 - bytes.Length], .. bytes]);
    }
}
