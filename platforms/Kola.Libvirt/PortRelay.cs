using System.Net;
using System.Net.Sockets;

namespace Kola.Libvirt;

/// <summary>Leads one client on a port of 127.0.0.1 to a server at a machine's serial port.</summary>
internal sealed class PortRelay : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _over = new();

    /// <param name="server">To the server. It stays open: another client may come to it.</param>
    public PortRelay(Stream server)
    {
        _listener.Start(1);
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _ = RunAsync(server);
    }

    /// <summary>Where the client is to connect to, once.</summary>
    public int Port { get; }

    /// <summary>Ends the client's connection.</summary>
    public void Dispose()
    {
        _over.Cancel();
        _listener.Dispose();
    }

    private async Task RunAsync(Stream server)
    {
        try
        {
            using TcpClient client = await _listener.AcceptTcpClientAsync(_over.Token);
            _listener.Stop();
            await using NetworkStream stream = client.GetStream();
            Task up = stream.CopyToAsync(server, _over.Token);
            Task down = server.CopyToAsync(stream, _over.Token);
            await Task.WhenAny(up, down);
            await _over.CancelAsync();
            await Task.WhenAll(up, down);
        }
        catch (Exception over) when (over is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Either end went away; who reads from the client is told by that.
        }
    }
}
