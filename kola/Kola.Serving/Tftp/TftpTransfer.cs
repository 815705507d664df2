using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Kola.Serving.Tftp;

/// <summary>One file on its way to one client: a packet, its acknowledgement, the next packet. What is not acknowledged in time is sent again.</summary>
internal sealed class TftpTransfer(Socket socket, IPEndPoint client, TimeSpan patience, TimeProvider time)
{
    internal const int ClientGone = 499;

    private const int UsualBlock = 512;

    // The most that a frame of Ethernet holds beside the headers of IP, UDP and TFTP: more comes in pieces, and one lost piece loses all.
    private const int LargestBlock = 1468;

    private const int Attempts = 6;

    private TimeSpan _patience = patience;

    /// <summary>Bytes of the content that the client has said it has.</summary>
    internal long Acknowledged { get; private set; }

    /// <summary>Says no. Not sent again: a client that does not hear it asks again.</summary>
    internal async Task<int> RefuseAsync(int code, string message, int status, CancellationToken cancel)
    {
        await socket.SendToAsync(TftpPacket.ErrorOf(code, message), client, cancel);
        return status;
    }

    /// <summary>Sends a file.</summary>
    /// <returns>200, or <see cref="ClientGone"/>.</returns>
    internal async Task<int> SendAsync(byte[] content, IReadOnlyDictionary<string, string> asked, CancellationToken cancel)
    {
        (int size, List<KeyValuePair<string, int>> options) = Agree(asked, content.Length);
        if (options.Count > 0 && !await DeliverAsync(TftpPacket.OptionsOf(options), 0, cancel))
            return ClientGone;
        // A block that is not full is the last; it may be empty. Numbers go round.
        for (int block = 1, at = 0; at <= content.Length; block++, at += size)
        {
            ReadOnlyMemory<byte> part = content.AsMemory(at, Math.Min(size, content.Length - at));
            if (!await DeliverAsync(TftpPacket.DataOf(block & 0xffff, part.Span), block & 0xffff, cancel))
                return ClientGone;
            Acknowledged = at + part.Length;
        }

        return 200;
    }

    // blksize: RFC 2348. timeout and tsize: RFC 2349. What is not known, or out of its limits, is not mentioned: then it does not hold.
    private (int Size, List<KeyValuePair<string, int>> Agreed) Agree(IReadOnlyDictionary<string, string> asked, int length)
    {
        int size = UsualBlock;
        var agreed = new List<KeyValuePair<string, int>>();
        if (Number("blksize", 8, 65464) is { } block)
            agreed.Add(new("blksize", size = Math.Min(block, LargestBlock)));
        if (Number("timeout", 1, 255) is { } seconds)
        {
            agreed.Add(new("timeout", seconds));
            _patience = TimeSpan.FromSeconds(seconds);
        }

        if (Number("tsize", 0, int.MaxValue) is not null)
            agreed.Add(new("tsize", length));
        return (size, agreed);

        int? Number(string name, int least, int most) =>
            asked.TryGetValue(name, out string? text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most ? number : null;
    }

    // An acknowledgement of an earlier block is one that was sent twice: answered by nothing, or everything from here on would be sent twice.
    private async Task<bool> DeliverAsync(byte[] packet, int block, CancellationToken cancel)
    {
        byte[] buffer = new byte[UsualBlock + 4];
        for (int attempt = 1; attempt <= Attempts; attempt++)
        {
            await socket.SendToAsync(packet, client, cancel);
            using var late = new CancellationTokenSource(_patience, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
            try
            {
                while (true)
                {
                    SocketReceiveFromResult came = await socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), either.Token);
                    if (!came.RemoteEndPoint.Equals(client))
                    {
                        await socket.SendToAsync(TftpPacket.ErrorOf(TftpPacket.UnknownTransfer, "not your transfer"), came.RemoteEndPoint, cancel);
                        continue;
                    }

                    int kind = TftpPacket.KindOf(buffer.AsSpan(0, came.ReceivedBytes));
                    if (kind == TftpPacket.Error)
                        return false;
                    if (kind == TftpPacket.Acknowledgement && TftpPacket.NumberOf(buffer) == block)
                        return true;
                }
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                // Once more.
            }
        }

        return false;
    }
}
