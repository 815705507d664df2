using System.Text.Json.Nodes;
using Kola.Platforms.Tests.Recording;

namespace Kola.Platforms.Tests.OpenStack;

/// <summary>Keystone, nova, glance and neutron in memory, one project, as far as kola asks for.</summary>
internal sealed class OpenStackModel(string url) : IProvider, IAsyncDisposable
{
    public const string ImageId = "70a599e0-31e7-49b7-b260-868f441e862b";
    public const string Inside = "11111111-1111-1111-1111-111111111111";
    public const string Outside = "22222222-2222-2222-2222-222222222222";

    private readonly string[] _regions = ["one"];
    private int _tokens;
    private int _numbers;
    private int _clock;

    /// <summary>Things by their collection and id.</summary>
    public Dictionary<string, SortedDictionary<string, JsonObject>> All { get; } = new[] { "servers", "images", "ports", "security-groups", "floatingips", "os-keypairs" }.ToDictionary(k => k, _ => new SortedDictionary<string, JsonObject>(StringComparer.Ordinal));

    /// <summary>Tokens that are good.</summary>
    public HashSet<string> Tokens { get; } = [];

    /// <summary>Looks a server takes to come up, or to change.</summary>
    public int Slowness { get; set; } = 1;

    /// <summary>Zones without a host that has room; an empty name for servers of no zone.</summary>
    public HashSet<string> Full { get; } = [];

    /// <summary>Most of a list that are in one answer.</summary>
    public int Page { get; set; } = 1000;

    /// <summary>What consoles show.</summary>
    public string Console { get; set; } = "";

    public int Logins => _tokens;

    /// <summary>Where servers run; null where they are nothing but entries.</summary>
    public OpenStackMachines? Machines { get; init; }

    /// <summary>The environment of a person who comes to one.</summary>
    /// <param name="url">Its address.</param>
    public static IReadOnlyDictionary<string, string> Environment(string url) => new Dictionary<string, string>
    {
        ["OS_AUTH_URL"] = $"{url}/identity",
        ["OS_USERNAME"] = "kola",
        ["OS_PASSWORD"] = "secret",
        ["OS_PROJECT_NAME"] = "tests",
        ["OS_USER_DOMAIN_NAME"] = "Default",
        ["OS_PROJECT_DOMAIN_NAME"] = "Default",
    };

    public Answer Handle(Received request)
    {
        string[] path = request.Path.Trim('/').Split('/');
        if (path[0] == "identity")
            return Login(request);
        if (!Tokens.Contains(request.Headers.GetValueOrDefault("x-auth-token") ?? ""))
            return new Answer(401, new JsonObject { ["error"] = new JsonObject { ["code"] = 401, ["message"] = "The request you have made requires authentication.", ["title"] = "Unauthorized" } });
        return path switch
        {
            ["compute", _] => new Answer(200, new JsonObject { ["version"] = new JsonObject { ["id"] = "v2.1", ["version"] = "2.93", ["min_version"] = "2.1" } }),
            ["compute", _, "flavors", "detail"] => new Answer(200, Flavors()),
            ["compute", _, "servers", "detail"] => Servers(request),
            ["compute", _, "servers"] => CreateServer(request),
            ["compute", _, "servers", var id, "action"] => Act(id, request),
            ["compute", _, "os-keypairs"] when request.Method == "GET" => Paged(request, "os-keypairs", "keypairs", 1000, k => new JsonObject { ["keypair"] = k.DeepClone() }, links: true),
            ["compute", _, "os-keypairs"] => Keep("os-keypairs", request.Json["keypair"]!["name"]!.ToString(), "keypair", request),
            ["compute", _, var kind, var id] => One(request, kind, id, "server"),
            ["network", _, "networks"] => new Answer(200, new JsonObject { ["networks"] = new JsonArray(Net(Inside, "inside", false), Net(Outside, "outside", true)) }),
            ["network", _, "security-group-rules"] => new Answer(201, request.Json.DeepClone()),
            ["network", _, var kind] when request.Method == "GET" => Paged(request, kind, kind.Replace('-', '_'), int.Parse(request.Asked("limit") ?? "1000", System.Globalization.CultureInfo.InvariantCulture), k => k.DeepClone(), links: false),
            ["network", _, "ports"] => Keep("ports", Id(), "port", request),
            ["network", _, "security-groups"] => Keep("security-groups", Id(), "security_group", request),
            ["network", _, "floatingips"] => Keep("floatingips", Id(), "floatingip", request),
            ["network", _, var kind, var id] => One(request, kind, id, ""),
            ["image", _, "images"] when request.Method == "GET" => Images(request),
            ["image", _, "images"] => CreateImage(request),
            ["image", _, "images", var id, "file"] => Upload(id, request),
            ["image", _, "images", var id] when request.Method == "PATCH" => Patch(id, request),
            ["image", _, "images", var id] => One(request, "images", id, ""),
            _ => throw new InvalidOperationException($"{request} is not modelled"),
        };
    }

