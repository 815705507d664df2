using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Kola.Serving;
using Kola.Updates.Omaha;

namespace Kola.Tests.Updates.Omaha;

/// <summary>A server over real sockets that offers one payload, with clients that trust it.</summary>
internal sealed class OmahaServed : IAsyncDisposable
{
    private readonly SocketsHttpHandler _handler;
    private readonly string _directory = Directory.CreateTempSubdirectory("kola-omaha-").FullName;

    private OmahaServed(OmahaServer server)
    {
        It = server;
        Content = [.. Enumerable.Range(0, 1_000_003).Select(n => (byte)(n * 7 + n / 256))];
        File = Path.Combine(_directory, "update.gz");
        System.IO.File.WriteAllBytes(File, Content);
        Feed = new UpdateFeed(TimeProvider.System, _ => { });
        Scope = server.Open(Feed);
        Feed.Offers.Set(UpdateOffer.Of("4460.0.0", File));
        _handler = new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.Zero };
        _handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, CustomTrustStore = { X509Certificate2.CreateFromPem(server.Authority) } };
        Http = new HttpClient(_handler);
    }

    internal OmahaServer It { get; }

    internal UpdateFeed Feed { get; }

    internal string Scope { get; }

    internal byte[] Content { get; }

    internal string File { get; }

    internal HttpClient Http { get; }

    internal string Check => It.Serving.Http("127.0.0.1", Scope);

    internal string Package => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{It.HttpPort}{Scope}/packages/update.gz");

    internal static async Task<OmahaServed> StartAsync() => new(await OmahaServer.StartAsync(new OmahaServerOptions(), CancellationToken.None));

    internal Task<HttpResponseMessage> AskAsync(string request) => Http.PostAsync(new Uri(Check), new StringContent(request, Encoding.UTF8, "text/xml"));

    internal Task<HttpResponseMessage> GetAsync(string? range = null, string? address = null, HttpMethod? method = null, string? authorization = null)
    {
        var request = new HttpRequestMessage(method ?? HttpMethod.Get, address ?? Package);
        if (range is not null)
            request.Headers.TryAddWithoutValidation("Range", range);
        if (authorization is not null)
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        return Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>Asks for the package by hand, and reads to the end of the connection.</summary>
    /// <returns>Bytes of the content that came, and whether the connection was reset.</returns>
    internal async Task<(byte[] Content, bool Reset)> ReadRawAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, It.HttpPort);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        using var all = new MemoryStream();
        bool reset = false;
        try
        {
            await stream.CopyToAsync(all);
        }
        catch (IOException fault) when (fault.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            reset = true;
        }

        byte[] bytes = all.ToArray();
        int head = bytes.AsSpan().IndexOf("\r\n\r\n"u8);
        return (head < 0 ? [] : bytes[(head + 4)..], reset);
    }

    internal Task<(byte[] Content, bool Reset)> GetRawAsync() =>
        ReadRawAsync($"GET {Scope}/packages/update.gz HTTP/1.1\r\nHost: host\r\nConnection: close\r\n\r\n");

    /// <summary>What is known of the last request for a package, once it is over.</summary>
    internal async Task<PackageRequest> LastAsync(int count)
    {
        while (true)
        {
            Task changed = Feed.ChangedAsync();
            if (Feed.Packages.Count >= count && Feed.Packages[count - 1].Ended)
                return Feed.Packages[count - 1];
            await changed.WaitAsync(TimeSpan.FromSeconds(20));
        }
    }

    public async ValueTask DisposeAsync()
    {
        Feed.Dispose();
        Http.Dispose();
        _handler.Dispose();
        await It.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }
}
