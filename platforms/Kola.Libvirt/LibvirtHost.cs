using System.Collections.Concurrent;
using System.Xml.Linq;
using Kola.Libvirt.Bindings;

namespace Kola.Libvirt;

/// <summary>A host machines are run on: a connection, a storage pool, and what it can do. Calls run beside, since libvirt's block.</summary>
internal sealed class LibvirtHost : IAsyncDisposable
{
    private static readonly TimeSpan s_keepAlive = TimeSpan.FromSeconds(10);
    private readonly ConcurrentDictionary<string, (Action<DomainEvent> Told, Action<CloseReason> Lost)> _watchers = new();
    private readonly Task _dispatching;

    private LibvirtHost(string uri, Connection connection, StoragePool pool)
    {
        (Uri, Connection, Pool) = (uri, connection, pool);
        // Six questions without an answer: an emulating host may be very busy.
        connection.TryKeepAlive(s_keepAlive, 6);
        _dispatching = Task.Run(DispatchAsync);
    }

    /// <summary>As it was given.</summary>
    public string Uri { get; }

    /// <summary>To its daemon.</summary>
    public Connection Connection { get; }

    /// <summary>Where disks are kept.</summary>
    public StoragePool Pool { get; }

    /// <summary>What machines can have.</summary>
    public required HostCapabilities Capabilities { get; init; }

    /// <summary>Version of its libvirt.</summary>
    public required Version Daemon { get; init; }

    /// <summary>Version of its QEMU.</summary>
    public required Version Qemu { get; init; }

    /// <summary>Its CPUs and memory.</summary>
    public required NodeInfo Node { get; init; }

    /// <summary>Memory that could be had when it was opened, MiB.</summary>
    public required long FreeMiB { get; init; }

