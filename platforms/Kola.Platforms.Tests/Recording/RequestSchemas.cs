using System.Text.Json.Nodes;
using NJsonSchema;
using NJsonSchema.Validation;

namespace Kola.Platforms.Tests.Recording;

/// <summary>
/// The requests a provider takes, as it published them: paths, what may be asked for with them, and the schema of the body. A file of them names its source.
/// </summary>
internal sealed class RequestSchemas
{
    private readonly List<Entry> _entries = [];

    private RequestSchemas()
    {
    }

    /// <summary>Reads a file of this folder.</summary>
    public static async Task<RequestSchemas> ReadAsync(string name)
    {
        string file = Path.Combine(AppContext.BaseDirectory, "Recording", "schemas", $"{name}.json");
        JsonObject root = JsonNode.Parse(await File.ReadAllTextAsync(file))!.AsObject();
        var schemas = new RequestSchemas();
        foreach (JsonNode? node in root["requests"]!.AsArray())
        {
            JsonObject request = node!.AsObject();
            JsonSchema? body = null;
            if (request["body"] is JsonObject shape)
            {
                JsonObject whole = shape.DeepClone().AsObject();
                if (root["definitions"] is { } definitions)
                    whole["definitions"] = definitions.DeepClone();
                body = await JsonSchema.FromJsonAsync(whole.ToJsonString());
            }

            string[] query = [.. (request["query"]?.AsArray() ?? []).Select(q => q!.ToString())];
            schemas._entries.Add(new Entry(request["method"]!.ToString(), request["path"]!.ToString().Split('/'), query, body, request["content"]?.ToString(), request["asks"]?.ToString(), [.. (request["headers"]?.AsArray() ?? []).Select(h => h!.ToString())]));
        }

        return schemas;
    }

    /// <summary>What is wrong with a request, with the path and the property; empty when nothing is.</summary>
    public IReadOnlyList<string> Check(string method, string path, IReadOnlyCollection<string> query, string? contentType, string body, IReadOnlyCollection<string>? headers = null)
    {
        string head = $"{method} {path}";
        string[] parts = path.Split('/');
        Entry[] fit = [.. _entries.Where(e => e.Method == method && e.Fits(parts) && (e.Asks is null || query.Contains(e.Asks)))];
        // /a/{name} and /a/action both fit; the one that says more of it is meant.
        if (fit.OrderBy(e => e.Path.Count(p => p.StartsWith('{'))).ThenBy(e => e.Asks is null).FirstOrDefault() is not { } entry)
            return [$"{head}: the provider has no such request"];
        var wrong = query.Where(q => !entry.Query.Contains(q)).Select(q => $"{head}: it takes no \"{q}\" in the query").ToList();
        wrong.AddRange(entry.Headers.Where(h => headers is null || !headers.Contains(h)).Select(h => $"{head}: it wants a header {h}"));
        if (entry.Content is { } content)
        {
            if (contentType is null || !contentType.StartsWith(content, StringComparison.Ordinal))
                wrong.Add($"{head}: the content is {contentType ?? "of no type"}, not {content}");
        }
        else if (entry.Body is null && body.Length > 0)
        {
            wrong.Add($"{head}: it takes no body");
        }

        if (entry.Body is null)
            return wrong;
        if (body.Length == 0)
            return [.. wrong, $"{head}: it wants a body"];
        wrong.AddRange(Leaves(entry.Body.Validate(body)).Select(e => $"{head}: {e.Path}: {e.Kind}"));
        return wrong;
    }

    // A property that fails one of several schemas is said inside of what holds them.
    private static IEnumerable<ValidationError> Leaves(IEnumerable<ValidationError> errors) =>
        errors.SelectMany(e => e is ChildSchemaValidationError { Errors.Count: > 0 } child ? Leaves(child.Errors.SelectMany(p => p.Value)).DefaultIfEmpty(e) : [e]);

    private sealed record Entry(string Method, string[] Path, string[] Query, JsonSchema? Body, string? Content, string? Asks, string[] Headers)
    {
        internal bool Fits(string[] parts) => parts.Length == Path.Length && parts.Zip(Path).All(p => p.Second.StartsWith('{') ? p.First.Length > 0 : p.First == p.Second);
    }
}
