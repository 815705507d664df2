using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Kola.Platforms.Tests.Recording;

/// <summary>The metadata of one machine, behind a socket: whoever comes in by it is that machine.</summary>
internal sealed class MetadataDoor : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly ConcurrentQueue<Received> _asked = new();

    private MetadataDoor(string socket, Func<Received, Answer> answer)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<KestrelServerOptions>(o => o.ListenUnixSocket(socket));
        _server = builder.Build();
        _server.Run(async context =>
        {
            HttpRequest request = context.Request;
            var received = new Received(request.Method, request.Path, request.Query.ToDictionary(q => q.Key, q => q.Value.ToString()), request.Headers.ToDictionary(h => h.Key.ToLowerInvariant(), h => h.Value.ToString()), "");
            _asked.Enqueue(received);
            Answer given = answer(received);
            context.Response.StatusCode = given.Status;
            foreach ((string name, string value) in given.Headers)
                context.Response.Headers.Append(name, value);
            context.Response.ContentType = given.Type;
            await context.Response.WriteAsync(given.Text ?? "", context.RequestAborted);
        });
    }

    /// <summary>What the machine asked for.</summary>
    public IReadOnlyList<Received> Asked => [.. _asked];

    /// <summary>Opens it.</summary>
    /// <param name="socket">File that becomes the socket.</param>
    /// <param name="answer">What is answered.</param>
    public static async Task<MetadataDoor> OpenAsync(string socket, Func<Received, Answer> answer)
    {
        var door = new MetadataDoor(socket, answer);
        await door._server.StartAsync();
        return door;
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();
}