    /// <summary>Connects, and makes what is missing.</summary>
    /// <exception cref="UsageException">Something is missing that a person has to see to.</exception>
    /// <exception cref="PlatformException">The host does not answer, or not as it should.</exception>
    public static async Task<LibvirtHost> OpenAsync(string uri, LibvirtOptions options, CancellationToken cancel)
    {
        Connection connection = await ConnectAsync(uri, cancel);
        try
        {
            return await AskAsync($"libvirt: {HostUri.Shown(uri)}", "looking at the host", () => Look(uri, connection, options));
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Connects alone.</summary>
    /// <exception cref="UsageException">There is no daemon on this host.</exception>
    /// <exception cref="PlatformException">The host does not answer.</exception>
    public static async Task<Connection> ConnectAsync(string uri, CancellationToken cancel)
    {
        Task<Connection> opening = Task.Run(() => Connection.Open(uri), CancellationToken.None);
        try
        {
            // A host that is off is waited for as long as TCP does.
            return await opening.WaitAsync(cancel);
        }
        catch (LibvirtException problem)
        {
            throw LibvirtFault.OfConnecting(uri, problem);
        }
        catch (OperationCanceledException)
        {
            _ = opening.ContinueWith(late => late.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            throw;
        }
    }

    /// <summary>Runs what blocks, and says of a failure whose it is.</summary>
    /// <param name="who">The machine or host, for messages.</param>
    /// <param name="what">What is tried: <c>starting it</c>.</param>
    /// <param name="ask">The calls.</param>
    /// <exception cref="PlatformException">libvirt refused.</exception>
    public static async Task<T> AskAsync<T>(string who, string what, Func<T> ask)
    {
        try
        {
            return await Task.Run(ask);
        }
        catch (LibvirtException problem)
        {
            throw LibvirtFault.Of(who, what, problem);
        }
    }

    /// <inheritdoc cref="AskAsync{T}(string, string, Func{T})"/>
    public static Task DoAsync(string who, string what, Action act) => AskAsync(who, what, () =>
    {
        act();
        return true;
    });

    /// <summary>Tells what happens to a domain from now on, in order, until <see cref="Unwatch"/>.</summary>
    /// <param name="domain">Its name.</param>
    /// <param name="told">Told each event; must not block.</param>
    /// <param name="lost">Told when the connection ended, after which nothing is told any more.</param>
    public void Watch(string domain, Action<DomainEvent> told, Action<CloseReason> lost) => _watchers[domain] = (told, lost);

    /// <summary>Tells no more.</summary>
    public void Unwatch(string domain) => _watchers.TryRemove(domain, out _);

    /// <summary>Whether the connection ended by itself.</summary>
    public bool IsLost => Connection.Closed.IsCompleted;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _watchers.Clear();
        Pool.Dispose();
        await Task.Run(Connection.Dispose);
        await _dispatching;
    }

    private static LibvirtHost Look(string uri, Connection connection, LibvirtOptions options)
    {
        bool offered = HostCapabilities.OffersKvm(connection.Capabilities);
        if (options.Kvm == true && !offered)
            throw new UsageException($"libvirt: {HostUri.Shown(uri)} has no KVM\n  wanted:  a host that offers domains of type kvm\n  got:     emulation alone\n  next:    emulate (--{LibvirtOptions.AccelOption} tcg), or use a host with hardware virtualization");
        bool kvm = options.Kvm ?? offered;
        string domains = connection.DomainCapabilities("x86_64", "q35", kvm ? "kvm" : "qemu");
        if (options.Network is { } network)
            CheckNetwork(uri, connection, network);
        StoragePool pool = PoolOf(uri, connection, options);
        try
        {
            return new LibvirtHost(uri, connection, pool)
            {
                Capabilities = HostCapabilities.Read(domains, kvm),
                Daemon = connection.DaemonVersion,
                Qemu = connection.HypervisorVersion,
                Node = connection.Node,
                FreeMiB = connection.FreeMemoryMiB(),
            };
        }
        catch
        {
            pool.Dispose();
            throw;
        }
    }

    private static void CheckNetwork(string uri, Connection connection, string name)
    {
        try
        {
            using Network network = connection.FindNetwork(name);
            if (!network.IsActive)
                throw new UsageException($"libvirt: the network \"{name}\" of {HostUri.Shown(uri)} is not active\n  next:    virsh -c '{HostUri.Shown(uri)}' net-start {name}");
        }
        catch (LibvirtException missing) when (missing.Code == ErrorCode.NoNetwork)
        {
            throw new UsageException($"libvirt: {HostUri.Shown(uri)} has no network \"{name}\"\n  next:    virsh -c '{HostUri.Shown(uri)}' net-list --all", missing);
        }
    }

    private static StoragePool PoolOf(string uri, Connection connection, LibvirtOptions options)
    {
        try
        {
            return Started(connection.FindPool(options.Pool));
        }
        catch (LibvirtException missing) when (missing.Code == ErrorCode.NoStoragePool && options.Pool != LibvirtOptions.OwnPool)
        {
            throw new UsageException($"libvirt: {HostUri.Shown(uri)} has no storage pool \"{options.Pool}\"\n  next:    virsh -c '{HostUri.Shown(uri)}' pool-list --all; or leave --{LibvirtOptions.PoolOption} out, and kola makes one", missing);
        }
        catch (LibvirtException missing) when (missing.Code == ErrorCode.NoStoragePool)
        {
            // Where libvirt's own tools keep theirs; a user's daemon may not write there.
            string directory = HostUri.IsSession(uri) ? Path.Combine(options.CacheDirectory, "libvirt") : $"/var/lib/libvirt/images/{LibvirtOptions.OwnPool}";
            return Made(connection, options.Pool, directory);
        }
    }

    private static StoragePool Made(Connection connection, string name, string directory)
    {
        try
        {
            StoragePool pool = connection.DefinePool(new XElement("pool", new XAttribute("type", "dir"),
                new XElement("name", name), new XElement("target", new XElement("path", directory))).ToString());
            pool.Build();
            pool.SetAutostart(true);
            return Started(pool);
        }
        catch (LibvirtException) when (IsThere(connection, name))
        {
            // Another run made it meanwhile.
            return Started(connection.FindPool(name));
        }
    }

    private static bool IsThere(Connection connection, string name)
    {
        try
        {
            using StoragePool pool = connection.FindPool(name);
            return true;
        }
        catch (LibvirtException)
        {
            return false;
        }
    }

    private static StoragePool Started(StoragePool pool)
    {
        try
        {
            if (!pool.IsActive)
                pool.Create();
        }
        catch (LibvirtException) when (pool.IsActive)
        {
            // Another run started it meanwhile.
        }

        return pool;
    }

    private async Task DispatchAsync()
    {
        await foreach (DomainEvent happened in Connection.Events.ReadAllAsync())
        {
            if (_watchers.TryGetValue(happened.Domain, out (Action<DomainEvent> Told, Action<CloseReason> Lost) watcher))
                watcher.Told(happened);
        }

        CloseReason reason = await Connection.Closed;
        foreach ((Action<DomainEvent> _, Action<CloseReason> lost) in _watchers.Values)
            lost(reason);
    }
}
