using System.Globalization;

namespace Kola.Ignition;

/// <summary>
/// Ignition 2 as Ignition 3.1.0, as Flatcar's initrd translates it: filesystems by name become paths, what 3 has no word for becomes what does the
/// same, and what cannot be said in 3 is an error. Each part keeps the place of what it was.
/// </summary>
internal sealed class LegacyTranslation(List<ConfigProblem> problems)
{
    /// <summary>The spec it becomes.</summary>
    internal const string Spec = "3.1.0";

    private const string NetworkdDirectory = "/etc/systemd/network/";
    private static readonly string[] s_sectors = ["size", "start"];
    private static readonly string[] s_account = ["uid", "gecos", "homeDir", "noCreateHome", "primaryGroup", "groups", "noUserGroup", "noLogInit", "shell", "system"];

    private const int Readable = 0b110_100_100;

    // Where a filesystem without a path is mounted while Ignition runs. Flatcar's initrd takes a random name there.
    private const string Mounts = "/tmp/ignition-";

    private readonly Dictionary<string, string> _mounted = new() { ["root"] = "/" };

    /// <summary>The whole config.</summary>
    internal ObjectNode Of(ObjectNode root)
    {
        ConfigNode? ignition = root["ignition"], storage = root["storage"], systemd = root["systemd"], passwd = root["passwd"];
        ConfigNode? config = Part(ignition, "config"), version = Part(ignition, "version");
        List<ConfigNode> filesystems = [.. Objects(storage, "filesystems").Select((fs, i) => Filesystem(fs, i)).OfType<ConfigNode>()];
        List<ConfigNode> files = [.. Objects(storage, "files").Select((f, i) => File(f, $"$.storage.files.{Number(i)}")), .. Networkd(root["networkd"])];
        List<ConfigNode> directories = [.. Objects(storage, "directories").Select((d, i) => Placed(d, $"$.storage.directories.{Number(i)}", "mode"))];
        List<ConfigNode> links = [.. Objects(storage, "links").Select((l, i) => Placed(l, $"$.storage.links.{Number(i)}", "target", "hard"))];
        Conflicts([.. files, .. directories, .. links], links);
        return New(
            root,
            ("ignition", New(
                ignition,
                ("version", new StringNode(Spec, version?.At)),
                ("config", New(config, ("replace", Reference(Part(config, "replace"))), ("merge", List(Part(config, "append"), Objects(config, "append").Select(Reference))))),
                ("timeouts", Part(ignition, "timeouts")),
                ("security", Part(ignition, "security")),
                ("proxy", Part(ignition, "proxy")))),
            ("passwd", New(
                passwd,
                ("users", List(Part(passwd, "users"), Objects(passwd, "users").Select(User))),
                ("groups", List(Part(passwd, "groups"), Objects(passwd, "groups").Select(g => Kept(g, "name", "gid", "passwordHash", "system")))))),
            ("storage", New(
                storage,
                ("disks", List(Part(storage, "disks"), Objects(storage, "disks").Select((d, i) => Disk(d, i)))),
                ("raid", List(Part(storage, "raid"), Objects(storage, "raid").Select(r => Kept(r, "name", "level", "devices", "spares", "options")))),
                ("filesystems", List(Part(storage, "filesystems"), filesystems)),
                ("files", List(Part(storage, "files") ?? root["networkd"], files)),
                ("directories", List(Part(storage, "directories"), directories)),
                ("links", List(Part(storage, "links"), links)))),
            ("systemd", New(systemd, ("units", List(Part(systemd, "units"), Objects(systemd, "units").Select(Unit))))));
    }

    private static ConfigNode? Reference(ConfigNode? reference) => reference is ObjectNode node ? Kept(node, "source", "verification", "httpHeaders") : null;

    // What spec 2.0 has under create replaces what stands beside it.
    private static ObjectNode User(ObjectNode user)
    {
        ObjectNode from = user["create"] as ObjectNode ?? user;
        return new ObjectNode([.. Kept(user, "name", "passwordHash", "sshAuthorizedKeys").Members, .. Kept(from, s_account).Members], user.At);
    }

