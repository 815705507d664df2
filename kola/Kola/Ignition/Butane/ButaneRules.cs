using System.Globalization;

namespace Kola.Ignition;

/// <summary>What Butane itself refuses or warns of, in its words, before Ignition's own rules are asked.</summary>
internal sealed class ButaneRules(ButaneSpec spec, List<ConfigProblem> problems)
{
    private static readonly string[] s_sources = ["local", "inline", "source"];
    private static readonly string[] s_layouts = ["aarch64", "ppc64le", "x86_64"];

    // The number a label of the CoreOS image has: with another one, no existing partition is meant.
    private static readonly Dictionary<string, string> s_reserved = new() { ["BIOS-BOOT"] = "1", ["PowerPC-PReP-boot"] = "1", ["EFI-SYSTEM"] = "2", ["boot"] = "3", ["root"] = "4" };

    /// <summary>Of a whole config in Butane's spelling.</summary>
    internal void Check(ObjectNode config) => Check(config, ButaneShapes.Of(spec), "$");

    private void Check(ConfigNode node, ValueShape shape, string path)
    {
        if (node is ArrayNode list)
        {
            for (int i = 0; i < list.Items.Count; i++)
                Check(list.Items[i], shape.Item!, string.Create(CultureInfo.InvariantCulture, $"{path}.{i}"));
            return;
        }

        if (node is not ObjectNode here)
            return;
        Own(here, shape.Name!, path);
        foreach (ConfigMember member in here.Members)
            Check(member.Value, shape.Fields![member.Name], $"{path}.{member.Name}");
    }

    private void Own(ObjectNode node, string name, string path)
    {
        switch (name)
        {
            case "Resource":
                Resource(node, path);
                break;
            case "Filesystem" when ConfigNodes.IsTrue(node, "with_mount_unit"):
                Mount(node, path);
                break;
            case "File" or "Directory":
                Mode(node, name == "Directory", path);
                break;
            case "Tree" when string.IsNullOrEmpty(ConfigNodes.TextOf(node, "local")):
                Wrong(node.At, path, "local is required");
                break;
            case "Unit" or "Dropin" when node["contents"] is not null && node["contents_local"] is { } local:
                Wrong(local.At, path + ".contents_local", "only one of the following can be set: contents, contents_local");
                break;
            case "Luks" when !spec.Clevis && node["clevis"] is ObjectNode { Members.Count: > 0 } clevis:
                Wrong(clevis.At, path + ".clevis", "clevis is not supported in this spec version", "variant: fcos, or a key_file");
                break;
            case "BootDevice" when ConfigNodes.TextOf(node, "layout") is { } layout && !s_layouts.Contains(layout):
                Wrong(node["layout"]!.At, path + ".layout", $"layout must be one of: {string.Join(", ", s_layouts)}");
                break;
            case "BootDeviceMirror" when ConfigNodes.Items(node, "devices").Count == 1:
                Wrong(node["devices"]!.At, path + ".devices", "mirroring requires at least two devices");
                break;
            case "GrubUser":
                Required(node, "name", path);
                Required(node, "password_hash", path);
                break;
            case "Disk" when spec.Grub && !ConfigNodes.IsTrue(node, "wipe_table"):
                Labels(node, path);
                break;
        }
    }

    private void Resource(ObjectNode node, string path)
    {
        string[] set = [.. s_sources.Where(key => node[key] is not null)];
        if (set.Length > 1)
            Wrong(node[set[^1]]!.At, $"{path}.{set[^1]}", "only one of the following can be set: inline, local, source");
    }

    private void Mount(ObjectNode node, string path)
    {
        Position? at = node["with_mount_unit"]!.At;
        string? format = ConfigNodes.TextOf(node, "format");
        if (string.IsNullOrEmpty(format))
            Wrong(node["format"]?.At ?? at, path + ".format", "format is required if with_mount_unit is true");
        bool noPath = string.IsNullOrEmpty(ConfigNodes.TextOf(node, "path"));
        if (noPath && (spec.Schema < 4 || format is not (null or "" or "swap")))
            Wrong(node["path"]?.At ?? at, path + ".path", "path is required if with_mount_unit is true and format is not swap");
    }

    private void Mode(ObjectNode node, bool directory, string path)
    {
        if (node["mode"] is NumberNode { Text: var text } mode && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value)
            && UnixModes.AsOctal(value) is { } meant && !UnixModes.IsTypical(value, directory) && UnixModes.IsTypical(meant, directory))
        {
            problems.Add(new ConfigProblem(
                ProblemSeverity.Warning, path + ".mode", mode.At, "unreasonable mode would be reasonable if specified in octal; remember to add a leading zero", $"mode: 0{text}"));
        }
    }

    private void Required(ObjectNode node, string key, string path)
    {
        if (string.IsNullOrEmpty(ConfigNodes.TextOf(node, key)))
            Wrong(node[key]?.At ?? node.At, $"{path}.{key}", $"field \"{key}\" is required");
    }

    private void Labels(ObjectNode disk, string path)
    {
        IReadOnlyList<ConfigNode> partitions = ConfigNodes.Items(disk, "partitions");
        for (int i = 0; i < partitions.Count; i++)
        {
            var partition = (ObjectNode)partitions[i];
            if (partition["label"] is StringNode label && s_reserved.TryGetValue(label.Value, out string? number) && ((partition["number"] as NumberNode)?.Text ?? "0") != number)
            {
                problems.Add(new ConfigProblem(
                    ProblemSeverity.Warning,
                    string.Create(CultureInfo.InvariantCulture, $"{path}.partitions.{i}.label"),
                    label.At,
                    "incorrect partition number; a new partition will be created using reserved label",
                    $"number: {number}"));
            }
        }
    }

    private void Wrong(Position? at, string path, string message, string? wanted = null) => problems.Add(new ConfigProblem(ProblemSeverity.Error, path, at, message, wanted));
}
