using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kola.Platforms.Tests.Recording;

/// <summary>A request as it came.</summary>
internal sealed record Received(string Method, string Path, IReadOnlyDictionary<string, string> Query, IReadOnlyDictionary<string, string> Headers, string Text)
{
    public JsonNode Json => JsonNode.Parse(Text)!;

    /// <summary>File with a body that is no text; null where there is none. It goes when the request is answered, unless a provider has moved it.</summary>
    public string? File { get; init; }

    public string? Asked(string name) => Query.GetValueOrDefault(name);

    public override string ToString() => $"{Method} {Path}";
}

/// <summary>What is answered.</summary>
internal sealed record Answer(int Status, JsonNode? Body = null)
{
    public string? Text { get; init; }

    /// <summary>Type of <see cref="Text"/>.</summary>
    public string Type { get; init; } = "text/plain";

    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];
}

/// <summary>How a provider behaves: a state machine in memory.</summary>
internal interface IProvider
{
    /// <summary>Answers a request that conforms. One at a time.</summary>
    Answer Handle(Received request);
}

/// <summary>
/// A server that behaves as a provider does, as far as kola asks for, and holds every request against the schema the provider has published. What does not conform is refused and remembered: the test
/// that caused it fails by <see cref="Violations"/>.
/// </summary>
internal sealed class Recorder : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly RequestSchemas _schemas;
    private readonly Lock _gate = new();
    private readonly List<Fault> _faults = [];
    private readonly ConcurrentQueue<Received> _received = new();
    private readonly ConcurrentQueue<string> _violations = new();
    private readonly string _files = Directory.CreateTempSubdirectory("kola-recorder-").FullName;
    private IProvider? _provider;

    private Recorder(RequestSchemas schemas)
    {
        _schemas = schemas;
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<KestrelServerOptions>(o =>
        {
            o.Listen(IPAddress.Loopback, 0);
            // Images are larger than 30 MB.
            o.Limits.MaxRequestBodySize = null;
        });
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(1));
        _server = builder.Build();
        _server.Run(AnswerAsync);
    }

    /// <summary><c>http://127.0.0.1:40123</c>.</summary>
    public string Url => _server.Urls.Single();

    /// <summary>All requests, as they came.</summary>
    public IReadOnlyList<Received> Requests => [.. _received];

    /// <summary>What did not conform.</summary>
    public IReadOnlyList<string> Violations => [.. _violations];

    /// <summary>Starts one.</summary>
    /// <param name="schemas">Name of the file of schemas.</param>
    /// <param name="provider">How it behaves, given the server's address.</param>
    public static async Task<Recorder> StartAsync(string schemas, Func<string, IProvider> provider)
    {
        var recorder = new Recorder(await RequestSchemas.ReadAsync(schemas));
        await recorder._server.StartAsync();
        recorder._provider = provider(recorder.Url);
        return recorder;
    }

    /// <summary>Has the next requests of a kind answered otherwise.</summary>
    /// <param name="method">Their method.</param>
    /// <param name="path">The end of their path.</param>
    /// <param name="times">How many.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="obeyed">Whether they are obeyed all the same.</param>
    public void Fail(string method, string path, int times, Answer answer, bool obeyed = false)
    {
        lock (_gate)
            _faults.Add(new Fault(method, path, answer, obeyed) { Left = times });
    }

    /// <summary>The same provider for tests of its own.</summary>
    public T With<T>(Func<IProvider, T> act)
    {
        lock (_gate)
            return act(_provider!);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        if (_provider is IAsyncDisposable held)
            await held.DisposeAsync();
        // Two places of one test may share it.
        if (Directory.Exists(_files))
            Directory.Delete(_files, recursive: true);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        HttpRequest asked = context.Request;
        bool binary = asked.ContentType is { } type && (type.StartsWith("application/octet-stream", StringComparison.Ordinal) || type.StartsWith("application/x-tar", StringComparison.Ordinal));
        string text;
        string? file = null;
        if (binary)
        {
            file = Path.Combine(_files, $"{Guid.NewGuid():N}");
            await using FileStream bytes = File.Create(file);
            await asked.Body.CopyToAsync(bytes, context.RequestAborted);
            text = $"{bytes.Length} bytes";
        }
        else
        {
            using var reader = new StreamReader(asked.Body);
            text = await reader.ReadToEndAsync(context.RequestAborted);
        }

        var received = new Received(asked.Method, asked.Path, asked.Query.ToDictionary(q => q.Key, q => q.Value.ToString()), asked.Headers.ToDictionary(h => h.Key.ToLowerInvariant(), h => h.Value.ToString()), text) { File = file };
        _received.Enqueue(received);
        Answer answer = Decide(received, asked.ContentType);
        if (file is not null)
            File.Delete(file);
        context.Response.StatusCode = answer.Status;
        foreach ((string name, string value) in answer.Headers)
            context.Response.Headers.Append(name, value);
        if ((answer.Text ?? answer.Body?.ToJsonString()) is { } body)
        {
            context.Response.ContentType = answer.Text is null ? "application/json" : answer.Type;
            await context.Response.WriteAsync(body, context.RequestAborted);
        }
    }

    private Answer Decide(Received received, string? contentType)
    {
        IReadOnlyList<string> wrong = _schemas.Check(received.Method, received.Path, [.. received.Query.Keys], contentType, received.Text, [.. received.Headers.Keys]);
        foreach (string violation in wrong)
            _violations.Enqueue(violation);
        if (wrong.Count > 0)
            return new Answer(400, new JsonObject { ["badRequest"] = new JsonObject { ["message"] = string.Join("; ", wrong), ["code"] = 400 } });
        lock (_gate)
        {
            if (_faults.FirstOrDefault(f => f.Left > 0 && f.Method == received.Method && received.Path.EndsWith(f.Path, StringComparison.Ordinal)) is not { } fault)
                return _provider!.Handle(received);
            fault.Left--;
            if (fault.Obeyed)
                _provider!.Handle(received);
            return fault.Answer;
        }
    }

    private sealed record Fault(string Method, string Path, Answer Answer, bool Obeyed)
    {
        internal int Left { get; set; }
    }
}
