using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Kola.Cli.Bench;

/// <summary>
/// Debian's browser without a window, asked over its DevTools socket. Its own switches that print a page do so under a clock that is not the wall's, or before it is painted.
/// </summary>
internal sealed class Chromium : IAsyncDisposable
{
    private const string Program = "/usr/bin/chromium";

    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly string _profile;
    private readonly ClientWebSocket _socket = new();
    private int _asked;

    private Chromium(Process process, string profile)
    {
        _process = process;
        _profile = profile;
    }

    /// <summary>Null where it is; else what to do.</summary>
    internal static string? Missing => File.Exists(Program) ? null : $"{Program} is not there\n  next:    apt-get install chromium";

    /// <summary>Starts one with a profile of its own and an empty page.</summary>
    /// <param name="directory">Where the profile may lie; it is taken away at the end.</param>
    /// <param name="cancel">Ends the wait.</param>
    internal static async Task<Chromium> StartAsync(string directory, CancellationToken cancel)
    {
        string profile = Directory.CreateDirectory(Path.Combine(directory, Guid.NewGuid().ToString("N"))).FullName;
        var start = new ProcessStartInfo(Program) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string argument in (string[])["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-port=0", $"--user-data-dir={profile}", "--window-size=1280,900", "about:blank"])
            start.ArgumentList.Add(argument);
        var chromium = new Chromium(Process.Start(start)!, profile);
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(s_longest);
            // DevTools listening on ws://127.0.0.1:34567/devtools/browser/7ae5…
            string? line = "";
            while (line is not null && !line.Contains("ws://", StringComparison.Ordinal))
                line = await chromium._process.StandardError.ReadLineAsync(limit.Token);
            if (line is null)
                throw new PlatformException(Signal.Host, "chromium ended before it listened");
            _ = chromium._process.StandardError.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
            _ = chromium._process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
            using var http = new HttpClient();
            JsonElement pages = JsonDocument.Parse(await http.GetStringAsync(new Uri($"http://{new Uri(line[line.IndexOf("ws://", StringComparison.Ordinal)..]).Authority}/json/list"), limit.Token)).RootElement;
            string page = pages.EnumerateArray().First(p => p.GetProperty("type").GetString() == "page").GetProperty("webSocketDebuggerUrl").GetString()!;
            await chromium._socket.ConnectAsync(new Uri(page), limit.Token);
            return chromium;
        }
        catch
        {
            await chromium.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens a file and waits until an expression is true in it; returns what a second one is then.</summary>
    internal async Task<double> OpenAsync(string file, string until, string value, TimeProvider time, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(s_longest);
        await AskAsync("Page.navigate", new { url = new Uri(file).AbsoluteUri }, limit.Token);
        return await UntilAsync(until, value, time, limit.Token);
    }

    /// <summary>Waits until an expression is true; returns what a second one is then.</summary>
    internal async Task<double> UntilAsync(string until, string value, TimeProvider time, CancellationToken cancel)
    {
        // While a page is on its way there is nothing yet to look for it in, and the answer is a fault.
        while ((await EvaluateAsync($"Boolean({until})", cancel)).ValueKind != JsonValueKind.True)
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancel);
        return (await EvaluateAsync($"Number({value})", cancel)).GetDouble();
    }

    internal async Task<JsonElement> EvaluateAsync(string expression, CancellationToken cancel) =>
        (await AskAsync("Runtime.evaluate", new { expression, returnByValue = true, awaitPromise = true }, cancel)).GetProperty("result").TryGetProperty("value", out JsonElement value) ? value : default;

    private async Task<JsonElement> AskAsync(string method, object parameters, CancellationToken cancel)
    {
        int id = ++_asked;
        await _socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object> { ["id"] = id, ["method"] = method, ["params"] = parameters }), WebSocketMessageType.Text, endOfMessage: true, cancel);
        while (true)
        {
            using var message = new MemoryStream();
            byte[] buffer = new byte[64 * 1024];
            WebSocketReceiveResult part;
            do
            {
                part = await _socket.ReceiveAsync(buffer, cancel);
                message.Write(buffer, 0, part.Count);
            }
            while (!part.EndOfMessage);
            JsonElement answer = JsonDocument.Parse(Encoding.UTF8.GetString(message.GetBuffer(), 0, (int)message.Length)).RootElement;
            if (!answer.TryGetProperty("id", out JsonElement asked) || asked.GetInt32() != id)
                continue;
            return answer.TryGetProperty("error", out JsonElement error) ? throw new PlatformException(Signal.Host, string.Create(CultureInfo.InvariantCulture, $"chromium: {method}: {error}")) : answer.GetProperty("result");
        }
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        try
        {
            if (!_process.HasExited)
                _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
            _process.Dispose();
            Directory.Delete(_profile, recursive: true);
        }
        catch (Exception fault) when (fault is IOException or InvalidOperationException or UnauthorizedAccessException)
        {
            // It lies in the bench's own directory, which goes with the bench.
        }
    }
}
