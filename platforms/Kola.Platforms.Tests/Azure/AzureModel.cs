using System.Text.Json.Nodes;
using Kola.Platforms.Tests.Recording;

namespace Kola.Platforms.Tests.Azure;

/// <summary>Azure Resource Manager in memory: resources by their path, as far as kola asks for.</summary>
internal sealed class AzureModel(string url) : IProvider
{
    /// <summary>By path, without its first slash.</summary>
    public SortedDictionary<string, JsonObject> Resources { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What machines in a zone fail with; an empty name for those of none.</summary>
    public Dictionary<string, (string Code, string Message)> Failures { get; } = [];

    /// <summary>What consoles show.</summary>
    public string Console { get; set; } = "";

    public IEnumerable<JsonObject> Machines => Resources.Where(r => r.Key.Contains("/virtualMachines/", StringComparison.OrdinalIgnoreCase)).Select(r => r.Value);

    public Answer Handle(Received request)
    {
        if (request.Path.StartsWith("/log/", StringComparison.Ordinal))
            return new Answer(200) { Text = Console };
        if (request.Headers.GetValueOrDefault("authorization") != "Bearer token")
            return Wrong(401, "AuthenticationFailed", "Authentication failed.");
        string path = request.Path.Trim('/');
        return request.Method switch
        {
            "PUT" => Make(path, request),
            "PATCH" => Change(path, request),
            "POST" => Act(path),
            "DELETE" => Delete(path),
            _ => Look(path),
        };
    }

    private Answer Make(string path, Received request)
    {
        JsonObject resource = request.Json.DeepClone().AsObject();
        (resource["id"], resource["name"]) = ($"/{path}", path.Split('/')[^1]);
        var properties = (JsonObject?)resource["properties"] ?? [];
        resource["properties"] = properties;
        properties["provisioningState"] = "Succeeded";
        if (path.Contains("/publicIPAddresses/", StringComparison.Ordinal))
            properties["ipAddress"] = "203.0.113.9";
        if (path.Contains("/networkInterfaces/", StringComparison.Ordinal) || path.Contains("/virtualNetworks/", StringComparison.Ordinal))
            properties["provisioningState"] = "Updating";
        if (path.Contains("/virtualMachines/", StringComparison.Ordinal))
        {
            string zone = resource["zones"]?[0]?.ToString() ?? "";
            Statuses(resource, Failures.TryGetValue(zone, out (string Code, string Message) failure) ? ($"ProvisioningState/failed/{failure.Code}", failure.Message) : ("ProvisioningState/succeeded", ""), ("PowerState/running", ""));
        }

        Resources[path] = resource;
        Answer answer = new(201, resource.DeepClone());
        properties["provisioningState"] = "Succeeded";
        return answer;
    }

    private static void Statuses(JsonObject machine, params (string Code, string Message)[] all) =>
        machine["properties"]!["instanceView"] = new JsonObject { ["statuses"] = new JsonArray([.. all.Select(s => new JsonObject { ["code"] = s.Code, ["message"] = s.Message })]) };

    private Answer Change(string path, Received request)
    {
        if (!Resources.TryGetValue(path, out JsonObject? resource))
            return NotFound(path);
        resource["tags"] = request.Json["tags"]!.DeepClone();
        return new Answer(200, resource.DeepClone());
    }

    private Answer Act(string path)
    {
        string action = path.Split('/')[^1];
        if (!Resources.TryGetValue(path[..^(action.Length + 1)], out JsonObject? machine))
            return NotFound(path);
        if (action == "retrieveBootDiagnosticsData")
            return new Answer(200, new JsonObject { ["serialConsoleLogBlobUri"] = $"{url}/log/serial" });
        Statuses(machine, ("ProvisioningState/succeeded", ""), (action == "powerOff" ? "PowerState/stopped" : "PowerState/running", ""));
        return new Answer(202);
    }

    private Answer Delete(string path)
    {
        if (!Resources.Remove(path))
            return NotFound(path);
        // A group takes all with it.
        foreach (string inside in Resources.Keys.Where(k => k.StartsWith($"{path}/", StringComparison.OrdinalIgnoreCase)).ToArray())
            Resources.Remove(inside);
        return new Answer(202);
    }

    private Answer Look(string path)
    {
        if (Resources.TryGetValue(path, out JsonObject? resource))
            return new Answer(200, resource.DeepClone());
        string kind = path.Split('/')[^1];
        bool list = kind is "resourcegroups" or "virtualMachines" or "publicIPAddresses" or "images";
        if (!list)
            return NotFound(path);
        // /subscriptions/S/providers/Microsoft.Compute/images is of all groups.
        IEnumerable<JsonObject> all = path.Contains("/resourceGroups/", StringComparison.Ordinal) || kind == "resourcegroups"
            ? Resources.Where(r => r.Key.StartsWith($"{path}/", StringComparison.OrdinalIgnoreCase) && !r.Key[(path.Length + 1)..].Contains('/', StringComparison.Ordinal)).Select(r => r.Value)
            : Resources.Where(r => r.Key.Contains($"/{kind}/", StringComparison.OrdinalIgnoreCase)).Select(r => r.Value);
        return new Answer(200, new JsonObject { ["value"] = new JsonArray([.. all.Select(r => r.DeepClone())]) });
    }

    private static Answer NotFound(string path) => Wrong(404, path.Contains("/providers/", StringComparison.Ordinal) ? "ResourceNotFound" : "ResourceGroupNotFound", $"'{path}' could not be found.");

    private static Answer Wrong(int status, string code, string message) => new(status, new JsonObject { ["error"] = new JsonObject { ["code"] = code, ["message"] = message } });
}
