using System.Text;
using Kola.Machines;

namespace Kola.Ignition;

/// <summary>The final config of a machine: the author's, and what the harness adds.</summary>
internal sealed record MachineConfig
{
    private const string NetworkFiles = "/etc/systemd/network/";
    private const string CardsFile = NetworkFiles + "10-kola-cards.network";
    private const string HostsFile = "/etc/hosts";

    /// <summary>The author's part.</summary>
    internal required AuthorConfig Author { get; init; }

    /// <summary>The harness's, in the order it is added.</summary>
    internal required IReadOnlyList<ConfigAddition> Additions { get; init; }

    /// <summary>What Ignition is given, as text.</summary>
    internal string Ignition => Author.Unreadable ?? (Author.Legacy is { } legacy ? Additions.Aggregate(legacy, Add).ToString() : Final!.ToString());

    /// <summary>What coreos-cloudinit is given; null for nothing.</summary>
    internal string? UserData => Author.UserData;

    /// <summary>The same as <see cref="Ignition"/>, of 3.x; null in another language.</summary>
    internal IgnitionConfig? Final => Author.Ignition is { } author ? Additions.Aggregate(Kept(author), Add) : null;

    // A config that has itself replaced takes with it all that was added to it: as the child of another it is replaced, and the parent stays.
    private static IgnitionConfig Kept(IgnitionConfig author) => author.Ignition.Config.Replace.Source is null ? author : new IgnitionConfig
    {
        Ignition = new IgnitionSection
        {
            Version = author.Ignition.Version,
            Config = new ConfigReferences { Merge = [new Resource { Source = "data:;base64," + Convert.ToBase64String(Encoding.UTF8.GetBytes(author.ToString())) }] },
        },
    };

    /// <summary>Of a machine booted for its test: the run's key, the host name, updates off, its place among the machines of its test, the guest program.</summary>
    /// <param name="machine">The author's spec.</param>
    /// <param name="publicKey">The run's line of authorized_keys.</param>
    /// <param name="neighbours">The machines of its test; null when it is alone.</param>
    /// <param name="channel">Whether the platform gives it a guest channel.</param>
    /// <param name="values">What the references of its config stand for.</param>
    /// <param name="source">Names the author's config in messages.</param>
    /// <exception cref="UsageException">There is an error in the author's config.</exception>
    internal static MachineConfig For(MachineSpec machine, string publicKey, Neighbourhood? neighbours, bool channel, IReadOnlyDictionary<string, string> values, string source)
    {
        AuthorConfig author = AuthorConfig.Read(machine, values, source);
        return new MachineConfig
        {
            Author = author,
            Additions =
            [
                .. Shared(machine, publicKey),
                .. channel ? GuestProgramParts() : [],
                .. OwnFiles(machine, author, neighbours).Select(file => new FileAddition(file.Key, file.Value, "its place among the machines of its test")),
            ],
        };
    }

    /// <summary>As far as it is known before anything boots: with what stands for the run's key, and a server of files that is nowhere.</summary>
    /// <inheritdoc cref="For" path="/param|/exception"/>
    internal static MachineConfig Planned(MachineSpec machine, Neighbourhood? neighbours, string source) =>
        For(machine, TemplateSpec.PublicKeyPlaceholder, neighbours, channel: true, ReferenceValues.Planned(neighbours), source);

    /// <summary>Of a machine that becomes a template: the same with nothing in it of a run, a test or a role.</summary>
    /// <param name="machine">The author's spec.</param>
    /// <param name="cards">Its cards for segments, which wait unconfigured.</param>
    /// <param name="source">Names the author's config in messages.</param>
    internal static MachineConfig ForTemplate(MachineSpec machine, int cards, string source) => new()
    {
        Author = AuthorConfig.Read(machine, new Dictionary<string, string>(), source),
        Additions =
        [
            .. Shared(machine, TemplateSpec.PublicKeyPlaceholder),
            .. GuestProgramParts(),
            .. cards > 0 ? [new FileAddition(CardsFile, Neighbourhood.UnconfiguredNetworkFile(cards), "cards that wait for their places")] : Array.Empty<ConfigAddition>(),
        ],
    };

    /// <summary>
    /// Whether a copy can be made of a machine with this config: it refers to nothing that only its own test has, and brings nothing besides Ignition's
    /// config.
    /// </summary>
    internal static bool CanBeShared(MachineSpec machine) =>
        !machine.BootFails && (machine.Config is not { } text || (Reference.In(text).Count == 0 && AuthorConfig.KindOf(text) != ConfigKind.UserData));

    /// <summary>
    /// What a machine has for its role among the machines of its test, absolute path to content: in the config of one booted cold, written
    /// afterwards into a copy. Files the author's config speaks of are left to it.
    /// </summary>
    internal static IReadOnlyDictionary<string, string> OwnFiles(MachineSpec machine, Neighbourhood? neighbours, string source) =>
        OwnFiles(machine, AuthorConfig.Read(machine, ReferenceValues.Of(neighbours, null, null), source), neighbours);

    private static Dictionary<string, string> OwnFiles(MachineSpec machine, AuthorConfig author, Neighbourhood? neighbours)
    {
        if (neighbours is null)
            return [];
        Dictionary<string, string> files = neighbours.NetworkFiles(machine.Name).ToDictionary(file => NetworkFiles + file.Name, file => file.Text);
        files[HostsFile] = neighbours.HostsFile();
        return files.Where(file => !author.Mentions(file.Key)).ToDictionary();
    }

    private static IEnumerable<ConfigAddition> Shared(MachineSpec machine, string publicKey)
    {
        yield return new KeyAddition(machine.User, publicKey, "the run's key");
        if (!machine.Updates)
            yield return new FileAddition("/etc/flatcar/update.conf", "SERVER=disabled\n", "no updates in the middle of a test");
        if (machine.Hostname is { } hostname)
            yield return new FileAddition("/etc/hostname", hostname + "\n", "the host name its spec asks for");
    }

    private static IEnumerable<ConfigAddition> GuestProgramParts()
    {
        const string why = "the guest program: journal and commands past the network";
        return
        [
            new FileAddition(GuestProgram.ScriptPath, GuestProgram.Script, why, Mode: 0b111_101_101),
            .. GuestProgram.Units.Select(unit => new UnitAddition(unit.Name, unit.Text, unit.AtBoot, why)),
        ];
    }

    private static IgnitionConfig Add(IgnitionConfig config, ConfigAddition addition) => addition switch
    {
        KeyAddition key => config.WithKey(key.User, key.Key),
        FileAddition file => config.WithFile(file.Path, file.Content, file.Mode),
        UnitAddition unit => config.WithUnit(unit.Name, unit.Text, unit.Enabled),
        _ => throw new ArgumentOutOfRangeException(nameof(addition), addition, "an addition nobody knows how to add"),
    };

    private static LegacyConfig Add(LegacyConfig config, ConfigAddition addition) => addition switch
    {
        KeyAddition key => config.WithKey(key.User, key.Key),
        FileAddition file => config.WithFile(file.Path, file.Content, file.Mode),
        UnitAddition unit => config.WithUnit(unit.Name, unit.Text, unit.Enabled),
        _ => throw new ArgumentOutOfRangeException(nameof(addition), addition, "an addition nobody knows how to add"),
    };
}