    /// <summary>An image that is there, made by nobody's run.</summary>
    public void AddImage(string id, string status, int disk = 0, long bytes = 0) => All["images"][id] = new JsonObject { ["id"] = id, ["min_disk"] = disk, ["virtual_size"] = bytes > 0 ? bytes : null, ["size"] = 1000, ["name"] = "flatcar", ["status"] = status, ["created_at"] = "0", ["os_hidden"] = false, ["tags"] = new JsonArray() };

    private string Id() => $"00000000-0000-4000-8000-{++_numbers:x12}";

    private Answer Login(Received request)
    {
        JsonNode identity = request.Json["auth"]!["identity"]!;
        bool good = identity["password"]?["user"]?["password"]?.ToString() == "secret" || identity["application_credential"]?["secret"]?.ToString() == "secret" || identity["token"]?["id"]?.ToString() == "given";
        if (!good)
            return new Answer(401, new JsonObject { ["error"] = new JsonObject { ["code"] = 401, ["message"] = "The request you have made requires authentication.", ["title"] = "Unauthorized" } });
        string token = $"token-{++_tokens}";
        Tokens.Add(token);
        JsonNode Entry(string type, string path) => new JsonObject
        {
            ["type"] = type,
            ["endpoints"] = new JsonArray([.. _regions.Select(r => new JsonObject { ["interface"] = "public", ["region_id"] = r, ["region"] = r, ["url"] = url + path })]),
        };
        return new Answer(201, new JsonObject { ["token"] = new JsonObject { ["expires_at"] = "2099-01-01T00:00:00.000000Z", ["catalog"] = new JsonArray(Entry("compute", "/compute/v2.1"), Entry("network", "/network"), Entry("image", "/image/v2/")) } }) { Headers = [("X-Subject-Token", token)] };
    }

    private static JsonObject Flavors() => new() { ["flavors"] = new JsonArray(Flavor("2", "m1.small", 2048, 1, 20), Flavor("1", "m1.tiny", 1024, 1, 1), Flavor("0", "m1.zero", 1024, 1, 0)) };

    private static JsonObject Flavor(string id, string name, int ram, int cpus, int disk) => new() { ["id"] = id, ["name"] = name, ["ram"] = ram, ["vcpus"] = cpus, ["disk"] = disk };

    private static JsonObject Net(string id, string name, bool external) => new() { ["id"] = id, ["name"] = name, ["router:external"] = external };

    private Answer CreateServer(Received request)
    {
        JsonObject server = request.Json["server"]!.DeepClone().AsObject();
        // As nova does since Stein, for everybody but administrators.
        if (server["flavorRef"]!.ToString() == "0")
            return new Answer(403, new JsonObject { ["forbidden"] = new JsonObject { ["code"] = 403, ["message"] = "Only volume-backed servers are allowed for flavors with zero disk." } });
        string id = Id();
        bool full = Full.Contains(server["availability_zone"]?.ToString() ?? "");
        server["id"] = id;
        server["left"] = Slowness;
        server["status"] = "BUILD";
        server["then"] = full ? "ERROR" : "ACTIVE";
        if (full)
            server["fault"] = new JsonObject { ["code"] = 500, ["message"] = "No valid host was found. There are not enough hosts available.", ["created"] = "2026-11-28T20:00:00Z" };
        int disk = Flavors()["flavors"]!.AsArray().Single(f => f!["id"]!.ToString() == server["flavorRef"]!.ToString())!["disk"]!.GetValue<int>();
        server["addresses"] = new JsonObject { ["inside"] = new JsonArray(new JsonObject { ["addr"] = Machines?.Make(server, disk) ?? "10.0.0.5", ["version"] = 4, ["OS-EXT-IPS:type"] = "fixed" }) };
        All["servers"][id] = server;
        return new Answer(202, new JsonObject { ["server"] = new JsonObject { ["id"] = id, ["adminPass"] = "x" } });
    }

    private Answer Servers(Received request)
    {
        foreach ((string id, JsonObject server) in All["servers"].ToArray())
        {
            Machines?.Show(server);
            if (Machines is not null || server["then"] is not { } then)
                continue;
            int left = server["left"]!.GetValue<int>();
            server["left"] = left - 1;
            if (left > 0)
                continue;
            server.Remove("then");
            server["status"] = then.ToString();
        }

        JsonObject[] found = [.. All["servers"].Values.Where(s => (request.Asked("tags") is not { } tag || s["tags"]!.AsArray().Any(t => t!.ToString() == tag)) && (request.Asked("name") is not { } name || s["name"]!.ToString() == name.Trim('^', '$')))];
        return Page_(request, found, "servers", Page, s => s.DeepClone(), links: true, s => s["id"]!.ToString());
    }

    private Answer Act(string id, Received request)
    {
        if (!All["servers"].TryGetValue(id, out JsonObject? server))
            return NotFound();
        (string action, _) = request.Json.AsObject().Single();
        if (action == "os-getConsoleOutput")
            return new Answer(200, new JsonObject { ["output"] = Machines?.ConsoleOf(id) ?? Console });
        Machines?.Act(id, action, All["images"].GetValueOrDefault(server["imageRef"]!.ToString())?["os_shutdown_timeout"]?.ToString() == "0");
        (server["status"], server["then"]) = action switch
        {
            "reboot" => ("HARD_REBOOT", "ACTIVE"),
            "os-stop" => ("ACTIVE", "SHUTOFF"),
            _ => ("SHUTOFF", "ACTIVE"),
        };
        server["left"] = Slowness;
        return new Answer(202);
    }

