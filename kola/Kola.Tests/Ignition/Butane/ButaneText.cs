using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kola.Ignition;

namespace Kola.Tests.Ignition;

/// <summary>Nodes as JSON that two can be compared by: keys sorted, gzip unpacked (its bytes depend on who packed).</summary>
internal static class ButaneText
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static string Of(ConfigNode node) => Sorted(Json(node))!.ToJsonString(s_indented);

    internal static string Of(string json) => Sorted(JsonNode.Parse(json))!.ToJsonString(s_indented);

    private static JsonNode? Json(ConfigNode node) => node switch
    {
        ObjectNode o => new JsonObject(o.Members.Select(m => KeyValuePair.Create(m.Name, Json(m.Value)))),
        ArrayNode a => new JsonArray([.. a.Items.Select(Json)]),
        StringNode s => JsonValue.Create(s.Value),
        NumberNode n => JsonNode.Parse(n.Text),
        BooleanNode b => JsonValue.Create(b.Value),
        _ => null,
    };

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject o => new JsonObject(o.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => KeyValuePair.Create(m.Key, Sorted(m.Value)))),
        JsonArray a => new JsonArray([.. a.Select(Sorted)]),
        JsonValue v when v.TryGetValue(out string? text) => JsonValue.Create(Unpacked(text)),
        _ => node?.DeepClone(),
    };

    // H4sI is what the header of gzip begins with.
    private static string Unpacked(string text)
    {
        const string Head = "data:;base64,H4sI";
        if (!text.StartsWith(Head, StringComparison.Ordinal))
            return text;
        using var gzip = new GZipStream(new MemoryStream(Convert.FromBase64String(text["data:;base64,".Length..])), CompressionMode.Decompress);
        return "gzip of " + new StreamReader(gzip).ReadToEnd();
    }
}
