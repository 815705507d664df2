using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kola.Ignition;

/// <summary>An Ignition 3.x config as JSON, with what the harness adds to it. Immutable: each addition is a new config.</summary>
public sealed class IgnitionConfig
{
    private static readonly JsonDocumentOptions s_strict = new() { CommentHandling = JsonCommentHandling.Disallow, AllowTrailingCommas = false };
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly string[] s_placedKinds = ["files", "links", "directories"];

    private readonly JsonObject _root;

    private IgnitionConfig(JsonObject root, string source, Version version)
    {
        _root = root;
        Source = source;
        Version = version;
    }

    /// <summary>Where it came from, for messages.</summary>
    public string Source { get; }

    /// <summary>Its spec version.</summary>
    public Version Version { get; }

    /// <summary>A config that asks for nothing, in the oldest spec every image takes.</summary>
    public static IgnitionConfig Empty { get; } = Parse("""{"ignition":{"version":"3.0.0"}}""", "(no config)");

    /// <summary>Reads a config.</summary>
    /// <param name="text">JSON.</param>
    /// <param name="source">Names it in messages: a file.</param>
    /// <exception cref="UsageException">Not JSON (with line and column), not an Ignition config, or not of a 3.x spec.</exception>
    public static IgnitionConfig Parse(string text, string source)
    {
        JsonNode? node;
        try
        {
            node = JsonNode.Parse(text, null, s_strict);
        }
        catch (JsonException fault)
        {
            throw new UsageException($"{source}:{fault.LineNumber + 1}:{fault.BytePositionInLine + 1}: not JSON: {fault.Message.Split(" LineNumber:")[0]}\n  wanted:  an Ignition config, JSON with ignition.version", fault);
        }

        if (node is not JsonObject root)
            throw Wrong(source, Shown(node), "a JSON object with ignition.version");
        try
        {
            _ = root.Count; // duplicate keys are found when the object is first looked into
            string? version = root["ignition"] is JsonObject ignition && ignition["version"] is JsonValue value && value.TryGetValue(out string? given) ? given : null;
            if (version is null)
                throw Wrong(source, "no ignition.version", "\"ignition\": {\"version\": \"3.3.0\"}");
            if (!Version.TryParse(version, out Version? parsed) || parsed.Build < 0)
                throw Wrong(source, $"ignition.version \"{version}\"", "three numbers: 3.3.0");
            return parsed.Major == 3 ? new IgnitionConfig(root, source, parsed) : throw Wrong(source, $"ignition.version \"{version}\"", "a 3.x spec");
        }
        catch (ArgumentException fault)
        {
            throw new UsageException($"{source}: a key stands twice: {fault.Message}\n  wanted:  each key once", fault);
        }
    }

    internal static ConfigReading<IgnitionConfig> Read(string text) => new(Parse(text, "x"), []);

    /// <summary>Holds the config against what an image accepts.</summary>
    /// <param name="maximum">Highest spec: <c>3.3.0</c>.</param>
    /// <exception cref="UsageException">Its spec is newer.</exception>
    public void CheckVersion(string maximum)
    {
        if (Version > Version.Parse(maximum))
            throw Wrong(Source, $"ignition.version {Version}", $"at most {maximum}, which is what the image's Ignition accepts");
    }

    /// <summary>Lets a key log in as a user; the user is made if the config does not have it.</summary>
    /// <param name="user"><c>core</c>, which every image has, or another name, which is put into group sudo.</param>
    /// <param name="publicKey">One line of authorized_keys.</param>
    public IgnitionConfig WithKey(string user, string publicKey)
    {
        JsonObject root = Copy();
        JsonArray users = Array(Object(root, "passwd"), "users");
        JsonObject? entry = users.OfType<JsonObject>().FirstOrDefault(u => (string?)u["name"] == user);
        if (entry is null)
            users.Add(entry = new JsonObject { ["name"] = user });
        if (user != "core")
            AddOnce(Array(entry, "groups"), "sudo");
        AddOnce(Array(entry, "sshAuthorizedKeys"), publicKey);
        return new IgnitionConfig(root, Source, Version);
    }

    /// <summary>Writes a file, unless the config itself says something of that path.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="content">The whole content, UTF-8.</param>
    /// <param name="mode">Permissions. Default 0644.</param>
    public IgnitionConfig WithFile(string path, string content, int mode = 0b110_100_100)
    {
        if (Mentions(path))
            return this;
        JsonObject root = Copy();
        Array(Object(root, "storage"), "files").Add(new JsonObject
        {
            ["path"] = path,
            ["overwrite"] = true,
            ["mode"] = mode,
            ["contents"] = new JsonObject { ["source"] = "data:;base64," + Convert.ToBase64String(Encoding.UTF8.GetBytes(content)) },
        });
        return new IgnitionConfig(root, Source, Version);
    }

    /// <summary>Adds a unit, unless the config itself has one of that name.</summary>
    /// <param name="name">With its suffix: <c>a.service</c>.</param>
    /// <param name="text">The whole unit.</param>
    /// <param name="enabled">Whether it is started as its [Install] section says.</param>
    public IgnitionConfig WithUnit(string name, string text, bool enabled)
    {
        JsonObject root = Copy();
        JsonArray units = Array(Object(root, "systemd"), "units");
        if (units.OfType<JsonObject>().Any(u => (string?)u["name"] == name))
            return this;
        var unit = new JsonObject { ["name"] = name, ["contents"] = text };
        if (enabled)
            unit["enabled"] = true;
        units.Add(unit);
        return new IgnitionConfig(root, Source, Version);
    }

    /// <summary>The config as indented JSON.</summary>
    public override string ToString() => _root.ToJsonString(s_indented) + "\n";

    /// <summary>Whether the config itself says something of a path.</summary>
    public bool Mentions(string path) => s_placedKinds
        .SelectMany(kind => _root["storage"] is JsonObject storage && storage[kind] is JsonArray entries ? entries : [])
        .Any(entry => entry is JsonObject file && (string?)file["path"] == path);

    private JsonObject Copy() => (JsonObject)_root.DeepClone();

    private JsonObject Object(JsonObject parent, string key)
    {
        if (parent[key] is null)
            parent[key] = new JsonObject();
        return parent[key] as JsonObject ?? throw Wrong(Source, $"{key} = {Shown(parent[key])}", "a JSON object");
    }

    private JsonArray Array(JsonObject parent, string key)
    {
        if (parent[key] is null)
            parent[key] = new JsonArray();
        return parent[key] as JsonArray ?? throw Wrong(Source, $"{key} = {Shown(parent[key])}", "a JSON array");
    }

    private static void AddOnce(JsonArray to, string value)
    {
        if (!to.Any(v => (string?)v == value))
            to.Add(value);
    }

    private static string Shown(JsonNode? node) => node?.ToJsonString() is { } text ? (text.Length <= 60 ? text : text[..60] + "…") : "null";

    private static UsageException Wrong(string source, string got, string wanted) => new($"{source}: {got}\n  wanted:  {wanted}");
}
