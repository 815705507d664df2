namespace Kola.Ignition;

/// <summary>What has a path.</summary>
internal interface IPlaced : IKeyed
{
    string Path { get; }
}

/// <summary>An owner, by id or by name.</summary>
public sealed record Owner
{
    /// <summary>Number.</summary>
    public long? Id { get; init; }

    /// <summary>Name.</summary>
    public string? Name { get; init; }
}

/// <summary>A file. Its directory is made if need be.</summary>
public sealed record StorageFile : IPlaced
{
    /// <summary>Absolute, without . and .. and double slashes.</summary>
    public required string Path { get; init; }

    /// <summary>Whether one that is there is overwritten; then it has contents.</summary>
    public bool? Overwrite { get; init; }

    /// <summary>What it holds.</summary>
    [AlwaysCompressed]
    public Resource Contents { get; init; } = new();

    /// <summary>What is put behind that.</summary>
    [AlwaysCompressed, Repeats]
    public IReadOnlyList<Resource> Append { get; init; } = [];

    /// <summary>Permissions, 420 for 0644. Bits above 0777 since 3.6.0.</summary>
    public long? Mode { get; init; }

    /// <summary>Default root.</summary>
    public Owner User { get; init; } = new();

    /// <summary>Default root.</summary>
    public Owner Group { get; init; } = new();

    string IKeyed.Key => Path;
}

/// <summary>A directory.</summary>
public sealed record StorageDirectory : IPlaced
{
    /// <summary>Absolute.</summary>
    public required string Path { get; init; }

    /// <summary>Whether what is there is taken away first.</summary>
    public bool? Overwrite { get; init; }

    /// <summary>Permissions, 493 for 0755.</summary>
    public long? Mode { get; init; }

    /// <summary>Default root.</summary>
    public Owner User { get; init; } = new();

    /// <summary>Default root.</summary>
    public Owner Group { get; init; } = new();

    string IKeyed.Key => Path;
}

/// <summary>A link.</summary>
public sealed record StorageLink : IPlaced
{
    /// <summary>Absolute.</summary>
    public required string Path { get; init; }

    /// <summary>Whether what is there is taken away first.</summary>
    public bool? Overwrite { get; init; }

    /// <summary>What it points to; it needs one since 3.3.0.</summary>
    public string? Target { get; init; }

    /// <summary>A hard link, not a symbolic one.</summary>
    public bool? Hard { get; init; }

    /// <summary>Default root.</summary>
    public Owner User { get; init; } = new();

    /// <summary>Default root.</summary>
    public Owner Group { get; init; } = new();

    string IKeyed.Key => Path;
}
