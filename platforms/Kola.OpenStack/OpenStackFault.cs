using System.Net;
using System.Text.Json;
using Kola.Clouds;
using Refit;

namespace Kola.OpenStack;

/// <summary>Reads what OpenStack's servers answer when they refuse: each has a form of its own.</summary>
internal static class OpenStackFault
{
    /// <summary>What was answered; null when nothing was.</summary>
    internal static Refusal? Read(Exception fault) => fault is not ApiException answer ? null : Of(answer.StatusCode, answer.Content);

    /// <summary>What an answer comes to.</summary>
    /// <param name="status">HTTP's.</param>
    /// <param name="content">The body; null for none.</param>
    internal static Refusal Of(HttpStatusCode status, string? content)
    {
        (string? type, string text) = Message(content);
        bool quota = type is "OverQuota" || text.Contains("quota", StringComparison.OrdinalIgnoreCase) || type is "IpAddressGenerationFailure" or "ExternalIpAddressExhausted";
        RefusalKind kind = status switch
        {
            HttpStatusCode.NotFound => RefusalKind.NotFound,
            HttpStatusCode.Conflict or HttpStatusCode.Forbidden when quota => RefusalKind.Quota,
            HttpStatusCode.RequestEntityTooLarge => RefusalKind.Quota,
            HttpStatusCode.Conflict => RefusalKind.Conflict,
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => RefusalKind.Credentials,
            HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable => RefusalKind.Throttled,
            // Neutron has no more addresses: another network may.
            _ => quota ? RefusalKind.Quota : RefusalKind.Other,
        };
        return new Refusal(kind, type ?? ((int)status).ToString(System.Globalization.CultureInfo.InvariantCulture), text.Length > 0 ? text : status.ToString());
    }

    /// <summary>Why a server is in state ERROR.</summary>
    internal static Refusal Of(ServerFault fault)
    {
        string text = fault.Message;
        // No valid host was found. There are not enough hosts available.
        bool room = text.Contains("No valid host", StringComparison.OrdinalIgnoreCase) || text.Contains("Exceeded maximum number of retries", StringComparison.OrdinalIgnoreCase);
        return new Refusal(room ? RefusalKind.NoCapacity : text.Contains("quota", StringComparison.OrdinalIgnoreCase) ? RefusalKind.Quota : RefusalKind.Other, $"fault {fault.Code}", text);
    }

    /// <summary>What a person can do about it, where it is not the usual.</summary>
    internal static string? Next(Refusal refusal) => refusal switch
    {
        { Kind: RefusalKind.NoCapacity } => "give other zones or a smaller flavor: --openstack-zone, --openstack-flavor; --max-machines for fewer at once",
        { Kind: RefusalKind.Credentials } => "openstack token issue tells whether the credentials are good; docs/platforms/openstack.md says where they are looked for",
        _ => null,
    };

    // {"forbidden": {"code": 403, "message": "Quota exceeded for cores"}}
    // {"NeutronError": {"type": "OverQuota", "message": "Quota exceeded for resources: ['port'].", "detail": ""}}
    // {"error": {"code": 401, "message": "The request you have made requires authentication.", "title": "Unauthorized"}}
    private static (string? Type, string Text) Message(string? content)
    {
        if (string.IsNullOrWhiteSpace(content))
            return (null, "");
        try
        {
            using JsonDocument document = JsonDocument.Parse(content);
            JsonElement body = document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.EnumerateObject().FirstOrDefault().Value : document.RootElement;
            if (body.ValueKind != JsonValueKind.Object)
                return (null, body.ToString());
            return (body.TryGetProperty("type", out JsonElement type) ? type.ToString() : null, body.TryGetProperty("message", out JsonElement message) ? message.ToString() : body.ToString());
        }
        catch (JsonException)
        {
            // Glance answers with a page for browsers.
            return (null, content);
        }
    }
}
