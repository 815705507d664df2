using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Renci.SshNet;
using Renci.SshNet.Security;

namespace Kola.Labs;

/// <summary>
/// The keys of an SSH agent (draft-ietf-sshm-ssh-agent): each is asked to sign, and never leaves it. No library for this is to be had for the version of
/// SSH.NET that is used.
/// </summary>
internal sealed class SshAgent : IPrivateKeySource
{
    private const byte RequestIdentities = 11;
    private const byte Identities = 12;
    private const byte SignRequest = 13;
    private const byte SignResponse = 14;
    private const int MostBytes = 256 * 1024;
    private const uint RsaSha512 = 4;

    private SshAgent(IReadOnlyCollection<HostAlgorithm> keys) => HostKeyAlgorithms = keys;

    /// <inheritdoc/>
    public IReadOnlyCollection<HostAlgorithm> HostKeyAlgorithms { get; }

    /// <summary>The agent at a socket, with the keys it has now.</summary>
    /// <exception cref="UsageException">Nothing answers there, or it has no key.</exception>
    internal static SshAgent At(string socket)
    {
        try
        {
            HostAlgorithm[] keys = [.. KeysIn(Ask(socket, [RequestIdentities], Identities)).Select(blob => new Key(socket, blob))];
            return keys.Length > 0 ? new SshAgent(keys) : throw new UsageException($"the SSH agent at {socket} has no key\n  wanted:  one the machines let in\n  next:    ssh-add FILE");
        }
        catch (Exception fault) when (fault is SocketException or IOException or ArgumentException)
        {
            throw new UsageException($"the SSH agent at {socket} does not answer: {fault.Message}\n  wanted:  a running one, or key: FILE in the lab file\n  next:    eval $(ssh-agent); ssh-add", fault);
        }
    }

    // byte 12, then for each key: its public half and a comment
    private static IEnumerable<byte[]> KeysIn(byte[] answer)
    {
        int at = 1;
        for (uint left = Number(answer, ref at); left > 0; left--)
        {
            yield return Bytes(answer, ref at);
            _ = Bytes(answer, ref at);
        }
    }

    private static byte[] Ask(string socket, byte[] request, byte wanted)
    {
        using var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        connection.Connect(new UnixDomainSocketEndPoint(socket));
        using var stream = new NetworkStream(connection);
        stream.Write([.. Number((uint)request.Length), .. request]);
        byte[] length = new byte[4];
        stream.ReadExactly(length);
        uint bytes = BinaryPrimitives.ReadUInt32BigEndian(length);
        if (bytes is 0 or > MostBytes)
            throw new IOException($"an answer of {bytes} bytes");
        byte[] answer = new byte[bytes];
        stream.ReadExactly(answer);
        return answer[0] == wanted ? answer : throw new IOException($"it refused (answer {answer[0]})");
    }

    private static byte[] Number(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    private static uint Number(byte[] from, ref int at)
    {
        if (from.Length - at < 4)
            throw new IOException("an answer that is cut short");
        at += 4;
        return BinaryPrimitives.ReadUInt32BigEndian(from.AsSpan(at - 4));
    }

    private static byte[] Bytes(byte[] from, ref int at)
    {
        uint length = Number(from, ref at);
        if (length > from.Length - at)
            throw new IOException("an answer that is cut short");
        at += (int)length;
        return from[(at - (int)length)..at];
    }

    private static string KindOf(byte[] blob)
    {
        int at = 0;
        string kind = Encoding.ASCII.GetString(Bytes(blob, ref at));
        // A key of this kind signs in several ways, of which servers take the newer ones alone.
        return kind == "ssh-rsa" ? "rsa-sha2-512" : kind;
    }

    private sealed class Key(string socket, byte[] blob) : HostAlgorithm(KindOf(blob))
    {
        public override byte[] Data => blob;

        public override byte[] Sign(byte[] data)
        {
            byte[] answer = Ask(socket, [SignRequest, .. Number((uint)blob.Length), .. blob, .. Number((uint)data.Length), .. data, .. Number(Name == "rsa-sha2-512" ? RsaSha512 : 0)], SignResponse);
            int at = 1;
            return Bytes(answer, ref at);
        }

        public override bool VerifySignature(byte[] data, byte[] signature) => throw new NotSupportedException("nothing signed is held against a key of an agent");
    }
}
