using System.Globalization;
using System.Text;

namespace Kola.Ignition;

/// <summary>A Butane config as Ignition's: other spellings, and in place of the sugar what it stands for.</summary>
internal sealed class ButaneTranslation(ButaneSpec spec, LocalFiles files, List<ConfigProblem> problems, ConfigNodes nodes)
{
    /// <summary>Keys of Butane that Ignition knows nothing of.</summary>
    private static readonly string[] s_sugar = ["variant", "version", "trees", "with_mount_unit", "boot_device", "grub", "inline", "local", "contents_local", "ssh_authorized_keys_local"];

    /// <summary>The whole config.</summary>
    internal ObjectNode Of(ObjectNode config)
    {
        ObjectNode result = Renamed(config, ButaneShapes.Of(spec));
        StringNode version = nodes.From(ConfigNodes.Text(spec.Ignition, config["version"]?.At), "$.version");
        ObjectNode ignition = result["ignition"] as ObjectNode ?? nodes.From(ConfigNodes.Object(version.At), "$.ignition");
        ignition = nodes.Like(ignition with { Members = [new ConfigMember("version", version, version.At), .. ignition.Members] }, ignition);
        result = nodes.Like(new ObjectNode([new ConfigMember("ignition", ignition, ignition.At), .. result.Members.Where(m => m.Name != "ignition")], config.At), config);

        if (new ButaneMounts(spec, nodes).Of(config) is { } mounts)
            result = nodes.Merge(mounts, result);
        result = new ButaneTrees(files, problems, nodes).Grown(config, result);
        if (new ButaneBoot(nodes).Device(config) is { } device)
            result = nodes.Merge(device, result);
        if (new ButaneBoot(nodes).Grub(config) is { } grub)
            result = nodes.Merge(grub, result);
        return result;
    }

    private ConfigNode Translated(ConfigNode node, ValueShape shape, string path) => node switch
    {
        ArrayNode list => nodes.Like(new ArrayNode([.. list.Items.Select((item, i) => Translated(item, shape.Item!, string.Create(CultureInfo.InvariantCulture, $"{path}.{i}")))], list.At), list),
        ObjectNode resource when shape.Name == "Resource" => Resource(resource, shape, path),
        ObjectNode unit when shape.Name is "Unit" or "Dropin" => WithLocalContents(Renamed(unit, shape), unit, path),
        ObjectNode user when shape.Name == "PasswdUser" => WithLocalKeys(Renamed(user, shape), user, path),
        ObjectNode other => Renamed(other, shape),
        _ => node,
    };

    private ObjectNode Renamed(ObjectNode node, ValueShape shape)
    {
        IEnumerable<ConfigMember> kept = node.Members.Where(m => !s_sugar.Contains(m.Name));
        return nodes.Like(
            new ObjectNode([.. kept.Select(m => m with { Name = ButaneNames.Camel(m.Name), Value = Translated(m.Value, shape.Fields!.GetValueOrDefault(m.Name) ?? shape, $"{nodes.PathOf(node)}.{m.Name}") })], node.At),
            node);
    }

    // source, or inline or local in its stead; compression is said in any case, so that a child config does not inherit another.
    private ObjectNode Resource(ObjectNode node, ValueShape shape, string path)
    {
        ObjectNode result = Renamed(node, shape);
        bool compressed = ConfigNodes.TextOf(node, "compression") is { Length: > 0 };
        foreach (string sugar in new[] { "local", "inline" })
        {
            if (node[sugar] is not StringNode text || Contents(sugar, text, $"{path}.{sugar}") is not { } contents)
                continue;
            (string url, string? compression) = spec.Schema == 1 ? (EmbeddedData.Plain(contents), null) : EmbeddedData.Of(contents, compressed);
            result = nodes.With(result, "source", nodes.Like(ConfigNodes.Text(url, text.At), text));
            if (compression is not null)
                result = nodes.With(result, "compression", nodes.Like(ConfigNodes.Text(compression, text.At), text));
        }

        return result;
    }

    private byte[]? Contents(string sugar, StringNode text, string path) => sugar == "inline" ? Encoding.UTF8.GetBytes(text.Value) : Local(text, path);

    private ObjectNode WithLocalContents(ObjectNode result, ObjectNode unit, string path) =>
        unit["contents_local"] is StringNode { Value.Length: > 0 } local && Local(local, $"{path}.contents_local") is { } contents
            ? nodes.With(result, "contents", nodes.Like(ConfigNodes.Text(Encoding.UTF8.GetString(contents), local.At), local))
            : result;

    // One key a line; empty lines are none.
    private ObjectNode WithLocalKeys(ObjectNode result, ObjectNode user, string path)
    {
        List<ConfigNode> keys = [.. ConfigNodes.Items(result, "sshAuthorizedKeys")];
        IReadOnlyList<ConfigNode> local = ConfigNodes.Items(user, "ssh_authorized_keys_local");
        if (local.Count > 0 && !files.Any)
        {
            problems.Add(new ConfigProblem(ProblemSeverity.Error, $"{path}.ssh_authorized_keys_local", user["ssh_authorized_keys_local"]!.At, LocalFiles.NoDirectory));
            return result;
        }

        for (int i = 0; i < local.Count; i++)
        {
            if (local[i] is StringNode file && Local(file, string.Create(CultureInfo.InvariantCulture, $"{path}.ssh_authorized_keys_local.{i}")) is { } contents)
                keys.AddRange(Encoding.UTF8.GetString(contents).Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0).Select(line => nodes.Like(ConfigNodes.Text(line, file.At), file)));
        }

        return local.Count == 0 ? result : nodes.With(result, "sshAuthorizedKeys", nodes.From(ConfigNodes.List(user["ssh_authorized_keys_local"]!.At, keys), $"{path}.ssh_authorized_keys_local"));
    }

    private byte[]? Local(StringNode file, string path)
    {
        byte[]? contents = files.Read(file.Value, out string wrong);
        if (contents is null)
            problems.Add(new ConfigProblem(ProblemSeverity.Error, path, file.At, wrong));
        return contents;
    }
}
