using System.Text.Json.Nodes;
using Kola.Platforms.Tests.Recording;

namespace Kola.Platforms.Tests.Azure;

/// <summary>Azure Resource Manager in memory: resources by their path, as far as kola asks for.</summary>
/// <param name="url">Of the server.</param>
/// <param name="directory">Where blobs and images are kept.</param>
internal sealed class AzureModel(string url, string directory) : IProvider, IAsyncDisposable
{
    private readonly List<Task> _operations = [];

    /// <summary>What a person says to come to one, who brings an image there.</summary>
    public static (string Option, string Value)[] Settings(string url) =>
        [("azure-endpoint", url), ("azure-subscription", "s"), ("azure-location", "germanywestcentral"), ("azure-container", AzureBlobs.Container(url)), ("azure-ssh-from", "127.0.0.0/8")];

    /// <summary>The environment of that person.</summary>
    public static IReadOnlyDictionary<string, string> Environment { get; } = new Dictionary<string, string> { ["AZURE_ACCESS_TOKEN"] = "token" };

    /// <summary>By path, without its first slash.</summary>
    public SortedDictionary<string, JsonObject> Resources { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What machines in a zone fail with; an empty name for those of none.</summary>
    public Dictionary<string, (string Code, string Message)> Failures { get; } = [];

    /// <summary>What consoles show.</summary>
    public string Console { get; set; } = "";

    public AzureBlobs Blobs { get; } = new(directory);

    /// <summary>Where machines run; null where they are nothing but entries.</summary>
    public AzureMachines? Running { get; set; }

    public IEnumerable<JsonObject> Machines => Resources.Where(r => r.Key.Contains("/virtualMachines/", StringComparison.OrdinalIgnoreCase)).Select(r => r.Value);

    public Answer Handle(Received request)
    {
        if (request.Path.StartsWith("/log/", StringComparison.Ordinal))
            return new Answer(200) { Text = Running?.ConsoleOf(request.Path.Split('/')[^1]) ?? Console };
        if (request.Path.StartsWith($"/{AzureBlobs.Account}/", StringComparison.Ordinal))
            return Blobs.Handle(request);
        if (request.Headers.GetValueOrDefault("authorization") != "Bearer token")
            return Wrong(401, "AuthenticationFailed", "Authentication failed.");
        string path = request.Path.Trim('/');
        return request.Method switch
        {
            "PUT" => Make(path, request),
            "PATCH" => Change(path, request),
            "POST" => Act(path, request),
            "DELETE" => Delete(path),
            _ when path.Contains("/operations/", StringComparison.Ordinal) => Operation(path),
            _ => Look(path, request.Asked("$expand") == "instanceView"),
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
            properties["ipAddress"] = Running is null ? "203.0.113.9" : GuestHost.Loopback();
        if (properties["storageProfile"]?["osDisk"]?["blobUri"] is { } blob && Blobs.Take(path, new Uri(blob.ToString())) is { } wrong)
            return Wrong(400, "InvalidParameter", wrong);
        if (path.Contains("/networkInterfaces/", StringComparison.Ordinal) || path.Contains("/virtualNetworks/", StringComparison.Ordinal))
            properties["provisioningState"] = "Updating";
        if (path.Contains("/virtualMachines/", StringComparison.Ordinal))
        {
            string zone = resource["zones"]?[0]?.ToString() ?? "";
            if (Running is not null)
            {
                JsonNode image = Resources[properties["storageProfile"]!["imageReference"]!["id"]!.ToString().TrimStart('/')];
                _ = Running.MakeAsync(resource.DeepClone().AsObject(), image["properties"]!["hyperVGeneration"]!.ToString(), AddressOf(properties));
            }

            Statuses(resource, Failures.TryGetValue(zone, out (string Code, string Message) failure) ? ($"ProvisioningState/failed/{failure.Code}", failure.Message) : ("ProvisioningState/succeeded", ""), ("PowerState/running", ""));
        }

        Resources[path] = resource;
        Answer answer = new(201, resource.DeepClone());
        properties["provisioningState"] = "Succeeded";
        return answer;
    }

    // The machine's card has the address.
    private string AddressOf(JsonNode machine)
    {
        JsonObject card = Resources[machine["networkProfile"]!["networkInterfaces"]![0]!["id"]!.ToString().TrimStart('/')];
        return Resources[card["properties"]!["ipConfigurations"]![0]!["properties"]!["publicIPAddress"]!["id"]!.ToString().TrimStart('/')]["properties"]!["ipAddress"]!.ToString();
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

    private Answer Act(string path, Received request)
    {
        string action = path.Split('/')[^1];
        if (!Resources.TryGetValue(path[..^(action.Length + 1)], out JsonObject? machine))
            return NotFound(path);
        if (action == "retrieveBootDiagnosticsData")
            return new Answer(200, new JsonObject { ["serialConsoleLogBlobUri"] = $"{url}/log/{machine["name"]}" });
        Statuses(machine, ("ProvisioningState/succeeded", ""), (action == "powerOff" ? "PowerState/stopped" : "PowerState/running", ""));
        _operations.Add(Running?.ActAsync(machine["id"]!.ToString(), action, request.Asked("skipShutdown") == "true") ?? Task.CompletedTask);
        return new Answer(202) { Headers = [("Azure-AsyncOperation", $"{url}/subscriptions/s/providers/Microsoft.Compute/locations/l/operations/{_operations.Count - 1}?api-version=2024-03-01&s=signed")] };
    }

    private Answer Operation(string path)
    {
        Task work = _operations[int.Parse(path.Split('/')[^1], System.Globalization.CultureInfo.InvariantCulture)];
        return new Answer(200, new JsonObject { ["status"] = work.IsCompleted ? "Succeeded" : "InProgress" });
    }

    private Answer Delete(string path)
    {
        if (!Resources.ContainsKey(path))
            return NotFound(path);
        // A group takes all with it.
        foreach (string gone in Resources.Keys.Where(k => string.Equals(k, path, StringComparison.OrdinalIgnoreCase) || k.StartsWith($"{path}/", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            Resources.Remove(gone);
            if (gone.Contains("/virtualMachines/", StringComparison.OrdinalIgnoreCase))
                _ = Running?.DeleteAsync($"/{gone}");
        }

        return new Answer(202);
    }

    private Answer Look(string path, bool view)
    {
        if (Resources.TryGetValue(path, out JsonObject? resource))
            return new Answer(200, Seen(resource, view));
        string kind = path.Split('/')[^1];
        bool list = kind is "resourcegroups" or "virtualMachines" or "publicIPAddresses" or "images";
        if (!list)
            return NotFound(path);
        // /subscriptions/S/providers/Microsoft.Compute/images is of all groups.
        IEnumerable<JsonObject> all = path.Contains("/resourceGroups/", StringComparison.Ordinal) || kind == "resourcegroups"
            ? Resources.Where(r => r.Key.StartsWith($"{path}/", StringComparison.OrdinalIgnoreCase) && !r.Key[(path.Length + 1)..].Contains('/', StringComparison.Ordinal)).Select(r => r.Value)
            : Resources.Where(r => r.Key.Contains($"/{kind}/", StringComparison.OrdinalIgnoreCase)).Select(r => r.Value);
        return new Answer(200, new JsonObject { ["value"] = new JsonArray([.. all.Select(r => Seen(r, view: false))]) });
    }

    // How a machine is, is told of one alone, and where it is asked for.
    private JsonObject Seen(JsonObject resource, bool view)
    {
        if (Running is not null && view)
            Statuses(resource, Running.StatesOf(resource["id"]!.ToString()));
        JsonObject seen = resource.DeepClone().AsObject();
        if (!view)
            seen["properties"]?.AsObject().Remove("instanceView");
        return seen;
    }

    public async ValueTask DisposeAsync()
    {
        if (Running is not null)
            await Running.DisposeAsync();
    }

    private static Answer NotFound(string path) => Wrong(404, path.Contains("/providers/", StringComparison.Ordinal) ? "ResourceNotFound" : "ResourceGroupNotFound", $"'{path}' could not be found.");

    private static Answer Wrong(int status, string code, string message) => new(status, new JsonObject { ["error"] = new JsonObject { ["code"] = code, ["message"] = message } });
}
