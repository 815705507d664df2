using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Kola.Serving.Tftp;

namespace Kola.Tests.Serving;

/// <summary>A client of TFTP that loses packets where it is told to.</summary>
/// <param name="port">The server's.</param>
/// <param name="lose">Whether the n-th packet that arrives, or that is to be sent, is lost. Counted from 0, both directions apart.</param>
internal sealed class TftpClient(int port, Func<bool, int, bool>? lose = null) : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(150);

    private readonly Socket _socket = Bound();
    private readonly byte[] _buffer = new byte[65536];
    private int _sent;
    private int _received;

    /// <summary>What the server said of options; null when it said nothing.</summary>
    internal string? Agreed { get; private set; }

    /// <summary>What the server said when it did not serve; null when it did.</summary>
    internal string? Error { get; private set; }

    internal int Packets => _received;

    /// <summary>Gets a file.</summary>
    internal async Task<byte[]> GetAsync(string file, string mode = "octet", params (string Name, int Value)[] options)
    {
        byte[] request = [0, 1, .. Encoding.UTF8.GetBytes($"{file}\0{mode}\0{string.Concat(options.Select(o => $"{o.Name}\0{o.Value.ToString(CultureInfo.InvariantCulture)}\0"))}")];
        EndPoint server = new IPEndPoint(IPAddress.Loopback, port);
        var content = new MemoryStream();
        int wanted = options.Length > 0 ? 0 : 1;
        int size = 512;
        byte[] last = request;
        await SendAsync(last, server);
        for (int late = 0; late < 40;)
        {
            if (await ReceiveAsync() is not { } came)
            {
                late++;
                await SendAsync(last, server);
                continue;
            }

            int kind = TftpPacket.KindOf(_buffer);
            if (kind == TftpPacket.Error)
            {
                Error = Encoding.ASCII.GetString(_buffer, 4, came.Length - 5);
                return [];
            }

            server = came.From;
            if (kind == TftpPacket.OptionAcknowledgement && wanted == 0)
            {
                Agreed = Encoding.ASCII.GetString(_buffer, 2, came.Length - 2).Replace('\0', ' ').TrimEnd();
                string[] words = Agreed.Split(' ');
                if (Array.IndexOf(words, "blksize") is >= 0 and var at)
                    size = int.Parse(words[at + 1], CultureInfo.InvariantCulture);
                wanted = 1;
                await SendAsync(last = TftpPacket.AcknowledgementOf(0), server);
            }
            else if (kind == TftpPacket.Data)
            {
                int block = TftpPacket.NumberOf(_buffer);
                if (block == (wanted & 0xffff) || wanted == 0 && block == 1)
                {
                    wanted = Math.Max(wanted, 1) + 1;
                    content.Write(_buffer, 4, came.Length - 4);
                    last = TftpPacket.AcknowledgementOf(block);
                }

                await SendAsync(TftpPacket.AcknowledgementOf(block), server);
                if (came.Length - 4 < size && block == ((wanted - 1) & 0xffff))
                {
                    await LingerAsync(server, block);
                    return content.ToArray();
                }
            }
        }

        throw new AssertionException($"{file}: no end after {content.Length} bytes");
    }

    public void Dispose() => _socket.Dispose();

    // The last acknowledgement may be lost, too: who leaves at once leaves a server that asks in vain.
    private async Task LingerAsync(EndPoint server, int block)
    {
        while (await ReceiveAsync() is not null)
            await SendAsync(TftpPacket.AcknowledgementOf(block), server);
    }

    private async Task SendAsync(byte[] packet, EndPoint to)
    {
        if (lose?.Invoke(false, _sent++) != true)
            await _socket.SendToAsync(packet, to);
    }

    private async Task<(int Length, EndPoint From)?> ReceiveAsync()
    {
        using var late = new CancellationTokenSource(s_patience);
        try
        {
            while (true)
            {
                SocketReceiveFromResult came = await _socket.ReceiveFromAsync(_buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), late.Token);
                if (lose?.Invoke(true, _received++) != true)
                    return (came.ReceivedBytes, came.RemoteEndPoint);
            }
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private static Socket Bound()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }
}
