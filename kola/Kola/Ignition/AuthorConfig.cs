namespace Kola.Ignition;

/// <summary>A machine's config as its author means it: read, with its references replaced, in one of the languages there are.</summary>
internal sealed record AuthorConfig
{
    /// <summary>Of Ignition 3.x, and of Butane, which means that. Null for the other languages.</summary>
    internal IgnitionConfig? Ignition { get; private init; }

    /// <summary>Of Ignition 1 and 2.x.</summary>
    internal LegacyConfig? Legacy { get; private init; }

    /// <summary>A cloud-config, a script, several parts: handed over beside an Ignition config of the harness's own.</summary>
    internal string? UserData { get; private init; }

    /// <summary>A config that is to fail and that cannot be read here either: handed over as it is.</summary>
    internal string? Unreadable { get; private init; }

    /// <summary>What Ignition or Butane only warn of.</summary>
    internal IReadOnlyList<ConfigProblem> Warnings { get; private init; } = [];

    /// <summary>Whether the author speaks of a path himself.</summary>
    internal bool Mentions(string path) => Ignition?.Mentions(path) ?? Legacy?.Mentions(path) ?? false;

    /// <summary>The language of a config; Ignition's when it cannot be told.</summary>
    internal static ConfigKind KindOf(string text)
    {
        try
        {
            return ConfigKinds.Of(text);
        }
        catch (UsageException)
        {
            return ConfigKind.Ignition;
        }
    }

    /// <summary>Reads a machine's config; of a machine without one, the empty config.</summary>
    /// <param name="machine">The author's spec.</param>
    /// <param name="values">What its references stand for.</param>
    /// <param name="source">Names it in messages.</param>
    /// <exception cref="UsageException">There is an error in it.</exception>
    internal static AuthorConfig Read(MachineSpec machine, IReadOnlyDictionary<string, string> values, string source)
    {
        if (machine.Config is null)
            return new AuthorConfig { Ignition = IgnitionConfig.Empty };
        string text = Reference.Resolve(machine.Config, values);
        try
        {
            return Read(ConfigKinds.Of(text), text, machine.ConfigDirectory, source);
        }
        catch (UsageException) when (machine.BootFails)
        {
            return new AuthorConfig { Unreadable = text };
        }
    }

    private static AuthorConfig Read(ConfigKind kind, string text, string? directory, string source)
    {
        switch (kind)
        {
            case ConfigKind.Ignition:
                return Of(IgnitionConfig.Read(text), source);
            case ConfigKind.Butane:
                return Of(ButaneConfig.Translate(text, directory), source);
            case ConfigKind.LegacyIgnition:
                ConfigReading<LegacyConfig> legacy = LegacyConfig.Read(text);
                return new AuthorConfig { Legacy = legacy.Demand(source), Warnings = legacy.Problems };
            default:
                return new AuthorConfig { Ignition = IgnitionConfig.Empty, UserData = text };
        }
    }

    private static AuthorConfig Of(ConfigReading<IgnitionConfig> reading, string source) => new() { Ignition = reading.Demand(source) with { Source = source }, Warnings = reading.Problems };
}
