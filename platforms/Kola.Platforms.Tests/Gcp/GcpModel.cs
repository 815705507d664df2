using System.Globalization;
using System.Text.Json.Nodes;
using Kola.Platforms.Tests.Recording;

namespace Kola.Platforms.Tests.Gcp;

/// <summary>Compute Engine and Cloud Storage in memory, as far as kola asks for.</summary>
/// <param name="directory">Where images are kept.</param>
internal sealed class GcpModel(string directory) : IProvider, IAsyncDisposable
{
    private readonly Dictionary<string, Task<(string Code, string Message)?>> _operations = [];
    private int _numbers;

    /// <summary>What a person says to come to one, who brings an image there.</summary>
    public static (string Option, string Value)[] Settings(string url) =>
        [("gcp-endpoint", url), ("gcp-project", "tests"), ("gcp-zone", "a"), ("gcp-bucket", "bucket"), ("gcp-ssh-from", "127.0.0.0/8")];

    /// <summary>The environment of that person.</summary>
    public static IReadOnlyDictionary<string, string> Environment { get; } = new Dictionary<string, string> { ["CLOUDSDK_AUTH_ACCESS_TOKEN"] = "token" };

    public SortedDictionary<string, JsonObject> Instances { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, JsonObject> Firewalls { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, JsonObject> Images { get; } = new(StringComparer.Ordinal);

    public GcpBucket Bucket { get; } = new(directory);

    /// <summary>What starts in a zone end in: code and message.</summary>
    public Dictionary<string, (string Code, string Message)> Failures { get; } = [];

    public string Console { get; set; } = "";

    /// <summary>Where instances run; null where they are nothing but entries.</summary>
    public GcpMachines? Machines { get; set; }

    public Answer Handle(Received request)
    {
        if (request.Headers.GetValueOrDefault("authorization") != "Bearer token")
            return Wrong(401, "authError", "Invalid Credentials");
        string[] path = request.Path.Trim('/').Split('/');
        return path switch
        {
            ["compute", _, _, _, "zones", var zone, "instances"] => Insert(request, zone),
            ["compute", _, _, _, "aggregated", "instances"] => Aggregated(request),
            ["compute", _, _, _, "zones", _, "instances", var name, "serialPort"] => Serial(request, name),
            ["compute", _, _, _, "zones", _, "instances", var name, var action] => Act(name, action),
            ["compute", _, _, _, "zones", _, "instances", var name] => Delete(Instances, name, Machines?.DeleteAsync(name)),
            ["compute", _, _, _, .., "operations", var name] => Operation(name),
            ["compute", _, _, _, "global", "firewalls"] => List(request, Firewalls),
            ["compute", _, _, _, "global", "firewalls", var name] => Delete(Firewalls, name),
            ["compute", _, _, _, "global", "images"] => List(request, Images),
            ["compute", _, _, _, "global", "images", var name] => request.Method == "DELETE" ? Delete(Images, name) : Images.TryGetValue(name, out JsonObject? image) ? new Answer(200, image.DeepClone()) : NotFound(name),
            ["upload", ..] => Keep(request),
            ["storage", _, _, _, "o"] => new Answer(200, new JsonObject { ["items"] = new JsonArray([.. Bucket.Objects.Where(o => o.StartsWith(request.Asked("prefix") ?? "", StringComparison.Ordinal)).Select(o => new JsonObject { ["name"] = o })]) }),
            ["storage", _, _, _, "o", var name] => Bucket.Drop(name) ? new Answer(204) : NotFound(name),
            _ => throw new InvalidOperationException($"{request} is not modelled"),
        };
    }

    private Answer Insert(Received request, string zone)
    {
        if (Failures.TryGetValue(zone, out (string, string) failure))
            return Asked(Task.FromResult<(string, string)?>(failure));
        JsonObject instance = request.Json.DeepClone().AsObject();
        instance["zone"] = $"https://www.googleapis.com/compute/v1/projects/tests/zones/{zone}";
        instance["status"] = "STAGING";
        instance["networkInterfaces"]![0]!["accessConfigs"]![0]!["natIP"] = "203.0.113.9";
        Instances[instance["name"]!.ToString()] = instance;
        return Asked(Machines?.MakeAsync(instance));
    }

    private Answer Aggregated(Received request)
    {
        // labels.kola-mark=abc, labels.kola-run:*
        string[] filter = request.Asked("filter")!["labels.".Length..].Split('=', ':');
        JsonObject[] found = [.. Instances.Values.Where(i => i["labels"]?[filter[0]]?.ToString() is { } value && (filter[1] == "*" || filter[1] == value))];
        foreach (JsonObject instance in found)
            Machines?.Show(instance);
        var zones = new JsonObject { ["zones/empty"] = new JsonObject { ["warning"] = new JsonObject { ["code"] = "NO_RESULTS_ON_PAGE" } } };
        foreach (IGrouping<string, JsonObject> zone in found.GroupBy(i => i["zone"]!.ToString().Split('/')[^1]))
            zones[$"zones/{zone.Key}"] = new JsonObject { ["instances"] = new JsonArray([.. zone.Select(i => i.DeepClone())]) };
        foreach (JsonObject instance in Machines is null ? found : [])
            instance["status"] = instance["status"]!.ToString() switch { "STAGING" => "RUNNING", "STOPPING" => "TERMINATED", var other => other };
        return new Answer(200, new JsonObject { ["items"] = zones });
    }

    private Answer Serial(Received request, string name)
    {
        int start = int.Parse(request.Asked("start")!, CultureInfo.InvariantCulture);
        string console = Machines?.ConsoleOf(name) ?? Console;
        return Instances.ContainsKey(name) ? new Answer(200, new JsonObject { ["contents"] = console[start..], ["start"] = $"{start}", ["next"] = $"{console.Length}" }) : NotFound(name);
    }

    private Answer Act(string name, string action)
    {
        if (!Instances.TryGetValue(name, out JsonObject? instance))
            return NotFound(name);
        instance["status"] = action switch { "stop" => "STOPPING", "start" => "STAGING", _ => "RUNNING" };
        return Asked(Machines?.ActAsync(name, action));
    }

    private Answer List(Received request, SortedDictionary<string, JsonObject> all)
    {
        if (request.Method == "GET")
            return new Answer(200, new JsonObject { ["items"] = new JsonArray([.. all.Values.Select(v => v.DeepClone())]) });
        JsonObject thing = request.Json.DeepClone().AsObject();
        (thing["status"], thing["labelFingerprint"]) = ("READY", "x");
        all[thing["name"]!.ToString()] = thing;
        return Asked(thing["rawDisk"] is { } disk ? Bucket.UnpackAsync(thing["name"]!.ToString(), disk["source"]!.ToString().Split('/')[^1]) : null);
    }

    private Answer Keep(Received request)
    {
        string name = request.Asked("name")!;
        Bucket.Keep(name, request.File!);
        return new Answer(200, new JsonObject { ["name"] = name });
    }

    private Answer Delete(SortedDictionary<string, JsonObject> all, string name, Task<(string, string)?>? work = null) => all.Remove(name) ? Asked(work) : NotFound(name);

    private Answer Asked(Task<(string, string)?>? work)
    {
        string name = $"operation-{++_numbers}";
        _operations[name] = work ?? Task.FromResult<(string, string)?>(null);
        return new Answer(200, new JsonObject { ["name"] = name, ["status"] = "PENDING" });
    }

    public async ValueTask DisposeAsync()
    {
        if (Machines is not null)
            await Machines.DisposeAsync();
    }

    private Answer Operation(string name)
    {
        Task<(string, string)?> work = _operations[name];
        var done = new JsonObject { ["name"] = name, ["status"] = work.IsCompleted ? "DONE" : "RUNNING" };
        if (work is { IsCompleted: true, Result: var (code, message) })
            done["error"] = new JsonObject { ["errors"] = new JsonArray(new JsonObject { ["code"] = code, ["message"] = message }) };
        return new Answer(200, done);
    }

    private static Answer NotFound(string name) => Wrong(404, "notFound", $"The resource '{name}' was not found");

    private static Answer Wrong(int status, string reason, string message) => new(status, new JsonObject { ["error"] = new JsonObject { ["code"] = status, ["message"] = message, ["errors"] = new JsonArray(new JsonObject { ["reason"] = reason, ["message"] = message }) } });
}
