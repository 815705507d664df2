using System.Text.Json.Nodes;

namespace Kola.Ignition;

/// <summary>A part of a machine's final config, and who put it there.</summary>
/// <param name="Part">The list it stands in and what tells it from the others there: <c>storage.files /etc/hostname</c>.</param>
/// <param name="From">The author's file, or <c>kola: </c> and what for, or both.</param>
public sealed record ConfigOrigin(string Part, string From)
{
    // What names an entry of a list, in any spec.
    private static readonly string[] s_names = ["path", "name", "device", "source", "label", "number"];

    /// <summary>Every part of a machine's config, in the order it stands there.</summary>
    /// <param name="config">The machine's.</param>
    /// <param name="author">What the author's part is called: its file.</param>
    internal static IReadOnlyList<ConfigOrigin> Of(MachineConfig config, string author)
    {
        HashSet<string> own = [.. PartsOf((config with { Additions = [] }).Ignition)];
        ILookup<string, ConfigAddition> added = config.Additions.ToLookup(a => a.Part);
        return [.. PartsOf(config.Ignition).Select(part => new ConfigOrigin(part, From(part)))];

        string From(string part)
        {
            string? kola = added[part].FirstOrDefault() is { } addition ? $"kola: {addition.Why}" : null;
            if (!own.Contains(part))
                return kola ?? "kola";
            // Of a user there may be both; a file or a unit the author speaks of is left to him.
            return kola is not null && added[part].OfType<KeyAddition>().Any() ? $"{author}, and {kola}" : author;
        }
    }

    private static IEnumerable<string> PartsOf(string config) =>
        JsonNode.Parse(config) is JsonObject root ? root.SelectMany(section => PartsOf(section.Key, section.Value)).Distinct() : [];

    // storage: {files: [{path: /etc/hostname}]}    kernelArguments: {shouldExist: [quiet]}    ignition: {version: 3.3.0}
    private static IEnumerable<string> PartsOf(string at, JsonNode? node) => node switch
    {
        JsonObject members => members.SelectMany(member => PartsOf($"{at}.{member.Key}", member.Value)),
        JsonArray entries => entries.Select(entry => $"{at} {NameOf(entry)}"),
        _ => [$"{at} {node}"],
    };

    private static string NameOf(JsonNode? entry)
    {
        if (entry is not JsonObject members)
            return $"{entry}";
        string? name = s_names.Select(n => members[n]?.ToString()).FirstOrDefault(n => n is not null);
        return name is null ? "" : name.Length <= 80 ? name : name[..80] + "…";
    }
}
