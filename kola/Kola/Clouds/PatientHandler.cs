using System.Net;
using Polly;
using Polly.Retry;

namespace Kola.Clouds;

/// <summary>
/// Sends a request again that a cloud had no time for: as late as it asks for (<c>Retry-After</c>), else with pauses that double and are drawn at random. A request that was not answered is
/// only sent again when doing it twice is the same as doing it once.
/// </summary>
public sealed class PatientHandler : DelegatingHandler
{
    private const int Attempts = 6;
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(2);

    private readonly ResiliencePipeline<HttpResponseMessage> _again;

    /// <param name="clock">What time it is.</param>
    /// <param name="inner">Sends requests.</param>
    public PatientHandler(TimeProvider clock, HttpMessageHandler inner)
        : base(inner)
    {
        _again = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = clock }
            .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = Attempts,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromSeconds(1),
                MaxDelay = s_longest,
                ShouldHandle = a => ValueTask.FromResult(a.Outcome.Exception is HttpRequestException ? a.Context.Properties.GetValue(s_repeatable, false) : a.Outcome.Result is { } answer && IsBusy(answer, a.Context.Properties.GetValue(s_repeatable, false))),
                DelayGenerator = a => ValueTask.FromResult(a.Outcome.Result is { } answer ? AskedFor(answer, clock) : null),
                OnRetry = a =>
                {
                    a.Outcome.Result?.Dispose();
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
    }

    private static readonly ResiliencePropertyKey<bool> s_repeatable = new("repeatable");

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // What is read while it is sent cannot be sent again.
        if (request.Content is StreamContent)
            return await base.SendAsync(request, cancellationToken);
        ResilienceContext context = ResilienceContextPool.Shared.Get(cancellationToken);
        context.Properties.Set(s_repeatable, request.Method != HttpMethod.Post && request.Method != HttpMethod.Patch);
        try
        {
            return await _again.ExecuteAsync(async c => await base.SendAsync(request, c.CancellationToken), context);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private static bool IsBusy(HttpResponseMessage answer, bool repeatable) => answer.StatusCode switch
    {
        HttpStatusCode.TooManyRequests => true,
        // Nova of old says so when it is asked too often; without a time it is a quota.
        HttpStatusCode.RequestEntityTooLarge => answer.Headers.RetryAfter is { Delta: { Ticks: > 0 } },
        HttpStatusCode.ServiceUnavailable => repeatable || answer.Headers.RetryAfter is not null,
        HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout => repeatable,
        _ => false,
    };

    private static TimeSpan? AskedFor(HttpResponseMessage answer, TimeProvider clock)
    {
        TimeSpan? asked = answer.Headers.RetryAfter is not { } after ? null : after.Delta ?? after.Date - clock.GetUtcNow();
        return asked is null ? null : asked < TimeSpan.Zero ? TimeSpan.Zero : asked > s_longest ? s_longest : asked;
    }
}