    private Answer CreateImage(Received request)
    {
        JsonObject image = request.Json.DeepClone().AsObject();
        string id = Id();
        (image["id"], image["status"], image["created_at"]) = (id, "queued", $"2026-11-28T20:00:{_clock++:00}Z");
        All["images"][id] = image;
        return new Answer(201, image.DeepClone());
    }

    private Answer Images(Received request)
    {
        JsonObject[] found = [.. All["images"].Values.Where(i => i["tags"]!.AsArray().Any(t => t!.ToString() == request.Asked("tag")) && (i["os_hidden"]?.GetValue<bool>() ?? false) == (request.Asked("os_hidden") == "true"))];
        Answer page = Page_(request, found, "images", Page, s => s.DeepClone(), links: true, i => i["id"]!.ToString());
        if (page.Body!["images_links"] is not null)
            page.Body["next"] = "/v2/images?marker=more";
        page.Body.AsObject().Remove("images_links");
        return page;
    }

    private Answer Upload(string id, Received request)
    {
        if (!All["images"].TryGetValue(id, out JsonObject? image))
            return NotFound();
        Machines?.Keep(id, image["disk_format"]!.ToString(), request.File!);
        image["status"] = "active";
        return new Answer(204);
    }

    private Answer Patch(string id, Received request)
    {
        if (!All["images"].TryGetValue(id, out JsonObject? image))
            return NotFound();
        foreach (JsonNode? change in request.Json.AsArray())
        {
            string name = change!["path"]!.ToString()[1..];
            if (change["op"]!.ToString() is "replace" or "remove" && !image.ContainsKey(name))
                return new Answer(409) { Text = $"Property {name} does not exist." };
            if (change["op"]!.ToString() == "remove")
                image.Remove(name);
            else
                image[name] = change["value"]!.DeepClone();
        }

        return new Answer(200, image.DeepClone());
    }

    private Answer Keep(string kind, string id, string wrapper, Received request)
    {
        JsonObject thing = request.Json[wrapper]!.DeepClone().AsObject();
        thing["id"] = id;
        if (kind == "floatingips")
            thing["floating_ip_address"] = "203.0.113.9";
        All[kind][id] = thing;
        return new Answer(201, new JsonObject { [wrapper] = thing.DeepClone() });
    }

    private Answer One(Received request, string kind, string id, string wrapper)
    {
        if (!All[kind].TryGetValue(id, out JsonObject? thing))
            return NotFound();
        if (kind == "servers")
            Machines?.Show(thing);
        if (request.Method != "DELETE")
            return new Answer(200, wrapper.Length > 0 ? new JsonObject { [wrapper] = thing.DeepClone() } : thing.DeepClone());
        bool used = kind == "security-groups" && (All["ports"].Values.Any(p => p["security_groups"]!.AsArray().Any(g => g!.ToString() == id)) || All["servers"].Values.Any(s => s["security_groups"]?.AsArray().Any(g => g!["name"]!.ToString() == id) == true));
        if (used)
            return new Answer(409, new JsonObject { ["NeutronError"] = new JsonObject { ["type"] = "SecurityGroupInUse", ["message"] = $"Security Group {id} in use.", ["detail"] = "" } });
        All[kind].Remove(id);
        if (kind == "servers")
            Machines?.Delete(id);
        return new Answer(204);
    }

    private Answer Paged(Received request, string kind, string list, int limit, Func<JsonObject, JsonNode> show, bool links) =>
        Page_(request, [.. All[kind].Values.Where(t => Matches(request, t))], list, Math.Min(limit, links ? Page : limit), show, links, t => (t["id"] ?? t["name"])!.ToString());

    private static bool Matches(Received request, JsonObject thing) => request.Query.Where(q => q.Key is "name" or "port_id").All(q => thing[q.Key]?.ToString() == q.Value);

    private static Answer Page_(Received request, JsonObject[] found, string list, int limit, Func<JsonObject, JsonNode> show, bool links, Func<JsonObject, string> id)
    {
        int from = request.Asked("marker") is { } marker ? Array.FindIndex(found, f => id(f) == marker) + 1 : 0;
        JsonObject[] page = [.. found.Skip(from).Take(limit)];
        var body = new JsonObject { [list] = new JsonArray([.. page.Select(show)]) };
        if (links && from + page.Length < found.Length)
            body[$"{list}_links"] = new JsonArray(new JsonObject { ["rel"] = "next", ["href"] = "x" });
        return new Answer(200, body);
    }

    public ValueTask DisposeAsync() => Machines?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static Answer NotFound() => new(404, new JsonObject { ["itemNotFound"] = new JsonObject { ["code"] = 404, ["message"] = "It could not be found." } });
}
