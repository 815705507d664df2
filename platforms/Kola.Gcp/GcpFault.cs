using System.Globalization;
using System.Net;
using System.Text.Json;
using Kola.Clouds;
using Refit;

namespace Kola.Gcp;

/// <summary>Reads what Google's APIs answer when they refuse, at once or at the end of an operation.</summary>
internal static class GcpFault
{
    private static readonly string[] s_full = ["ZONE_RESOURCE_POOL_EXHAUSTED", "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", "STOCKOUT"];

    /// <summary>What was answered; null when nothing was.</summary>
    internal static Refusal? Read(Exception fault) => fault is ApiException answer ? Of(answer.StatusCode, answer.Content) : fault is Google.Apis.Auth.OAuth2.Responses.TokenResponseException token ? new Refusal(RefusalKind.Credentials, token.Error?.Error ?? "token", token.Error?.ErrorDescription ?? "no token was given") : null;

    /// <summary>What an answer comes to.</summary>
    internal static Refusal Of(HttpStatusCode status, string? content)
    {
        (string reason, string text) = Message(content);
        RefusalKind kind = status switch
        {
            HttpStatusCode.NotFound => RefusalKind.NotFound,
            HttpStatusCode.Conflict => RefusalKind.Conflict,
            HttpStatusCode.Forbidden when reason is "rateLimitExceeded" or "userRateLimitExceeded" => RefusalKind.Throttled,
            HttpStatusCode.Forbidden when reason is "quotaExceeded" => RefusalKind.Quota,
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => RefusalKind.Credentials,
            HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable => RefusalKind.Throttled,
            HttpStatusCode.BadRequest when reason is "resourceInUseByAnotherResource" or "resourceNotReady" => RefusalKind.Conflict,
            _ => RefusalKind.Other,
        };
        return new Refusal(kind, reason.Length > 0 ? reason : ((int)status).ToString(CultureInfo.InvariantCulture), text.Length > 0 ? text : status.ToString());
    }

    /// <summary>Why an operation failed; null when it did not.</summary>
    internal static Refusal? Of(Operation operation)
    {
        if (operation.Error?.Errors is not [var error, ..])
            return null;
        string code = error.Code ?? "error";
        RefusalKind kind = s_full.Contains(code) ? RefusalKind.NoCapacity : code switch
        {
            "QUOTA_EXCEEDED" => RefusalKind.Quota,
            "RESOURCE_NOT_FOUND" => RefusalKind.NotFound,
            "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE" or "RESOURCE_NOT_READY" => RefusalKind.Conflict,
            "RATE_LIMIT_EXCEEDED" => RefusalKind.Throttled,
            "PERMISSIONS_ERROR" => RefusalKind.Credentials,
            _ => RefusalKind.Other,
        };
        return new Refusal(kind, code, error.Message ?? "");
    }

    // {"error": {"code": 403, "message": "Rate Limit Exceeded", "errors": [{"domain": "usageLimits", "reason": "rateLimitExceeded"}]}}
    private static (string Reason, string Text) Message(string? content)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(string.IsNullOrWhiteSpace(content) ? "{}" : content);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("error", out JsonElement error) || error.ValueKind != JsonValueKind.Object)
                return ("", content ?? "");
            string text = error.TryGetProperty("message", out JsonElement message) ? message.ToString() : "";
            string reason = error.TryGetProperty("errors", out JsonElement errors) && errors.GetArrayLength() > 0 && errors[0].TryGetProperty("reason", out JsonElement first) ? first.ToString() : "";
            return (reason, text);
        }
        catch (JsonException)
        {
            return ("", content ?? "");
        }
    }
}