    // enabled wins over enable, which is older.
    private static ObjectNode Unit(ObjectNode unit)
    {
        ConfigNode? enabled = unit["enabled"] is BooleanNode said ? said : unit["enable"] is BooleanNode { Value: true } yes ? yes : null;
        return New(unit, ("name", unit["name"]), ("enabled", enabled), ("mask", unit["mask"]), ("contents", unit["contents"]), ("dropins", unit["dropins"]));
    }

    private ObjectNode Disk(ObjectNode disk, int index)
    {
        IEnumerable<ObjectNode> partitions = Objects(disk, "partitions").Select((p, i) =>
        {
            foreach (string sectors in s_sectors.Where(s => p[s] is NumberNode { Text: not "0" } && p[s + "MiB"] is null))
                Wrong(p[sectors]!, $"$.storage.disks.{Number(index)}.partitions.{Number(i)}.{sectors}", $"{sectors} counts sectors, which spec 3 does not", $"{sectors}MiB");
            return Kept(p, "label", "number", "sizeMiB", "startMiB", "typeGuid", "guid", "wipePartitionEntry", "shouldExist");
        });
        return New(disk, ("device", disk["device"]), ("wipeTable", disk["wipeTable"]), ("partitions", List(disk["partitions"], partitions)));
    }

    private ObjectNode? Filesystem(ObjectNode filesystem, int index)
    {
        string path = $"$.storage.filesystems.{Number(index)}";
        string name = ConfigNodes.TextOf(filesystem, "name") ?? "";
        string? at = ConfigNodes.TextOf(filesystem, "path");
        if (name == "root")
            return null; // implied
        var mount = filesystem["mount"] as ObjectNode;
        if (mount is null && at is { Length: > 0 })
        {
            _mounted[name] = at; // there already: only a name for its files
            return null;
        }

        var create = mount?["create"] as ObjectNode;
        if (create is not null && create["force"] is not BooleanNode { Value: true })
            Wrong(create, path + ".mount.create", "Config must force filesystem creation in case `mount.create` object is defined.", "\"force\": true");
        string mounted = _mounted.TryGetValue(name, out string? known) ? known : at is { Length: > 0 } ? at : Mounts + (name.Length == 0 ? Number(index) : name.Trim('/').Replace('/', '-'));
        if (name.Length > 0)
            _mounted[name] = mounted;
        ConfigNode? wipe = create is null ? mount?["wipeFilesystem"] : create["force"];
        // Flatcar's own filesystem of that name was ext4 when these configs were written.
        ConfigNode? format = name == "oem" && wipe is not BooleanNode { Value: true } ? new StringNode("btrfs", mount?["format"]?.At) : mount?["format"];
        ConfigNode[] options = [.. ConfigNodes.Items(mount, "options"), .. ConfigNodes.Items(create, "options")];
        return New(
            filesystem,
            ("device", mount?["device"]),
            ("format", format),
            ("wipeFilesystem", wipe),
            ("label", mount?["label"]),
            ("uuid", mount?["uuid"]),
            ("options", options.Length == 0 ? null : new ArrayNode(options, filesystem.At)),
            ("path", new StringNode(mounted, filesystem["name"]?.At ?? filesystem.At)));
    }

    // Files of spec 2 replace what was there; one that is appended cannot, in spec 3.
    private ObjectNode File(ObjectNode file, string path)
    {
        bool append = ConfigNodes.IsTrue(file, "append");
        ConfigNode? contents = file["contents"] is ObjectNode { Members.Count: > 0 } had
            ? Kept(had, "source", "compression", "verification", "httpHeaders")
            : New(file, ("source", new StringNode("", file.At))); // an empty file, which spec 2 writes without a word
        ObjectNode placed = Placed(file, path, "mode");
        List<ConfigMember> members = [.. placed.Members.Where(m => m.Name != "overwrite")];
        members.Add(new ConfigMember("overwrite", append ? new BooleanNode(false, file["append"]!.At) : file["overwrite"] is BooleanNode said ? said : new BooleanNode(true, file.At), file.At));
        members.Add(append ? new ConfigMember("append", new ArrayNode([contents], file.At), file.At) : new ConfigMember("contents", contents, file["contents"]?.At ?? file.At));
        return new ObjectNode(members, file.At);
    }

