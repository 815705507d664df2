using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Web;

namespace Kola.Platforms.Tests.Aws;

/// <summary>A request as it came by.</summary>
/// <param name="Action">EC2's: <c>RunInstances</c>; else method and path.</param>
/// <param name="Parameters">EC2's, by name: <c>InstanceId.1</c>.</param>
internal sealed record Passed(string Action, IReadOnlyDictionary<string, string> Parameters);

/// <summary>Stands before the server, writes down what comes by, and answers in its place where a test says so.</summary>
internal sealed class Front : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly HttpClient _http = new();
    private readonly Uri _behind;
    private readonly string _account = Random.Shared.NextInt64(100_000_000_000, 1_000_000_000_000).ToString(CultureInfo.InvariantCulture);
    private readonly ConcurrentQueue<Passed> _passed = new();
    private readonly Task _serving;

    public Front(Uri behind)
    {
        _behind = behind;
        while (true)
        {
            Endpoint = new Uri($"http://127.0.0.1:{Random.Shared.Next(20000, 30000)}/");
            _listener.Prefixes.Add(Endpoint.ToString());
            try
            {
                _listener.Start();
                break;
            }
            catch (HttpListenerException)
            {
                _listener.Prefixes.Clear();
            }
        }

        _serving = ServeAsync();
    }

    public Uri Endpoint { get; }

    /// <summary>All that came by, in order.</summary>
    public IReadOnlyCollection<Passed> Requests => _passed;

    /// <summary>An error code to answer with instead; null lets the request pass.</summary>
    public Func<Passed, string?> Refusal { get; set; } = _ => null;

    /// <summary>What else a request is to say, as <c>&amp;Name=Value</c>; empty for nothing.</summary>
    public Func<Passed, string> More { get; set; } = _ => "";

    /// <summary>Awaited before a request passes.</summary>
    public Func<Passed, Task> Before { get; set; } = _ => Task.CompletedTask;

    /// <summary>Whether a request is obeyed and not answered.</summary>
    public Func<Passed, bool> Silence { get; set; } = _ => false;

    public int Count(string action) => _passed.Count(p => p.Action == action);

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
        _http.Dispose();
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            try
            {
                HttpListenerContext context = await _listener.GetContextAsync();
                _ = Task.Run(() => AnswerAsync(context));
            }
            catch (Exception over) when (over is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        using var body = new MemoryStream();
        await context.Request.InputStream.CopyToAsync(body);
        Passed passed = Read(context.Request, body.ToArray());
        _passed.Enqueue(passed);
        bool silent = Silence(passed);
        try
        {
            await Before(passed);
            if (Refusal(passed) is { } code)
            {
                context.Response.StatusCode = code.Contains("Limit", StringComparison.Ordinal) || code.StartsWith("Insufficient", StringComparison.Ordinal) ? 503 : 400;
                await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes($"<Response><Errors><Error><Code>{code}</Code><Message>so the test wants it</Message></Error></Errors><RequestID>1</RequestID></Response>"));
            }
            else
            {
                await PassAsync(context, passed, body.ToArray(), silent);
            }

            if (silent)
                context.Response.Abort();
            else
                context.Response.Close();
        }
        catch (Exception gone) when (gone is HttpListenerException or IOException or ObjectDisposedException or InvalidOperationException or HttpRequestException)
        {
            // Whoever asked has left.
        }
    }

    private async Task PassAsync(HttpListenerContext context, Passed passed, byte[] body, bool silent)
    {
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.HttpMethod), new Uri(_behind, context.Request.RawUrl)) { Content = new ByteArrayContent([.. body, .. Encoding.ASCII.GetBytes(More(passed))]) };
        foreach (string name in context.Request.Headers.AllKeys.OfType<string>().Where(n => n is not ("Host" or "Content-Length" or "Expect" or "Connection")))
        {
            if (!request.Headers.TryAddWithoutValidation(name, context.Request.Headers[name]))
                request.Content.Headers.TryAddWithoutValidation(name, context.Request.Headers[name]);
        }

        // So that tests do not see each other.
        request.Headers.Add("x-moto-account-id", _account);
        using HttpResponseMessage response = await _http.SendAsync(request);
        context.Response.StatusCode = (int)response.StatusCode;
        foreach ((string name, IEnumerable<string> values) in response.Headers.Where(h => h.Key.StartsWith("x-amz", StringComparison.OrdinalIgnoreCase)))
            context.Response.Headers[name] = values.First();
        byte[] answer = await response.Content.ReadAsByteArrayAsync();
        // A part of it, before the connection breaks.
        context.Response.ContentLength64 = silent ? answer.Length + 1 : answer.Length;
        await context.Response.OutputStream.WriteAsync(answer);
    }

    private static Passed Read(HttpListenerRequest request, byte[] body)
    {
        if (request.ContentType?.StartsWith("application/x-www-form-urlencoded", StringComparison.Ordinal) != true)
            return new Passed($"{request.HttpMethod} {request.Url!.AbsolutePath}", new Dictionary<string, string>());
        System.Collections.Specialized.NameValueCollection form = HttpUtility.ParseQueryString(Encoding.UTF8.GetString(body));
        Dictionary<string, string> parameters = form.AllKeys.OfType<string>().ToDictionary(k => k, k => form[k]!);
        return new Passed(parameters.GetValueOrDefault("Action", "?"), parameters);
    }
}
