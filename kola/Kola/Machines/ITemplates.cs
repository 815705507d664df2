namespace Kola.Machines;

/// <summary>
/// Ready machines, frozen, of which copies run within a fraction of a second. A cache on this host: content-addressed, shared by all
/// runs, never trusted when incomplete.
/// </summary>
public interface ITemplates
{
    /// <summary>
    /// Content address: everything a copy depends on (image, config, shape, emulator, acceleration, CPU). 64 lowercase hex digits.
    /// </summary>
    string KeyOf(TemplateSpec spec);

    /// <summary>A whole template, held against removal until it is disposed; null when there is none.</summary>
    Task<ITemplate?> FindAsync(string key, CancellationToken cancel);

    /// <summary>The right to make a template. Waits while another process makes it.</summary>
    /// <returns>Null when it has been made meanwhile.</returns>
    Task<ITemplateDraft?> BeginAsync(string key, CancellationToken cancel);

    /// <summary>
    /// Takes a template that was found to be no good out of the cache: it is not found again, by no run. Those who hold it are not disturbed.
    /// Nothing happens when there is none.
    /// </summary>
    Task ForgetAsync(string key);
}

/// <summary>A machine that was frozen when it was ready. Disposing it lets go of it; it stays in the cache.</summary>
public interface ITemplate : IAsyncDisposable
{
    /// <summary>Content address.</summary>
    string Key { get; }

    /// <summary>What its maker noted of it.</summary>
    TemplateFacts Facts { get; }

    /// <summary>Starts a copy and returns when it is running. It is its template's twin in all until it is given an identity of its own.</summary>
    /// <exception cref="PlatformException">It could not be started.</exception>
    Task<IInstance> CloneAsync(InstanceSpec spec, CancellationToken cancel);
}

/// <summary>A template in the making. Disposing it before it was frozen leaves nothing.</summary>
public interface ITemplateDraft : IAsyncDisposable
{
    /// <summary>Starts the machine that is to be frozen.</summary>
    /// <param name="spec">The machine.</param>
    /// <param name="from">Template it goes on from; null boots it cold.</param>
    /// <param name="cancel">Ends it; nothing is left then.</param>
    Task<IInstance> StartAsync(InstanceSpec spec, ITemplate? from, CancellationToken cancel);

    /// <summary>Freezes the machine, ends it, and puts the template into the cache. What was written in its directory is kept with it.</summary>
    /// <exception cref="PlatformException">It could not be saved, e.g. for want of room; nothing is left then.</exception>
    Task<ITemplate> FreezeAsync(IInstance instance, TemplateFacts facts, CancellationToken cancel);
}

/// <summary>What a template's maker notes, for those who make machines of its copies.</summary>
public sealed record TemplateFacts
{
    /// <summary>Line of authorized_keys that let its maker in; a copy gets its own run's instead.</summary>
    public required string PublicKey { get; init; }

    /// <summary>Ethernet address of its first card.</summary>
    public required string Mac { get; init; }

    /// <summary>Id of the boot it was frozen in, and so its copies'.</summary>
    public required string BootId { get; init; }

    /// <summary>VERSION of its os-release.</summary>
    public required string Version { get; init; }

    /// <summary>First line an SSH client of its maker's sent; copies are answered as if they had sent it.</summary>
    public string? SshGreeting { get; init; }

    /// <summary>The same for all machines that were frozen at one moment, and for no others; null for one that was frozen alone.</summary>
    public string? Together { get; init; }

    /// <summary>When it was frozen.</summary>
    public required DateTimeOffset MadeAt { get; init; }

    /// <summary>Wall seconds from its start until it was ready, preparation included.</summary>
    public required double ReadySeconds { get; init; }

    /// <summary>CPU seconds for the same; null where the platform does not know.</summary>
    public double? ProcessorSeconds { get; init; }
}
