namespace Kola.Ignition;

/// <summary>
/// An Ignition config of spec 1 or 2.0 to 2.4, kept as it is for images that translate it themselves, with what the harness adds to it. Immutable: each
/// addition is a new config.
/// </summary>
public sealed class LegacyConfig
{
    /// <summary>Where Flatcar's root filesystem is, which spec 1 names by device and format for want of a name.</summary>
    internal const string RootDevice = "/dev/disk/by-partlabel/ROOT";
    private const string RootFormat = "ext4";

    private static readonly string[] s_placed = ["files", "directories", "links"];
    private static readonly ConfigNodes s_nodes = new(new Dictionary<ConfigNode, string>(ReferenceEqualityComparer.Instance));

    private readonly ObjectNode _root;
    private readonly string? _text;

    private LegacyConfig(ObjectNode root, Version version, string? text)
    {
        _root = root;
        Version = version;
        _text = text;
    }

    /// <summary>Its spec: 1.0.0, or 2.0.0 to 2.4.0.</summary>
    public Version Version { get; }

    /// <summary>Reads a config and holds it against its spec.</summary>
    /// <param name="json">JSON. Whatever it is, nothing is thrown.</param>
    public static ConfigReading<LegacyConfig> Read(string json)
    {
        ConfigReading<ObjectNode> text = JsonText.Read(json);
        if (text.Config is not { } root)
            return new(null, text.Problems);
        List<ConfigProblem> problems = [];
        if (VersionOf(root, problems) is not { } version)
            return new(null, problems);
        new LegacyReader(problems).Check(root, version.Major == 1 ? LegacyShapes.One : LegacyShapes.Two(version.Minor), "$");
        ConfigProblem[] all = [.. problems.OrderBy(p => p.At?.Line ?? 0).ThenBy(p => p.At?.Column ?? 0)];
        return new(all.Any(p => p.Severity == ProblemSeverity.Error) ? null : new LegacyConfig(root, version, json), all);
    }

    /// <summary>Lets a key log in as a user; the user is made if the config does not have it.</summary>
    /// <param name="user"><c>core</c>, which every image has, or another name.</param>
    /// <param name="publicKey">One line of authorized_keys.</param>
    public LegacyConfig WithKey(string user, string publicKey)
    {
        IReadOnlyList<ConfigNode> users = ConfigNodes.Items(_root["passwd"], "users");
        ConfigNode? entry = users.FirstOrDefault(u => ConfigNodes.TextOf(u, "name") == user);
        ObjectNode had = entry as ObjectNode ?? ConfigNodes.Object(null, ("name", ConfigNodes.Text(user, null)));
        IReadOnlyList<ConfigNode> keys = ConfigNodes.Items(had, "sshAuthorizedKeys");
        if (keys.Any(k => k is StringNode { Value: var known } && known == publicKey))
            return this;
        ObjectNode now = s_nodes.With(had, "sshAuthorizedKeys", ConfigNodes.List(null, [.. keys, ConfigNodes.Text(publicKey, null)]));
        return In("passwd", "users", entry is null ? [.. users, now] : users.Select(u => ReferenceEquals(u, entry) ? now : u));
    }

