using System.Net;
using System.Net.Sockets;

namespace Kola.Qemu;

/// <summary>Leads connections to a unix socket on to a port of this host's loopback, where the harness listens: what is in a test's network has no other way there.</summary>
internal sealed class LoopbackRelay : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _over = new();
    private readonly string _path;
    private readonly Task _work;

    /// <param name="path">Where it listens.</param>
    /// <param name="port">TCP port of 127.0.0.1.</param>
    public LoopbackRelay(string path, int port)
    {
        _path = path;
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen();
        _work = ServeAsync(port, _over.Token);
    }

    /// <summary>Ends it, with all connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _work;
        _listener.Dispose();
        File.Delete(_path);
        _over.Dispose();
    }

    private async Task ServeAsync(int port, CancellationToken over)
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                Socket accepted = await _listener.AcceptAsync(over);
                connections.RemoveAll(c => c.IsCompleted);
                connections.Add(LeadAsync(accepted, port, over));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private static async Task LeadAsync(Socket accepted, int port, CancellationToken over)
    {
        try
        {
            await using var from = new NetworkStream(accepted, ownsSocket: true);
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port, over);
            await using NetworkStream to = client.GetStream();
            await Task.WhenAll(PipeAsync(from, to, client.Client, over), PipeAsync(to, from, accepted, over));
        }
        catch (Exception gone) when (gone is IOException or SocketException or OperationCanceledException)
        {
            // One of the two has gone; the other one is told by the end of its connection.
        }
    }

    // The end of one direction is told, and the other goes on.
    private static async Task PipeAsync(NetworkStream from, NetworkStream to, Socket end, CancellationToken over)
    {
        await from.CopyToAsync(to, over);
        end.Shutdown(SocketShutdown.Send);
    }
}
