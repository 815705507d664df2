using System.Net;
using Kola.Serving.Tftp;
using Microsoft.AspNetCore.Builder;

namespace Kola.Serving;

/// <summary>
/// Serves the files of a directory to machines, over http, https and tftp, from 127.0.0.1 and ports the kernel chooses. What the words at the beginning of a
/// path do is told in docs/served-files.md.
/// </summary>
public sealed class FileServer : IAsyncDisposable
{
    private readonly WebApplication _web;
    private readonly TftpServer _tftp;
    private readonly RequestLog _log;
    private int _disposed;

    private FileServer(WebApplication web, TftpServer tftp, RequestLog log, ServedAddresses addresses) => (_web, _tftp, _log, Addresses) = (web, tftp, log, addresses);

    /// <summary>Where it serves.</summary>
    public ServedAddresses Addresses { get; }

    /// <summary>The requests that are over, in the order they ended: a snapshot. May be asked from any thread.</summary>
    public IReadOnlyList<ServedRequest> Requests => _log.Requests;

    /// <summary>Starts it.</summary>
    /// <param name="options">What is served.</param>
    /// <param name="cancel">Ends the start, not the server.</param>
    /// <exception cref="UsageException">There is no such directory, or something in it could never be asked for.</exception>
    /// <exception cref="PlatformException">The host gives no port, or the log cannot be written.</exception>
    public static async Task<FileServer> StartAsync(FileServerOptions options, CancellationToken cancel)
    {
        var folder = ServedFolder.Open(options.Root);
        using var certificates = RunCertificates.Make(["127.0.0.1", ServedAddresses.QemuHost, "localhost", .. options.Hosts], options.Time);
        RequestLog log = RequestLog.Open(options.LogFile, options.Masking, options.Time);
        TftpServer? tftp = null;
        WebApplication? web = null;
        try
        {
            tftp = TftpServer.Start(folder, log, options.TftpPatience, options.Time);
            web = MachineWeb.Create(certificates, IPAddress.Loopback);
            var answer = new WebAnswer(folder, log, options.Time);
            web.Run(answer.GiveAsync);
            (int http, int https) = await MachineWeb.StartAsync(web, cancel);
            // Nobody knows the ports before, so nobody has asked yet.
            answer.Addresses = new ServedAddresses(http, https, tftp.Port, certificates.Authority);
            return new FileServer(web, tftp, log, answer.Addresses);
        }
        catch (Exception fault)
        {
            if (web is not null)
                await web.DisposeAsync();
            if (tftp is not null)
                await tftp.DisposeAsync();
            log.Dispose();
            if (fault is not (IOException or System.Net.Sockets.SocketException))
                throw;
            throw new PlatformException(Signal.Host, $"files cannot be served to machines: {fault.Message}", fault);
        }
    }

    /// <summary>Ends it at once, with the requests in progress.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
            return;
        await _web.StopAsync(new CancellationToken(canceled: true));
        await _web.DisposeAsync();
        await _tftp.DisposeAsync();
        _log.Dispose();
    }
}
