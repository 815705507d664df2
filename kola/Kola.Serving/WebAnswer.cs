using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Kola.Serving;

/// <summary>Answers requests over http and https.</summary>
internal sealed class WebAnswer(ServedFolder folder, RequestLog log, TimeProvider time)
{
    private const int ClientGone = 499;

    private readonly ConcurrentDictionary<string, int> _asked = [];

    /// <summary>Where the server is; known once it runs.</summary>
    internal ServedAddresses? Addresses { get; set; }

    internal async Task GiveAsync(HttpContext context)
    {
        long start = time.GetTimestamp();
        string target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        int status = ClientGone;
        long bytes = 0;
        try
        {
            Answer answer = await DecideAsync(context, target);
            context.Response.StatusCode = answer.Status;
            if (answer.Location is not null)
                context.Response.Headers.Location = answer.Location;
            bytes = await SendAsync(context, answer);
            status = answer.Status;
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException or BadHttpRequestException && context.RequestAborted.IsCancellationRequested)
        {
            // Noted as what it is.
        }
        finally
        {
            ConnectionInfo from = context.Connection;
            string? agent = context.Request.Headers.UserAgent is [{ Length: > 0 } name, ..] ? name : null;
            log.Add(start, context.Request.Scheme, target, status, bytes, $"{from.RemoteIpAddress}:{from.RemotePort}", agent);
        }
    }

    private async Task<Answer> DecideAsync(HttpContext context, string target)
    {
        if (context.Request.Method is not ("GET" or "HEAD") && !target.Contains("/tang/rec/", StringComparison.Ordinal))
            return Answer.Say(StatusCodes.Status405MethodNotAllowed, "GET and HEAD alone are answered");
        try
        {
            // A client that takes this for its proxy sends a whole address.
            var path = ServedPath.Parse(target.StartsWith('/') ? target : new Uri(target).PathAndQuery);
            foreach (ServedWord word in path.Words)
            {
                if (await DoAsync(word, context) is { } end)
                    return end;
            }

            byte[]? file = await folder.ReadAsync(path.File, context.RequestAborted);
            return file is null
                ? Answer.Say(StatusCodes.Status404NotFound, "no such file is served")
                : new Answer(StatusCodes.Status200OK, ServedContent.Of(file, path.Words, text => Addresses!.Fill(text, context.Request.Host.Host)), Cut: path.Words.Any(w => w.Name == "cut"));
        }
        catch (FormatException wrong)
        {
            return Answer.Say(StatusCodes.Status400BadRequest, wrong.Message);
        }
    }

    private async Task<Answer?> DoAsync(ServedWord word, HttpContext context)
    {
        switch (word.Name)
        {
            case "header":
                return context.Request.Headers[word.Arguments[0]] == word.Arguments[1]
                    ? null
                    : Answer.Say(StatusCodes.Status403Forbidden, $"the request has no header {word.Arguments[0]} with the value that is asked for");
            case "flaky":
                int times = word.Number(1, 100);
                int before = (_asked.AddOrUpdate(word.Rest + "\n" + times, 1, (_, asked) => asked + 1) - 1) % (times + 1);
                return before >= times ? null : Answer.Say(before % 2 == 0 ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status500InternalServerError, $"failure {before + 1} of {times}");
            case "redirect":
                int left = word.Number(1, 100) - 1;
                return Answer.Go(StatusCodes.Status302Found, left == 0 ? word.Rest : $"/redirect/{left}{word.Rest}");
            case "secure":
                return Answer.Go(StatusCodes.Status307TemporaryRedirect, Addresses!.Https(context.Request.Host.Host) + word.Rest);
            case "slow":
                await Task.Delay(TimeSpan.FromSeconds(word.Number(0, 600)), time, context.RequestAborted);
                return null;
            case "status":
                return Answer.Say(word.Number(200, 599), "");
            case "tang":
                using (var body = new MemoryStream())
                {
                    await context.Request.Body.CopyToAsync(body, context.RequestAborted);
                    (int told, byte[] content) = TangServer.Answer(context.Request.Method, word.Rest, body.ToArray());
                    return new Answer(told, content);
                }

            default:
                return null;
        }
    }

    private static async Task<long> SendAsync(HttpContext context, Answer answer)
    {
        HttpResponse response = context.Response;
        if (answer.Status is StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified)
            return 0;
        response.ContentLength = answer.Content.Length;
        response.ContentType = answer.Status == StatusCodes.Status200OK ? "application/octet-stream" : "text/plain; charset=utf-8";
        if (context.Request.Method == "HEAD")
            return 0;
        // Less than was announced: Kestrel ends the connection after it.
        byte[] sent = answer.Cut ? answer.Content[..(answer.Content.Length / 2)] : answer.Content;
        await response.Body.WriteAsync(sent, context.RequestAborted);
        return sent.Length;
    }

    private sealed record Answer(int Status, byte[] Content, string? Location = null, bool Cut = false)
    {
        internal static Answer Say(int status, string text) => new(status, Encoding.UTF8.GetBytes(text.Length == 0 ? "" : text + "\n"));

        internal static Answer Go(int status, string location) => new(status, [], location);
    }
}
