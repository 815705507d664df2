using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Security.Cryptography;
using Kola.Updates.Omaha;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Kola.Serving;

/// <summary>
/// Serves updates to machines over http and https: any number of feeds, each below a path of its own, so that tests of one run do not hear of each other.
/// </summary>
public sealed class OmahaServer : IAsyncDisposable
{
    private readonly WebApplication _web;
    private readonly ConcurrentDictionary<string, UpdateFeed> _feeds;
    private int _disposed;

    private OmahaServer(WebApplication web, ConcurrentDictionary<string, UpdateFeed> feeds, int http, int https, string authority) =>
        (_web, _feeds, HttpPort, HttpsPort, Authority) = (web, feeds, http, https, authority);

    /// <summary>TCP.</summary>
    public int HttpPort { get; }

    /// <summary>TCP; its certificate is signed by <see cref="Authority"/>.</summary>
    public int HttpsPort { get; }

    /// <summary>PEM of the authority made for this server, whose key is gone.</summary>
    public string Authority { get; }

    /// <summary>What a run needs of it.</summary>
    internal UpdateServing Serving => new(HttpPort, HttpsPort, Authority, Open);

    /// <summary>Starts it.</summary>
    /// <param name="options">Where it serves.</param>
    /// <param name="cancel">Ends the start, not the server.</param>
    /// <exception cref="PlatformException">The host gives no port.</exception>
    public static async Task<OmahaServer> StartAsync(OmahaServerOptions options, CancellationToken cancel)
    {
        using var certificates = RunCertificates.Make(["127.0.0.1", ServedAddresses.QemuHost, "localhost", .. options.Hosts], options.Time);
        var feeds = new ConcurrentDictionary<string, UpdateFeed>();
        // Nothing is buffered: where a download is to break off, what comes before has gone.
        WebApplication web = MachineWeb.Create(certificates, options.Address, options.HttpPort, options.HttpsPort, buffered: 0);
        try
        {
            web.Run(context => AnswerAsync(context, feeds, options.Time));
            (int http, int https) = await MachineWeb.StartAsync(web, cancel);
            return new OmahaServer(web, feeds, http, https, certificates.Authority);
        }
        catch (Exception fault)
        {
            await web.DisposeAsync();
            if (fault is not (IOException or SocketException))
                throw;
            throw new PlatformException(Signal.Host, $"updates cannot be served to machines: {fault.Message}", fault);
        }
    }

    /// <summary>Puts a feed on it, below a path nobody guesses.</summary>
    /// <returns>The path: <c>/t/0123456789abcdef</c>.</returns>
    internal string Open(UpdateFeed feed)
    {
        string scope = "/t/" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        OpenAt(scope, feed);
        return scope;
    }

    /// <summary>Puts a feed on it, below a path of the caller's; empty for the root.</summary>
    internal void OpenAt(string scope, UpdateFeed feed)
    {
        _feeds[scope] = feed;
        feed.Closed.Register(() => _feeds.TryRemove(scope, out _));
    }

    /// <summary>Ends it at once, with the requests in progress.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
            return;
        await _web.StopAsync(new CancellationToken(canceled: true));
        await _web.DisposeAsync();
    }

    /// <summary>Resets a connection, so that the other side is told so and does not take it for an end.</summary>
    internal static void Reset(HttpContext context)
    {
        if (context.Features.Get<IConnectionSocketFeature>() is { } connection)
            connection.Socket.LingerState = new LingerOption(enable: true, seconds: 0);
        context.Abort();
    }

    private static async Task AnswerAsync(HttpContext context, ConcurrentDictionary<string, UpdateFeed> feeds, TimeProvider time)
    {
        try
        {
            string path = context.Request.Path.Value ?? "/";
            string scope = path.StartsWith("/t/", StringComparison.Ordinal) && path.IndexOf('/', 3) is > 0 and var end ? path[..end] : "";
            if (!feeds.TryGetValue(scope, out UpdateFeed? feed))
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return;
            }

            string below = path[scope.Length..];
            if (below + "/" == UpdateServing.CheckPath || below == UpdateServing.CheckPath)
                await new CheckAnswer(context, feed, scope).GiveAsync();
            else if (below.StartsWith(UpdateServing.PackagesPath, StringComparison.Ordinal))
                await new PackageAnswer(context, feed, scope, below, time).GiveAsync();
            else
                context.Response.StatusCode = StatusCodes.Status404NotFound;
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException or BadHttpRequestException && context.RequestAborted.IsCancellationRequested)
        {
            // The client has left, or its test is over.
            context.Abort();
        }
    }
}
