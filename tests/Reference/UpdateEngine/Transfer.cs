using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Flatcar.Reference.UpdateEngine;

/// <summary>No answer at all, or one that stopped early.</summary>
internal sealed class TransferException(string message, int? status = null) : Exception(message)
{
    /// <summary>What the server said; null: nothing.</summary>
    public int? Status => status;
}

/// <summary>Talks HTTP as libcurl does for update_engine: redirects within their scheme, no patience with a server that stalls.</summary>
internal sealed class Transfer(Places places) : IDisposable
{
    private const int MaxRedirects = 10, SlowBytesPerSecond = 10;

    private readonly HttpClient client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ConnectTimeout = TimeSpan.FromSeconds(30),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(1),
    })
    { Timeout = Timeout.InfiniteTimeSpan };

    private static readonly TimeSpan IdleAfter = TimeSpan.FromSeconds(1);

    /// <summary>Time within which a transfer has to bring 10 bytes a second.</summary>
    private TimeSpan SlowTime => TimeSpan.FromSeconds(places.DeveloperMode ? 180 : 90);

    /// <summary>Posts a request; the answer's text, of any 2xx.</summary>
    public async Task<string> PostAsync(string url, string body, CancellationToken cancel)
    {
        using var slow = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        slow.CancelAfter(SlowTime);
        try
        {
            using var response = await SendAsync(HttpMethod.Post, url, body, null, null, slow.Token);
            if (!response.IsSuccessStatusCode)
                throw new TransferException($"HTTP response code: {(int)response.StatusCode}", (int)response.StatusCode);
            return Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync(slow.Token));
        }
        catch (Exception e) when (IsBroken(e, cancel))
        {
            throw new TransferException(e.Message);
        }
    }

    /// <summary>Fetches bytes from one on, up to one or to the end, and hands them on as they come.</summary>
    /// <param name="idle">Told when nothing has come for a second.</param>
    /// <exception cref="TransferException">It broke off; what came was handed on.</exception>
    public async Task GetAsync(string url, long from, long? last, AuthenticationHeaderValue? user, Action<ReadOnlySpan<byte>> take, Action idle, CancellationToken cancel)
    {
        using var slow = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        slow.CancelAfter(SlowTime);
        var buffer = new byte[1 << 17];
        HttpResponseMessage? response = null;
        try
        {
            var range = from > 0 || last is not null ? new RangeHeaderValue(from, last) : null;
            response = await SendAsync(HttpMethod.Get, url, null, range, user, slow.Token);
            if (!response.IsSuccessStatusCode)
                throw new TransferException($"HTTP response code: {(int)response.StatusCode}", (int)response.StatusCode);
            await using var stream = await response.Content.ReadAsStreamAsync(slow.Token);
            var window = 0L;
            while (true)
            {
                int read;
                try
                {
                    var reading = stream.ReadAsync(buffer, slow.Token).AsTask();
                    if (await Task.WhenAny(reading, Task.Delay(IdleAfter, TimeProvider.System, slow.Token)) != reading)
                        idle();
                    read = await reading;
                }
                catch (Exception e) when (IsBroken(e, cancel))
                {
                    throw new TransferException(e.Message);
                }
                if (read == 0)
                    return;
                window += read;
                if (window >= SlowBytesPerSecond * (long)SlowTime.TotalSeconds)
                {
                    window = 0;
                    slow.CancelAfter(SlowTime);
                }
                take(buffer.AsSpan(0, read));
            }
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            throw new TransferException(e.Message);
        }
        finally
        {
            response?.Dispose();
        }
    }

    public void Dispose() => client.Dispose();

    private static bool IsBroken(Exception e, CancellationToken cancel) =>
        e is HttpRequestException or IOException || (e is OperationCanceledException && !cancel.IsCancellationRequested);

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string url, string? body, RangeHeaderValue? range, AuthenticationHeaderValue? user, CancellationToken cancel)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            throw new TransferException($"\"{url}\" is no URL");
        for (var redirects = 0; ; redirects++)
        {
            using var request = new HttpRequestMessage(method, uri);
            request.Headers.Accept.ParseAdd("*/*");
            request.Headers.Range = range;
            if (uri.Scheme == "https")
                request.Headers.Authorization = user;
            if (body is not null && method == HttpMethod.Post)
            {
                request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
                request.Content.Headers.ContentType = new MediaTypeHeaderValue("text/xml");
            }
            var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || response.Headers.Location is not { } location)
                return response;
            var next = new Uri(uri, location);
            response.Dispose();
            if (redirects == MaxRedirects || (next.Scheme != uri.Scheme && !places.DeveloperMode))
                throw new TransferException($"redirect to {next} not followed");
            // curl makes a GET of a POST unless the redirect forbids it.
            if (response.StatusCode is not (HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect))
                method = HttpMethod.Get;
            uri = next;
        }
    }
}
