using System.Text;

namespace Kola.Ignition;

/// <summary>An Ignition config of spec 3.0.0 to 3.6.0, checked as Ignition checks it. Immutable: each addition is a new config.</summary>
public sealed record IgnitionConfig
{
    /// <summary>Highest spec that is known.</summary>
    internal static readonly Version Newest = new(3, 6, 0);

    /// <summary>Where it came from, for messages.</summary>
    [OutsideSpec]
    public string Source { get; init; } = "(no config)";

    /// <summary>About the config itself, and how others are fetched.</summary>
    public required IgnitionSection Ignition { get; init; }

    /// <summary>What the kernel is started with.</summary>
    [Since(3)]
    public KernelArguments KernelArguments { get; init; } = new();

    /// <summary>Users and groups.</summary>
    public PasswdSection Passwd { get; init; } = new();

    /// <summary>Disks, filesystems, files.</summary>
    public StorageSection Storage { get; init; } = new();

    /// <summary>Units.</summary>
    public SystemdSection Systemd { get; init; } = new();

    /// <summary>Its spec version.</summary>
    public Version Version => Version.Parse(Ignition.Version);

    /// <summary>A config that asks for nothing, in the oldest spec every image takes.</summary>
    public static IgnitionConfig Empty { get; } = new() { Ignition = new IgnitionSection { Version = "3.0.0" } };

    /// <summary>Size of <see cref="ToString"/>, bytes of UTF-8.</summary>
    public int RenderedBytes => ConfigText.Of(this).Length;

    /// <summary>Reads a config and checks it.</summary>
    /// <param name="json">JSON. Whatever it is, nothing is thrown.</param>
    public static ConfigReading<IgnitionConfig> Read(string json)
    {
        ConfigReading<ObjectNode> text = JsonText.Read(json);
        return text.Config is null ? new(null, text.Problems) : Read(text.Config);
    }

    /// <summary>Reads a config that has been read as text, or translated from another language.</summary>
    /// <param name="node">An object in the shape of Ignition 3.x, with the places of what the person wrote.</param>
    internal static ConfigReading<IgnitionConfig> Read(ConfigNode node)
    {
        if (node is not ObjectNode root)
            return new(null, [new ConfigProblem(ProblemSeverity.Error, "$", node.At, "not an Ignition config", "a JSON object with ignition.version")]);
        if (SpecVersion.Of(root) is not { Config: { } version } reading)
            return new(null, SpecVersion.Of(root).Problems);
        var findings = new ConfigFindings(root, version.Minor);
        var config = (IgnitionConfig)new SpecReader(findings).Record(typeof(IgnitionConfig), root, "$");
        // 03.03.00 is 3.3.0 to Ignition.
        config = config with { Ignition = config.Ignition with { Version = version.ToString() } };
        SpecRules.Check(config, findings);
        return new(findings.HasErrors ? null : config, findings.Problems);
    }

    /// <summary>Reads a config that has to be good.</summary>
    /// <param name="json">JSON.</param>
    /// <param name="source">Names it in messages: a file.</param>
    /// <exception cref="UsageException">Not JSON, not an Ignition config, not of a 3.x spec, or something Ignition would refuse: all of it, with line and column.</exception>
    public static IgnitionConfig Parse(string json, string source)
    {
        ConfigReading<IgnitionConfig> reading = Read(json);
        // Of what is wrong with the whole, the place in the text is all there is to say.
        if (reading.Errors.FirstOrDefault() is { Path: "$" or "$.ignition.version" } whole)
            throw new UsageException($"{source}{(whole.At is { } at ? $":{at}" : "")}: {whole.Message}\n  wanted:  {whole.Wanted}");
        return reading.Demand(source) with { Source = source };
    }

    /// <summary>Merges another config into this one as Ignition does with those in <c>ignition.config.merge</c>; such references are left as they are.</summary>
    /// <param name="child">What it sets wins.</param>
    /// <returns>In the newer spec of both.</returns>
    public IgnitionConfig MergedWith(IgnitionConfig child)
    {
        Version newer = Version > child.Version ? Version : child.Version;
        var merged = (IgnitionConfig)ConfigMerge.Merged(In(newer), child.In(newer));
        return merged with { Source = Source };
    }

