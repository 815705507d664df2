using Kola.Updates.Omaha;
using Microsoft.AspNetCore.Http;

namespace Kola.Serving;

/// <summary>Answers a check, an event or a ping.</summary>
internal sealed class CheckAnswer(HttpContext context, UpdateFeed feed, string scope)
{
    internal async Task GiveAsync()
    {
        HttpResponse response = context.Response;
        if (context.Request.Method != "POST")
        {
            response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            response.Headers.Allow = "POST";
            return;
        }

        if (await BodyAsync() is not { } body)
        {
            response.StatusCode = StatusCodes.Status413PayloadTooLarge;
            return;
        }

        HttpRequest request = context.Request;
        OmahaReply reply = await feed.AnswerAsync(body, $"{request.Scheme}://{request.Host}{scope}{UpdateServing.PackagesPath}");
        if (reply.Status == 0)
        {
            OmahaServer.Reset(context);
            return;
        }

        response.StatusCode = reply.Status;
        response.ContentType = reply.Status == StatusCodes.Status200OK ? "text/xml; charset=utf-8" : "text/plain; charset=utf-8";
        // By it alone a client knows an answer that broke off.
        response.ContentLength = reply.Body.Length;
        await response.Body.WriteAsync(reply.Body, context.RequestAborted);
    }

    /// <returns>Null for more than a request may have.</returns>
    private async Task<ReadOnlyMemory<byte>?> BodyAsync()
    {
        if (context.Request.ContentLength > RequestReader.MostBytes)
            return null;
        using var body = new MemoryStream();
        byte[] buffer = new byte[16 * 1024];
        for (int read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted); read > 0; read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted))
        {
            if (body.Length + read > RequestReader.MostBytes)
                return null;
            body.Write(buffer, 0, read);
        }

        return body.ToArray();
    }
}
