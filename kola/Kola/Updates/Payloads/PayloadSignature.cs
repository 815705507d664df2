using System.Security.Cryptography;

namespace Kola.Updates.Payloads;

/// <summary>A signature at the end of a payload.</summary>
/// <param name="Version">Which of several keys: a client takes one of <see cref="ClientVersion"/> and passes over the others.</param>
/// <param name="Data">As RSASSA-PKCS1-v1_5 has it; as long as the key.</param>
internal sealed record PayloadSignature(uint Version, ReadOnlyMemory<byte> Data)
{
    /// <summary>The version clients look at.</summary>
    public const uint ClientVersion = 2;

    /// <summary>Reads all signatures.</summary>
    /// <param name="message">The signatures as they stand in the file.</param>
    /// <param name="offset">Byte of the file at which they begin.</param>
    /// <exception cref="PayloadException">They are none.</exception>
    public static IReadOnlyList<PayloadSignature> ParseAll(ReadOnlyMemory<byte> message, long offset)
    {
        var all = new List<PayloadSignature>();
        var reader = new WireReader(message, offset);
        while (reader.Next())
        {
            if (reader.Field == 1)
                all.Add(Parse(reader.Message()));
            else
                reader.Skip();
        }

        return all;
    }

    /// <summary>Signatures as they stand in a file. Several have the versions that end with <see cref="ClientVersion"/>, in order.</summary>
    public static byte[] ToBytes(IReadOnlyList<ReadOnlyMemory<byte>> signatures)
    {
        var writer = new WireWriter();
        for (int i = 0; i < signatures.Count; i++)
        {
            ReadOnlyMemory<byte> data = signatures[i];
            ulong version = (ulong)(ClientVersion + 1 - signatures.Count + i);
            writer.Message(1, s =>
            {
                s.Number(1, version);
                s.Data(2, data.Span);
            });
        }

        return writer.ToBytes();
    }

    /// <summary>Whether a client that has a key would take one of these.</summary>
    /// <param name="signatures">What is in the file.</param>
    /// <param name="sha256">Of all that precedes them in the file.</param>
    /// <param name="key">The client's public key.</param>
    public static bool Accepts(IReadOnlyList<PayloadSignature> signatures, ReadOnlySpan<byte> sha256, RSA key) =>
        signatures.FirstOrDefault(s => s.Version == ClientVersion) is { } signature
        && key.VerifyHash(sha256, signature.Data.Span, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

    private static PayloadSignature Parse(WireReader reader)
    {
        var signature = new PayloadSignature(0, ReadOnlyMemory<byte>.Empty);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    signature = signature with { Version = (uint)Math.Min(reader.Number(), uint.MaxValue) };
                    break;
                case 2:
                    signature = signature with { Data = reader.Data() };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return signature;
    }
}
