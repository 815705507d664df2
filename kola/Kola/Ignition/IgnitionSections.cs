namespace Kola.Ignition;

/// <summary>Section <c>ignition</c>: about the config itself, and how others are fetched.</summary>
public sealed record IgnitionSection
{
    /// <summary>The spec: <c>3.3.0</c>.</summary>
    public required string Version { get; init; }

    /// <summary>Other configs.</summary>
    public ConfigReferences Config { get; init; } = new();

    /// <summary>Proxies for what is fetched.</summary>
    [Since(1)]
    public Proxy Proxy { get; init; } = new();

    /// <summary>Whom to trust.</summary>
    public SecuritySection Security { get; init; } = new();

    /// <summary>How long fetching may take.</summary>
    public Timeouts Timeouts { get; init; } = new();
}

/// <summary>Other configs.</summary>
public sealed record ConfigReferences
{
    /// <summary>Merged into this one in their order, each as its child.</summary>
    public IReadOnlyList<Resource> Merge { get; init; } = [];

    /// <summary>Taken instead of this one.</summary>
    public Resource Replace { get; init; } = new();
}

/// <summary>Something that is fetched.</summary>
public sealed record Resource : IKeyed
{
    /// <summary>URL: data, http, https, tftp, s3; gs since 3.2.0, arn since 3.4.0.</summary>
    public string? Source { get; init; }

    /// <summary><c>gzip</c>, or nothing.</summary>
    [Since(1)]
    public string? Compression { get; init; }

    /// <summary>Sent along, http and https only.</summary>
    [Since(1)]
    public IReadOnlyList<HttpHeader> HttpHeaders { get; init; } = [];

    /// <summary>What it must be.</summary>
    public Verification Verification { get; init; } = new();

    string IKeyed.Key => Source ?? "";
}

/// <summary>A header of a request.</summary>
public sealed record HttpHeader : IKeyed
{
    /// <summary><c>Authorization</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Null in a config that is merged into another: the other's header goes.</summary>
    public string? Value { get; init; }

    string IKeyed.Key => Name;
}

/// <summary>What something fetched must be.</summary>
public sealed record Verification
{
    /// <summary><c>sha512-</c> and 128 hex digits; since 3.1.0 also <c>sha256-</c> and 64.</summary>
    public string? Hash { get; init; }
}

/// <summary>Proxies.</summary>
public sealed record Proxy
{
    /// <summary>For http; an http or https URL.</summary>
    public string? HttpProxy { get; init; }

    /// <summary>For https; an https URL (http gives a warning).</summary>
    public string? HttpsProxy { get; init; }

    /// <summary>Hosts, domains and networks reached without.</summary>
    public IReadOnlyList<string> NoProxy { get; init; } = [];
}

/// <summary>Whom to trust.</summary>
public sealed record SecuritySection
{
    /// <summary>Of https.</summary>
    public TlsSecurity Tls { get; init; } = new();
}

/// <summary>Whom to trust over https.</summary>
public sealed record TlsSecurity
{
    /// <summary>PEM bundles, beside those of the image.</summary>
    public IReadOnlyList<Resource> CertificateAuthorities { get; init; } = [];
}

/// <summary>How long fetching may take, in seconds; 0 is for ever.</summary>
public sealed record Timeouts
{
    /// <summary>Until the headers of the answer are there. Default 10.</summary>
    public long? HttpResponseHeaders { get; init; }

    /// <summary>Altogether. Default: for ever.</summary>
    public long? HttpTotal { get; init; }
}

/// <summary>Section <c>kernelArguments</c>: the machine reboots when they are not so. An argument stands in one of both lists only.</summary>
public sealed record KernelArguments
{
    /// <summary>Added where missing.</summary>
    [SharesKeys("KernelArgument")]
    public IReadOnlyList<string> ShouldExist { get; init; } = [];

    /// <summary>Taken out where present.</summary>
    [SharesKeys("KernelArgument")]
    public IReadOnlyList<string> ShouldNotExist { get; init; } = [];
}

/// <summary>Section <c>passwd</c>.</summary>
public sealed record PasswdSection
{
    /// <summary>Users to be there.</summary>
    public IReadOnlyList<PasswdUser> Users { get; init; } = [];

    /// <summary>Groups to be there.</summary>
    public IReadOnlyList<PasswdGroup> Groups { get; init; } = [];
}

/// <summary>A user; one the image has is changed.</summary>
public sealed record PasswdUser : IKeyed
{
    /// <summary>Login name.</summary>
    public required string Name { get; init; }

    /// <summary>As in /etc/shadow.</summary>
    public string? PasswordHash { get; init; }

    /// <summary>Lines of authorized_keys.</summary>
    public IReadOnlyList<string> SshAuthorizedKeys { get; init; } = [];

    /// <summary>User id.</summary>
    public long? Uid { get; init; }

    /// <summary>Full name.</summary>
    public string? Gecos { get; init; }

    /// <summary>Home directory.</summary>
    public string? HomeDir { get; init; }

    /// <summary>No home directory is made.</summary>
    public bool? NoCreateHome { get; init; }

    /// <summary>Name of the primary group.</summary>
    public string? PrimaryGroup { get; init; }

    /// <summary>Names of supplementary groups.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>No group of the user's name is made.</summary>
    public bool? NoUserGroup { get; init; }

    /// <summary>Not put into lastlog and faillog.</summary>
    public bool? NoLogInit { get; init; }

    /// <summary>Login shell.</summary>
    public string? Shell { get; init; }

    /// <summary>False: taken away.</summary>
    [Since(2)]
    public bool? ShouldExist { get; init; }

    /// <summary>A system user.</summary>
    public bool? System { get; init; }

    string IKeyed.Key => Name;
}

/// <summary>A group.</summary>
public sealed record PasswdGroup : IKeyed
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Group id.</summary>
    public long? Gid { get; init; }

    /// <summary>As in /etc/gshadow.</summary>
    public string? PasswordHash { get; init; }

    /// <summary>False: taken away.</summary>
    [Since(2)]
    public bool? ShouldExist { get; init; }

    /// <summary>A system group.</summary>
    public bool? System { get; init; }

    string IKeyed.Key => Name;
}

/// <summary>Section <c>systemd</c>.</summary>
public sealed record SystemdSection
{
    /// <summary>Units written, enabled, masked.</summary>
    public IReadOnlyList<SystemdUnit> Units { get; init; } = [];
}

/// <summary>A unit.</summary>
public sealed record SystemdUnit : IKeyed
{
    /// <summary>With its suffix: <c>a.service</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Started at boot as its [Install] section says; false: not so.</summary>
    public bool? Enabled { get; init; }

    /// <summary>Linked to /dev/null.</summary>
    public bool? Mask { get; init; }

    /// <summary>The whole unit.</summary>
    public string? Contents { get; init; }

    /// <summary>Additions to it.</summary>
    public IReadOnlyList<UnitDropin> Dropins { get; init; } = [];

    string IKeyed.Key => Name;
}

/// <summary>An addition to a unit.</summary>
public sealed record UnitDropin : IKeyed
{
    /// <summary>With its suffix: <c>10-more.conf</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The whole file.</summary>
    public string? Contents { get; init; }

    string IKeyed.Key => Name;
}
