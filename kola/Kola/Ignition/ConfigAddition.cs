namespace Kola.Ignition;

/// <summary>Something the harness adds to an author's config. What the author says of the same thing himself counts.</summary>
/// <param name="Why">What for, as <c>kola config render --for</c> tells it.</param>
internal abstract record ConfigAddition(string Why)
{
    /// <summary>Where it goes, as parts of a config are named: <c>storage.files /etc/hostname</c>.</summary>
    internal abstract string Part { get; }
}

/// <summary>A key that may log in.</summary>
/// <param name="User">As whom; made if the config does not have the user.</param>
/// <param name="Key">One line of authorized_keys.</param>
/// <param name="Why">What for.</param>
internal sealed record KeyAddition(string User, string Key, string Why) : ConfigAddition(Why)
{
    internal override string Part => $"passwd.users {User}";
}

/// <summary>A file.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="Content">The whole content.</param>
/// <param name="Why">What for.</param>
/// <param name="Mode">Permissions.</param>
internal sealed record FileAddition(string Path, string Content, string Why, int Mode = 0b110_100_100) : ConfigAddition(Why)
{
    internal override string Part => $"storage.files {Path}";
}

/// <summary>A unit.</summary>
/// <param name="Name">With its suffix.</param>
/// <param name="Text">The whole unit.</param>
/// <param name="Enabled">Whether it is started at boot.</param>
/// <param name="Why">What for.</param>
internal sealed record UnitAddition(string Name, string Text, bool Enabled, string Why) : ConfigAddition(Why)
{
    internal override string Part => $"systemd.units {Name}";
}
