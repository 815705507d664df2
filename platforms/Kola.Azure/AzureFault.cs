using System.Globalization;
using System.Net;
using System.Text.Json;
using Azure;
using Azure.Identity;
using Kola.Clouds;
using Refit;

namespace Kola.Azure;

/// <summary>Reads what Azure answers when it refuses, at once or in the state of a resource.</summary>
internal static class AzureFault
{
    private static readonly string[] s_full = ["SkuNotAvailable", "AllocationFailed", "ZonalAllocationFailed", "OverconstrainedAllocationRequest", "OverconstrainedZonalAllocationRequest", "AvailabilitySetAllocationFailed"];

    /// <summary>What was answered; null when nothing was.</summary>
    internal static Refusal? Read(Exception fault) => fault switch
    {
        RefusedException told => told.Refusal,
        ApiException answer => Of(answer.StatusCode, answer.Content),
        AuthenticationFailedException login => new Refusal(RefusalKind.Credentials, "no token", login.Message),
        RequestFailedException { Status: > 0 } blob => new Refusal(KindOf((HttpStatusCode)blob.Status, blob.ErrorCode ?? ""), blob.ErrorCode ?? blob.Status.ToString(CultureInfo.InvariantCulture), blob.Message.Split('\n')[0]),
        RequestFailedException silent => new Refusal(RefusalKind.Silence, "no answer", silent.Message),
        _ => null,
    };

    /// <summary>What an answer comes to.</summary>
    internal static Refusal Of(HttpStatusCode status, string? content)
    {
        (string code, string text) = Message(content);
        return new Refusal(KindOf(status, code), code.Length > 0 ? code : ((int)status).ToString(CultureInfo.InvariantCulture), text.Length > 0 ? text : status.ToString());
    }

    /// <summary>What a code in the state of a machine comes to: <c>ProvisioningState/failed/AllocationFailed</c>.</summary>
    internal static Refusal Of(string code, string text) => new(KindOf(HttpStatusCode.OK, code), code, text);

    private static RefusalKind KindOf(HttpStatusCode status, string code) =>
        s_full.Contains(code) ? RefusalKind.NoCapacity
        // OperationNotAllowed: Operation could not be completed as it results in exceeding approved standardBSFamily Cores quota.
        : code is "QuotaExceeded" or "OperationNotAllowed" or "PublicIPCountLimitReached" or "SubscriptionRequestsThrottled" ? RefusalKind.Quota
        : status switch
        {
            HttpStatusCode.NotFound => RefusalKind.NotFound,
            HttpStatusCode.Conflict => RefusalKind.Conflict,
            HttpStatusCode.BadRequest when code is "InUse" or "NicInUse" or "NicReservedForAnotherVm" or "PublicIPAddressCannotBeDeleted" => RefusalKind.Conflict,
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => RefusalKind.Credentials,
            HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable => RefusalKind.Throttled,
            _ => RefusalKind.Other,
        };

    // {"error": {"code": "SkuNotAvailable", "message": "The requested VM size … is currently not available in location …"}}
    private static (string Code, string Text) Message(string? content)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(string.IsNullOrWhiteSpace(content) ? "{}" : content);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("error", out JsonElement error) || error.ValueKind != JsonValueKind.Object)
                return ("", content ?? "");
            return (error.TryGetProperty("code", out JsonElement code) ? code.ToString() : "", error.TryGetProperty("message", out JsonElement message) ? message.ToString() : "");
        }
        catch (JsonException)
        {
            return ("", content ?? "");
        }
    }
}
