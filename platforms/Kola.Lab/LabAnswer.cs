using System.Text.Json;
using Kola.Platforms;

namespace Kola.Labs;

/// <summary>What <c>provision</c> says of the machine it has made: one JSON object on its standard output.</summary>
internal sealed record LabAnswer
{
    /// <summary>The lab's name of it.</summary>
    internal required string Id { get; init; }

    /// <summary>Host name or address.</summary>
    internal required string Address { get; init; }

    /// <summary>TCP port of its SSH server. Default 22.</summary>
    internal int Port { get; init; } = 22;

    /// <summary>Who logs in instead of <c>core</c>; null for <c>core</c>.</summary>
    internal string? User { get; init; }

    /// <summary>Whatever else the lab says of it, as JSON, for the record.</summary>
    internal string? Notes { get; init; }

    /// <summary>Reads it.</summary>
    /// <param name="text">Standard output.</param>
    /// <param name="problem">What is wrong with it; null when nothing is.</param>
    /// <returns>Null when something is wrong.</returns>
    internal static LabAnswer? Read(string text, out string? problem)
    {
        // { "id": "vm-17", "address": "192.0.2.17", "port": 22, "notes": { "rack": "b" } }
        if (Object(text, out problem) is not { } root)
            return null;
        string? id = Text(root, "id", ref problem);
        string? address = Text(root, "address", ref problem);
        string? user = root.TryGetProperty("user", out _) ? Text(root, "user", ref problem) : null;
        int port = 22;
        if (root.TryGetProperty("port", out JsonElement number) && !(number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out port) && port is > 0 and < 65536))
            problem ??= $"port is {number.GetRawText()}";
        if (address is not null && !LabText.Host().IsMatch(address))
            problem ??= $"address is \"{address}\"";
        if (problem is not null)
            return null;
        return new LabAnswer { Id = id!, Address = address!, Port = port, User = user, Notes = root.TryGetProperty("notes", out JsonElement notes) ? notes.GetRawText() : null };
    }

    /// <summary>Reads what <c>list</c> says: a JSON object a line, <c>{ "id": "vm-17", "machine": "…", "tags": { "kola-run": "…" } }</c>. What has no tags of kola's is passed over.</summary>
    internal static IReadOnlyList<LabRecord>? ReadList(string text, out string? problem)
    {
        problem = null;
        List<LabRecord> all = [];
        foreach (string line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (Object(line, out problem) is not { } root || Text(root, "id", ref problem) is not { } id)
                return null;
            if (!root.TryGetProperty("tags", out JsonElement tags) || tags.ValueKind != JsonValueKind.Object)
                continue;
            var pairs = tags.EnumerateObject().Where(t => t.Value.ValueKind == JsonValueKind.String).ToDictionary(t => t.Name, t => t.Value.GetString()!);
            if (ResourceTags.Of(pairs) is { } owned)
                all.Add(new LabRecord { Id = id, Machine = root.TryGetProperty("machine", out JsonElement machine) && machine.ValueKind == JsonValueKind.String ? machine.GetString() : null, Tags = owned });
        }

        return all;
    }

    /// <summary>Reads what <c>status</c> says: <c>{ "state": "on" }</c>, or <c>off</c>, or <c>gone</c>, with a <c>detail</c> where there is one.</summary>
    internal static (string State, string? Detail)? ReadStatus(string text, out string? problem)
    {
        if (Object(text, out problem) is not { } root || Text(root, "state", ref problem) is not { } state)
            return null;
        if (state is not ("on" or "off" or "gone"))
            problem = $"state is \"{state}\"";
        return problem is null ? (state, root.TryGetProperty("detail", out JsonElement detail) && detail.ValueKind == JsonValueKind.String ? detail.GetString() : null) : null;
    }

    private static JsonElement? Object(string text, out string? problem)
    {
        problem = null;
        if (string.IsNullOrWhiteSpace(text))
        {
            problem = "nothing";
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return document.RootElement.Clone();
            problem = $"JSON, but no object: {Short(text)}";
        }
        catch (JsonException)
        {
            problem = $"no JSON: {Short(text)}";
        }

        return null;
    }

    private static string? Text(JsonElement root, string key, ref string? problem)
    {
        if (root.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text)
            return text;
        problem ??= value.ValueKind == JsonValueKind.Undefined ? $"no {key}" : $"{key} is {value.GetRawText()}";
        return null;
    }

    private static string Short(string text)
    {
        string line = text.Trim().Split('\n')[0];
        return line.Length > 120 ? line[..120] + "…" : line;
    }
}
