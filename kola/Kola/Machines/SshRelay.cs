using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Kola.Machines;

/// <summary>
/// Leads one SSH client to a server that has begun its part already, in a machine that was frozen since: the client is told what the server
/// said then, and its greeting, which the server had then, is held back.
/// </summary>
public sealed class SshRelay : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Stream _server;
    private readonly ReadOnlyMemory<byte> _said;
    private readonly string _greeting;
    private readonly CancellationTokenSource _over = new();

    /// <param name="server">To the server. It stays open: another server may come to it.</param>
    /// <param name="said">All it has said.</param>
    /// <param name="greeting">What it was greeted with, without the line's end.</param>
    public SshRelay(Stream server, ReadOnlyMemory<byte> said, string greeting)
    {
        (_server, _said, _greeting) = (server, said, greeting);
        _listener.Start(1);
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _ = RunAsync();
    }

    /// <summary>Port of 127.0.0.1 the client is to connect to, once.</summary>
    public int Port { get; }

    /// <summary>Ends the client's connection.</summary>
    public void Dispose()
    {
        _over.Cancel();
        _listener.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            using TcpClient client = await _listener.AcceptTcpClientAsync();
            _listener.Stop();
            client.NoDelay = true;
            await using NetworkStream stream = client.GetStream();
            await stream.WriteAsync(_said);
            if (await ReadLineAsync(stream) == _greeting)
                await Task.WhenAny(stream.CopyToAsync(_server, _over.Token), _server.CopyToAsync(stream, _over.Token));
        }
        catch (Exception gone) when (gone is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // One of the two has gone; the other one notices by its end of the connection.
        }

        Dispose();
    }

    // Byte by byte: what follows the line is the server's.
    private static async Task<string> ReadLineAsync(NetworkStream stream)
    {
        var line = new StringBuilder();
        byte[] next = new byte[1];
        while (line.Length < 256 && await stream.ReadAsync(next) == 1 && next[0] != '\n')
            line.Append((char)next[0]);
        return line.ToString().TrimEnd('\r');
    }
}