    private ObjectNode Placed(ObjectNode node, string path, params string[] own)
    {
        string filesystem = ConfigNodes.TextOf(node, "filesystem") ?? "";
        if (!_mounted.TryGetValue(filesystem, out string? mounted))
            Wrong(node["filesystem"] ?? node, path + ".filesystem", filesystem.Length == 0 ? "no filesystem" : $"no filesystem is called \"{filesystem}\"", $"one of {string.Join(", ", _mounted.Keys)}");
        string where = (mounted ?? "/").TrimEnd('/') + "/" + (ConfigNodes.TextOf(node, "path") ?? "").TrimStart('/');
        List<ConfigMember> members = [new("path", new StringNode(where, node["path"]?.At ?? node.At), node["path"]?.At ?? node.At)];
        members.AddRange(Kept(node, ["user", "group", "overwrite", .. own]).Members);
        return new ObjectNode(members, node.At);
    }

    private static IEnumerable<ObjectNode> Networkd(ConfigNode? networkd)
    {
        foreach (ObjectNode unit in Objects(networkd, "units"))
        {
            string name = ConfigNodes.TextOf(unit, "name") ?? "";
            if (ConfigNodes.TextOf(unit, "contents") is { Length: > 0 })
                yield return NetworkdFile(unit, NetworkdDirectory + name);
            foreach (ObjectNode dropin in Objects(unit, "dropins"))
                yield return NetworkdFile(dropin, $"{NetworkdDirectory}{name}.d/{ConfigNodes.TextOf(dropin, "name")}");
        }
    }

    private static ObjectNode NetworkdFile(ObjectNode from, string path) => New(
        from,
        ("path", new StringNode(path, from["name"]?.At ?? from.At)),
        ("overwrite", new BooleanNode(true, from.At)),
        ("mode", new NumberNode(Readable.ToString(CultureInfo.InvariantCulture), from.At)),
        ("contents", New(from, ("source", new StringNode(EmbeddedData.Plain(System.Text.Encoding.UTF8.GetBytes(ConfigNodes.TextOf(from, "contents") ?? "")), from["contents"]?.At ?? from.At)))));

    // Spec 3 writes nothing through a link it makes itself.
    private void Conflicts(IEnumerable<ConfigNode> nodes, List<ConfigNode> links)
    {
        string[] linked = [.. links.Select(l => ConfigNodes.TextOf(l, "path")!)];
        foreach (ObjectNode node in nodes.Cast<ObjectNode>())
        {
            string path = ConfigNodes.TextOf(node, "path")!;
            if (linked.FirstOrDefault(l => path.StartsWith(l + "/", StringComparison.Ordinal)) is { } link)
                Wrong(node["path"]!, "$.storage", $"{path} uses link defined in config \"{link}\". Please use a link not defined in Storage:Links", "the path the link leads to");
        }
    }

    private void Wrong(ConfigNode at, string path, string message, string? wanted) => problems.Add(new ConfigProblem(ProblemSeverity.Error, path, at.At, message, wanted));

    private static ConfigNode? Part(ConfigNode? node, string name) => (node as ObjectNode)?[name];

    private static IEnumerable<ObjectNode> Objects(ConfigNode? node, string name) => ConfigNodes.Items(node, name).OfType<ObjectNode>();

    private static ArrayNode? List(ConfigNode? from, IEnumerable<ConfigNode?> items) => items.OfType<ConfigNode>().ToArray() is { Length: > 0 } found ? new ArrayNode(found, from?.At) : null;

    private static ObjectNode Kept(ObjectNode node, params string[] names) => new([.. node.Members.Where(m => names.Contains(m.Name) && m.Value is not NullNode)], node.At);

    private static ObjectNode New(ConfigNode? from, params (string Name, ConfigNode? Value)[] members) =>
        new([.. members.Where(m => m.Value is not (null or NullNode)).Select(m => new ConfigMember(m.Name, m.Value!, m.Value!.At))], from?.At);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