    /// <summary>Writes a file of the root filesystem, unless the config itself says something of that path.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="content">The whole content.</param>
    /// <param name="mode">Permissions. Default 0644.</param>
    public LegacyConfig WithFile(string path, string content, int mode = 0b110_100_100)
    {
        if (Mentions(path))
            return this;
        return Version.Major == 1 ? WithFirstFile(path, content, mode) : In("storage", "files",
        [
            .. ConfigNodes.Items(_root["storage"], "files"),
            ConfigNodes.Object(
                null,
                ("filesystem", ConfigNodes.Text("root", null)),
                ("path", ConfigNodes.Text(path, null)),
                ("contents", ConfigNodes.Object(null, ("source", ConfigNodes.Text("data:;base64," + Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(content)), null)))),
                ("mode", ConfigNodes.Number(mode, null))),
        ]);
    }

    /// <summary>Adds a unit, unless the config itself has one of that name.</summary>
    /// <param name="name">With its suffix: <c>a.service</c>.</param>
    /// <param name="text">The whole unit.</param>
    /// <param name="enabled">Whether it is started as its [Install] section says.</param>
    public LegacyConfig WithUnit(string name, string text, bool enabled)
    {
        IReadOnlyList<ConfigNode> units = ConfigNodes.Items(_root["systemd"], "units");
        return units.Any(u => ConfigNodes.TextOf(u, "name") == name) ? this : In("systemd", "units",
        [
            .. units,
            ConfigNodes.Object(
                null,
                ("name", ConfigNodes.Text(name, null)),
                ("contents", ConfigNodes.Text(text, null)),
                // Spec 1 and 2.0 have no other word; translated it means the same.
                ("enable", enabled ? new BooleanNode(true, null) : null)),
        ]);
    }

    /// <summary>Whether the config itself says something of a path of the root filesystem.</summary>
    public bool Mentions(string path) => Version.Major == 1
        ? ConfigNodes.Items(_root["storage"], "filesystems").Any(fs => ConfigNodes.Items(fs, "files").Any(f => ConfigNodes.TextOf(f, "path") == path))
        : s_placed.Any(kind => ConfigNodes.Items(_root["storage"], kind).Any(n => ConfigNodes.TextOf(n, "path") == path));

    /// <summary>The same in Ignition 3.1.0, as Flatcar's initrd translates it, checked by Ignition's rules.</summary>
    /// <returns>What cannot be said in spec 3 is an error. Places are those of the config as it was written; paths in what Ignition says are those of 3.1.0.</returns>
    public ConfigReading<IgnitionConfig> Translate()
    {
        List<ConfigProblem> problems = [];
        ConfigReading<IgnitionConfig> ignition = IgnitionConfig.Read(new LegacyTranslation(problems).Of(Version.Major == 1 ? LegacyFirst.Second(_root) : _root));
        ConfigProblem[] all = [.. problems.Concat(ignition.Problems).OrderBy(p => p.At?.Line ?? 0).ThenBy(p => p.At?.Column ?? 0)];
        return new(all.Any(p => p.Severity == ProblemSeverity.Error) ? null : ignition.Config, all);
    }

    /// <summary>The config: as it was written as long as nothing is added to it, else as indented JSON.</summary>
    public override string ToString() => _text ?? NodeText.Of(_root);

    /// <summary>Major version of a config's spec; 0 when it has none that can be read.</summary>
    internal static int MajorOf(ObjectNode root) =>
        ConfigNodes.TextOf(root["ignition"], "version") is { } text && Version.TryParse(text.Split('-')[0], out Version? version) ? version.Major : 0;

    private static Version? VersionOf(ObjectNode root, List<ConfigProblem> problems)
    {
        const string wanted = "\"ignitionVersion\": 1, or \"ignition\": {\"version\": \"2.0.0\"} to \"2.4.0\"";
        if (root["ignitionVersion"] is { } one)
        {
            if (one is NumberNode { Text: "1" })
                return new Version(1, 0, 0);
            problems.Add(new ConfigProblem(ProblemSeverity.Error, "$.ignitionVersion", one.At, "unsupported config version", wanted));
        }
        else if ((root["ignition"] as ObjectNode)?["version"] is not { } two)
        {
            problems.Add(new ConfigProblem(ProblemSeverity.Error, "$", root.At, "no ignition.version", wanted));
        }
        else if (two is StringNode { Value: var text } && Version.TryParse(text, out Version? version) && version is { Major: 2, Build: 0, Revision: -1, Minor: <= LegacyShapes.Newest })
        {
            return version;
        }
        else
        {
            problems.Add(new ConfigProblem(ProblemSeverity.Error, "$.ignition.version", two.At, "unsupported config version", wanted));
        }

        return null;
    }

    private LegacyConfig WithFirstFile(string path, string content, int mode)
    {
        ObjectNode file = ConfigNodes.Object(null, ("path", ConfigNodes.Text(path, null)), ("contents", ConfigNodes.Text(content, null)), ("mode", ConfigNodes.Number(mode, null)));
        IReadOnlyList<ConfigNode> filesystems = ConfigNodes.Items(_root["storage"], "filesystems");
        ConfigNode? root = filesystems.FirstOrDefault(fs => ConfigNodes.TextOf(fs, "device") == RootDevice);
        ObjectNode had = root as ObjectNode ?? ConfigNodes.Object(null, ("device", ConfigNodes.Text(RootDevice, null)), ("format", ConfigNodes.Text(RootFormat, null)));
        ObjectNode now = s_nodes.With(had, "files", ConfigNodes.List(null, [.. ConfigNodes.Items(had, "files"), file]));
        return In("storage", "filesystems", root is null ? [.. filesystems, now] : filesystems.Select(fs => ReferenceEquals(fs, root) ? now : fs));
    }

    private LegacyConfig In(string section, string list, IEnumerable<ConfigNode> items)
    {
        ObjectNode had = _root[section] as ObjectNode ?? new ObjectNode([], null);
        return new LegacyConfig(s_nodes.With(_root, section, s_nodes.With(had, list, ConfigNodes.List(null, items))), Version, null);
    }
}
