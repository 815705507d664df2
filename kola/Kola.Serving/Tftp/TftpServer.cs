using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Kola.Serving.Tftp;

/// <summary>
/// A TFTP server one can only read from. Each transfer has a port of its own, as the protocol has it. Written here since no library
/// with the server's side was found that is still kept.
/// </summary>
internal sealed class TftpServer : IAsyncDisposable
{
    private const int LongestRequest = 2048;

    private readonly Socket _socket;
    private readonly ServedFolder _folder;
    private readonly RequestLog _log;
    private readonly TimeSpan _patience;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _ended = new();
    private readonly ConcurrentDictionary<Task, bool> _transfers = [];
    private readonly Task _work;

    private TftpServer(Socket socket, ServedFolder folder, RequestLog log, TimeSpan patience, TimeProvider time)
    {
        (_socket, _folder, _log, _patience, _time) = (socket, folder, log, patience, time);
        Port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        _work = Task.Run(ListenAsync);
    }

    /// <summary>UDP port of 127.0.0.1.</summary>
    internal int Port { get; }

    /// <exception cref="SocketException">The host gives no port.</exception>
    internal static TftpServer Start(ServedFolder folder, RequestLog log, TimeSpan patience, TimeProvider time)
    {
        Socket socket = Bound();
        return new TftpServer(socket, folder, log, patience, time);
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _work;
        await Task.WhenAll(_transfers.Keys);
        _socket.Dispose();
        _ended.Dispose();
    }

    private async Task ListenAsync()
    {
        byte[] buffer = new byte[LongestRequest];
        while (!_ended.IsCancellationRequested)
        {
            try
            {
                SocketReceiveFromResult came = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _ended.Token);
                if (TftpPacket.ParseRequest(buffer.AsSpan(0, came.ReceivedBytes)) is { } request)
                    Begin(request, (IPEndPoint)came.RemoteEndPoint);
            }
            catch (Exception fault) when (fault is SocketException or OperationCanceledException)
            {
                // A port nobody listens at any more is told at the next receive; that is no concern of the next client.
            }
        }
    }

    private void Begin(TftpRequest request, IPEndPoint client)
    {
        Task transfer = Task.Run(() => ServeAsync(request, client));
        _transfers[transfer] = true;
        _ = transfer.ContinueWith(done => _transfers.TryRemove(done, out _), TaskScheduler.Default);
    }

    private async Task ServeAsync(TftpRequest request, IPEndPoint client)
    {
        long start = _time.GetTimestamp();
        using Socket socket = Bound();
        var transfer = new TftpTransfer(socket, client, _patience, _time);
        int status = TftpTransfer.ClientGone;
        try
        {
            status = await AnswerAsync(request, transfer);
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException or IOException)
        {
            // The client is gone, or the server.
        }
        finally
        {
            _log.Add(start, "tftp", request.File, status, transfer.Acknowledged, client.ToString(), agent: null);
        }
    }

    private async Task<int> AnswerAsync(TftpRequest request, TftpTransfer transfer)
    {
        if (request.Write)
            return await transfer.RefuseAsync(TftpPacket.AccessViolation, "files are only read here", 400, _ended.Token);
        if (!request.Mode.Equals("octet", StringComparison.OrdinalIgnoreCase))
            return await transfer.RefuseAsync(TftpPacket.IllegalOperation, "mode octet alone is served", 400, _ended.Token);
        try
        {
            var path = ServedPath.Parse(request.File);
            if (path.Words.FirstOrDefault(w => w.Name is not ("gzip" or "wrong")) is { } other)
                return await transfer.RefuseAsync(TftpPacket.IllegalOperation, $"\"{other.Name}\" has no meaning here", 400, _ended.Token);
            byte[]? file = await _folder.ReadAsync(path.File, _ended.Token);
            return file is null
                ? await transfer.RefuseAsync(TftpPacket.NotFound, "no such file is served", 404, _ended.Token)
                : await transfer.SendAsync(ServedContent.Of(file, path.Words, text => text), request.Options, _ended.Token);
        }
        catch (FormatException wrong)
        {
            return await transfer.RefuseAsync(TftpPacket.NotDefined, wrong.Message, 400, _ended.Token);
        }
    }

    private static Socket Bound()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
