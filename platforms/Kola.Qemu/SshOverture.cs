using System.Buffers.Binary;

namespace Kola.Qemu;

/// <summary>What an SSH server says before it knows anything of its client: its own greeting, and what algorithms it offers (RFC 4253, 4.2 and 7.1).</summary>
internal static class SshOverture
{
    // A packet's length without the four bytes that say so; a server's offer is about 1 KiB.
    private const int LongestPacket = 35_000;
    private const int LongestLine = 255;

    private static readonly byte[] s_start = "SSH-2.0-"u8.ToArray();

    /// <summary>Greets a server and takes what it says.</summary>
    /// <param name="server">To the server.</param>
    /// <param name="greeting">The client's line, without its end.</param>
    /// <param name="within">How long the server may take.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="PlatformException">It did not answer, or not as an SSH server.</exception>
    public static async Task<byte[]> PlayAsync(Stream server, string greeting, TimeSpan within, CancellationToken cancel)
    {
        using var late = new CancellationTokenSource(within);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
        try
        {
            using var said = new MemoryStream();
            await server.WriteAsync(System.Text.Encoding.ASCII.GetBytes(greeting + "\r\n"), either.Token);
            byte[] next = new byte[1];
            await SkipToAsync(server, either.Token);
            said.Write(s_start);
            do
            {
                await server.ReadExactlyAsync(next, either.Token);
                said.Write(next);
            }
            while (next[0] != '\n' && said.Length <= LongestLine);

            byte[] length = new byte[4];
            await server.ReadExactlyAsync(length, either.Token);
            int bytes = BinaryPrimitives.ReadInt32BigEndian(length);
            if (said.Length > LongestLine || bytes is < 1 or > LongestPacket)
                throw new PlatformException(Signal.Template, $"the SSH server of the guest program did not answer as one\n  wanted:  a line and a packet\n  got:     {said.Length} bytes and a packet of {bytes}");
            byte[] packet = new byte[bytes];
            await server.ReadExactlyAsync(packet, either.Token);
            said.Write(length);
            said.Write(packet);
            return said.ToArray();
        }
        catch (Exception silent) when (silent is EndOfStreamException or IOException || silent is OperationCanceledException && !cancel.IsCancellationRequested)
        {
            throw new PlatformException(Signal.Template, $"the SSH server of the guest program did not answer within {within.TotalSeconds:0} s\n  got:     {silent.Message}\n  next:    has the image /usr/sbin/sshd?", silent);
        }
    }

    // Before it there may be the last words of a server that served somebody else.
    private static async Task SkipToAsync(Stream server, CancellationToken cancel)
    {
        byte[] next = new byte[1];
        for (int matched = 0; matched < s_start.Length;)
        {
            await server.ReadExactlyAsync(next, cancel);
            matched = next[0] == s_start[matched] ? matched + 1 : next[0] == s_start[0] ? 1 : 0;
        }
    }
}
