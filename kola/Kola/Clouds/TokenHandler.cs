using System.Net;

namespace Kola.Clouds;

/// <summary>Puts a token on requests, and a new one when it is refused.</summary>
/// <param name="token">The token that is valid; a new one when told that the last one was refused.</param>
/// <param name="put">Puts it on a request.</param>
/// <param name="inner">Sends requests.</param>
public sealed class TokenHandler(Func<bool, CancellationToken, Task<string>> token, Action<HttpRequestMessage, string> put, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        put(request, await token(false, cancellationToken));
        HttpResponseMessage answer = await base.SendAsync(request, cancellationToken);
        if (answer.StatusCode != HttpStatusCode.Unauthorized || request.Content is StreamContent)
            return answer;
        answer.Dispose();
        put(request, await token(true, cancellationToken));
        return await base.SendAsync(request, cancellationToken);
    }
}
