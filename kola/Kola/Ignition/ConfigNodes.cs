using System.Globalization;

namespace Kola.Ignition;

/// <summary>
/// The nodes of one translation and where each comes from, in Butane's spelling: <c>$.storage.files.0.contents.inline</c> is where a
/// <c>source</c> may come from.
/// </summary>
/// <param name="paths">By identity: two nodes with the same text are two.</param>
internal sealed class ConfigNodes(Dictionary<ConfigNode, string> paths)
{
    /// <summary>An object of what is not null.</summary>
    internal static ObjectNode Object(Position? at, params (string Name, ConfigNode? Value)[] members) =>
        new([.. members.Where(m => m.Value is not null).Select(m => new ConfigMember(m.Name, m.Value!, at))], at);

    /// <summary>A text.</summary>
    internal static StringNode Text(string value, Position? at) => new(value, at);

    /// <summary>A number.</summary>
    internal static NumberNode Number(int value, Position? at) => new(value.ToString(CultureInfo.InvariantCulture), at);

    /// <summary>A list.</summary>
    internal static ArrayNode List(Position? at, IEnumerable<ConfigNode> items) => new([.. items], at);

    /// <summary>The text of a member; null when it has none.</summary>
    internal static string? TextOf(ConfigNode? node, string name) => ((node as ObjectNode)?[name] as StringNode)?.Value;

    /// <summary>Whether a member is true.</summary>
    internal static bool IsTrue(ConfigNode? node, string name) => (node as ObjectNode)?[name] is BooleanNode { Value: true };

    /// <summary>The items of a member that is a list; none when there is none.</summary>
    internal static IReadOnlyList<ConfigNode> Items(ConfigNode? node, string name) => ((node as ObjectNode)?[name] as ArrayNode)?.Items ?? [];

    /// <summary>The object with a member set.</summary>
    internal ObjectNode With(ObjectNode node, string name, ConfigNode value)
    {
        ConfigMember? had = node.Members.LastOrDefault(m => m.Name == name);
        var member = new ConfigMember(name, value, had?.At ?? value.At);
        ObjectNode changed = node with { Members = had is null ? [.. node.Members, member] : [.. node.Members.Select(m => ReferenceEquals(m, had) ? member : m)] };
        if (paths.TryGetValue(node, out string? path))
            paths[changed] = path;
        return changed;
    }

    /// <summary>Says of a node, and of all in it of which nothing is said yet, where it comes from.</summary>
    internal T From<T>(T node, string path)
        where T : ConfigNode
    {
        if (!paths.TryAdd(node, path))
            return node;
        foreach (ConfigNode part in node switch { ObjectNode o => o.Members.Select(m => m.Value), ArrayNode a => a.Items, _ => [] })
            From(part, path);
        return node;
    }

    /// <summary>Says that a node comes from where another came from.</summary>
    internal T Like<T>(T node, ConfigNode from)
        where T : ConfigNode
    {
        if (paths.TryGetValue(from, out string? path))
            paths[node] = path;
        return node;
    }

    /// <summary>Where a node comes from.</summary>
    internal string PathOf(ConfigNode node) => paths.GetValueOrDefault(node, "$");

    /// <summary>Ignition's merge, as far as sugar needs it: what the child says wins, entries of keyed lists are one, other lists follow each other.</summary>
    /// <param name="parent">What sugar became.</param>
    /// <param name="child">What was written beside it.</param>
    internal ObjectNode Merge(ObjectNode parent, ObjectNode child)
    {
        List<ConfigMember> members = [];
        foreach (ConfigMember own in parent.Members)
        {
            members.Add((own.Value, child[own.Name]) switch
            {
                (_, null) => own,
                (ObjectNode a, ObjectNode b) => own with { Value = Merge(a, b) },
                (ArrayNode a, ArrayNode b) => own with { Value = Like(Merge(own.Name, a, b), b) },
                var (_, said) => own with { Value = said },
            });
        }

        members.AddRange(child.Members.Where(m => parent[m.Name] is null));
        return Like(new ObjectNode(members, child.At ?? parent.At), child);
    }

    private ArrayNode Merge(string name, ArrayNode parent, ArrayNode child)
    {
        List<ConfigNode> items = [];
        List<ConfigNode> left = [.. child.Items];
        foreach (ConfigNode own in parent.Items)
        {
            ConfigNode? same = Key(name, own) is { } key ? left.FirstOrDefault(c => Key(name, c) == key) : null;
            if (same is ObjectNode said && own is ObjectNode made)
            {
                items.Add(Merge(made, said));
                left.RemoveAll(c => ReferenceEquals(c, same));
            }
            else
            {
                items.Add(own);
            }
        }

        return new ArrayNode([.. items, .. left], child.At ?? parent.At);
    }

    // By what Ignition knows an entry of a list; null of a list without keys.
    private static string? Key(string list, ConfigNode entry) => list switch
    {
        "disks" or "filesystems" => TextOf(entry, "device"),
        "files" or "directories" or "links" => TextOf(entry, "path"),
        "raid" or "luks" or "units" => TextOf(entry, "name"),
        "partitions" => entry is ObjectNode && ((ObjectNode)entry)["number"] is NumberNode { Text: not "0" } number ? "number:" + number.Text
            : TextOf(entry, "label") is { } label ? "label:" + label : null,
        _ => null,
    };
}
