using System.Net;
using System.Net.Sockets;

namespace Kola.Tests.Machines;

/// <summary>A wire to a port on loopback that can be cut: afterwards nothing comes through, and nobody is told.</summary>
internal sealed class CutWire : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly TcpClient _far = new();
    private readonly CancellationTokenSource _cut = new();

    internal CutWire(int port)
    {
        _listener.Start();
        _ = CarryAsync(port);
    }

    internal int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    internal void Cut() => _cut.Cancel();

    public void Dispose()
    {
        _cut.Cancel();
        _listener.Dispose();
        _far.Dispose();
        _cut.Dispose();
    }

    private async Task CarryAsync(int port)
    {
        TcpClient near = await _listener.AcceptTcpClientAsync();
        await _far.ConnectAsync(IPAddress.Loopback, port);
        await Task.WhenAll(near.GetStream().CopyToAsync(_far.GetStream(), _cut.Token), _far.GetStream().CopyToAsync(near.GetStream(), _cut.Token));
    }
}