    /// <summary>Holds the config against what an image accepts.</summary>
    /// <param name="maximum">Highest spec: <c>3.3.0</c>.</param>
    /// <exception cref="UsageException">Its spec is newer.</exception>
    public void CheckVersion(string maximum)
    {
        if (Version > Version.Parse(maximum))
            throw new UsageException($"{Source}: ignition.version {Version}\n  wanted:  at most {maximum}, which is what the image's Ignition accepts");
    }

    /// <summary>Lets a key log in as a user; the user is made if the config does not have it.</summary>
    /// <param name="user"><c>core</c>, which every image has, or another name, which is put into group sudo.</param>
    /// <param name="publicKey">One line of authorized_keys.</param>
    public IgnitionConfig WithKey(string user, string publicKey)
    {
        PasswdUser now = Passwd.Users.FirstOrDefault(u => u.Name == user) ?? new PasswdUser { Name = user };
        PasswdUser then = now with { Groups = user == "core" ? now.Groups : Once(now.Groups, "sudo"), SshAuthorizedKeys = Once(now.SshAuthorizedKeys, publicKey) };
        IEnumerable<PasswdUser> users = Passwd.Users.Contains(now) ? Passwd.Users.Select(u => ReferenceEquals(u, now) ? then : u) : Passwd.Users.Append(then);
        return this with { Passwd = Passwd with { Users = [.. users] } };
    }

    /// <summary>Writes a file, unless the config itself says something of that path.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="content">The whole content, UTF-8.</param>
    /// <param name="mode">Permissions. Default 0644.</param>
    public IgnitionConfig WithFile(string path, string content, int mode = 0b110_100_100)
    {
        if (Mentions(path))
            return this;
        var file = new StorageFile
        {
            Path = path,
            Overwrite = true,
            Mode = mode,
            Contents = new Resource { Source = "data:;base64," + Convert.ToBase64String(Encoding.UTF8.GetBytes(content)) },
        };
        return this with { Storage = Storage with { Files = [.. Storage.Files, file] } };
    }

    /// <summary>Adds a unit, unless the config itself has one of that name.</summary>
    /// <param name="name">With its suffix: <c>a.service</c>.</param>
    /// <param name="text">The whole unit.</param>
    /// <param name="enabled">Whether it is started as its [Install] section says.</param>
    public IgnitionConfig WithUnit(string name, string text, bool enabled) => Systemd.Units.Any(u => u.Name == name)
        ? this
        : this with { Systemd = Systemd with { Units = [.. Systemd.Units, new SystemdUnit { Name = name, Contents = text, Enabled = enabled ? true : null }] } };

    /// <summary>The config as indented JSON, the same text for the same config: members in a fixed order, nothing that is empty, a line feed at its end.</summary>
    public override string ToString() => Encoding.UTF8.GetString(ConfigText.Of(this));

    /// <summary>Whether the config itself says something of a path.</summary>
    public bool Mentions(string path) => ((IEnumerable<IPlaced>)[.. Storage.Files, .. Storage.Links, .. Storage.Directories]).Any(placed => placed.Path == path);

    // A newer spec means the same by all an older one has, but for bits of a mode that older ones leave out.
    private IgnitionConfig In(Version version)
    {
        IgnitionConfig config = this with { Ignition = Ignition with { Version = version.ToString() } };
        return version.Minor < SpecRules.SpecialModeBits || Version.Minor >= SpecRules.SpecialModeBits
            ? config
            : config with
            {
                Storage = Storage with
                {
                    Files = [.. Storage.Files.Select(f => f with { Mode = f.Mode & SpecRules.Permissions })],
                    Directories = [.. Storage.Directories.Select(d => d with { Mode = d.Mode & SpecRules.Permissions })],
                },
            };
    }

    private static IReadOnlyList<string> Once(IReadOnlyList<string> list, string value) => list.Contains(value) ? list : [.. list, value];
}
