using System.Net;
using System.Net.Sockets;
using Kola.Machines;

namespace Kola;

/// <summary>
/// A port of this host's loopback that leads into a machine over its SSH connection, and over the next one when that is lost: a client keeps its address while
/// the machine restarts.
/// </summary>
public sealed class PortForward : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _over;
    private readonly Func<CancellationToken, Task<IShell>> _shell;
    private readonly string _host;
    private readonly int _port;
    private readonly Lock _gate = new();
    private readonly Task _accepting;
    private (IShell Shell, int Port)? _current;

    internal PortForward(Func<CancellationToken, Task<IShell>> shell, string host, int port, CancellationToken deadline)
    {
        (_shell, _host, _port) = (shell, host, port);
        _over = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        _listener.Start();
        _accepting = AcceptAsync(_over.Token);
    }

    /// <summary>The port on 127.0.0.1.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _listener.Stop();
        await _accepting;
        _over.Dispose();
    }

    private async Task AcceptAsync(CancellationToken over)
    {
        try
        {
            while (true)
                _ = CarryAsync(await _listener.AcceptTcpClientAsync(over), over);
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Nobody comes any more.
        }
    }

    // Whatever goes wrong ends the connection, as it would if it were the machine's own: its client says what it lost.
    private async Task CarryAsync(TcpClient client, CancellationToken over)
    {
        using (client)
        using (var machine = new TcpClient())
        using (var done = CancellationTokenSource.CreateLinkedTokenSource(over))
        {
            try
            {
                IShell shell = await _shell(over);
                await machine.ConnectAsync(IPAddress.Loopback, PortOf(shell), over);
                (client.NoDelay, machine.NoDelay) = (true, true);
                Task[] ways = [OneWayAsync(client, machine, done.Token), OneWayAsync(machine, client, done.Token)];
                await Task.WhenAny(Task.WhenAll(ways), Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, shell.Lost));
                await done.CancelAsync();
                await Task.WhenAll(ways);
            }
            catch (Exception end) when (end is KolaException or IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // Closed below.
            }
        }
    }

    private static async Task OneWayAsync(TcpClient from, TcpClient to, CancellationToken over)
    {
        await from.GetStream().CopyToAsync(to.GetStream(), over);
        to.Client.Shutdown(SocketShutdown.Send);
    }

    private int PortOf(IShell shell)
    {
        lock (_gate)
        {
            if (_current is not { } current || current.Shell != shell)
                _current = current = (shell, shell.Forward(_host, _port));
            return current.Port;
        }
    }
}
