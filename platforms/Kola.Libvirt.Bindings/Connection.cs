using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace Kola.Libvirt.Bindings;

/// <summary>
/// A connection to a hypervisor, with its domains' events. Its calls block until the daemon has answered, and may be made from several threads at once; a call
/// that fails throws <see cref="LibvirtException"/>.
/// </summary>
public sealed unsafe class Connection : IDisposable
{
    private const int Lifecycle = 0;
    private const int Reboot = 1;

    private readonly Channel<DomainEvent> _events = Channel.CreateUnbounded<DomainEvent>();
    private readonly TaskCompletionSource<CloseReason> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int?[] _registered;
    private readonly bool _watched;
    private int _disposed;

    private Connection(ConnectionHandle handle)
    {
        Handle = handle;
        _watched = Registered(opaque => Native.virConnectRegisterCloseCallback(handle, &OnClose, opaque, &Native.FreeOpaque)) is not null;
        // What each kind of event calls has arguments of its own.
        nint lifecycle = (nint)(delegate* unmanaged[Cdecl]<nint, nint, int, int, nint, int>)&OnLifecycle;
        nint reboot = (nint)(delegate* unmanaged[Cdecl]<nint, nint, nint, void>)&OnReboot;
        _registered = [Registered(Lifecycle, lifecycle), Registered(Reboot, reboot)];
    }

    /// <summary>What happens to domains from now on, in order. Ends when the connection does. Empty where the driver has no events.</summary>
    public ChannelReader<DomainEvent> Events => _events.Reader;

    /// <summary>Ends when the connection has ended by itself or was disposed of. Never faults.</summary>
    public Task<CloseReason> Closed => _closed.Task;

    /// <summary>Whether it still works, as far as is known without asking.</summary>
    public bool IsAlive => _disposed == 0 && Native.virConnectIsAlive(Handle) == 1;

    /// <summary>Its URI as the driver writes it.</summary>
    public string Uri => Result.Owned(Native.virConnectGetURI(Handle));

    /// <summary>Name of the host at its other end.</summary>
    public string HostName => Result.Owned(Native.virConnectGetHostname(Handle));

    /// <summary>Version of the daemon.</summary>
    public Version DaemonVersion
    {
        get
        {
            Result.Check(Native.virConnectGetLibVersion(Handle, out CULong version));
            return Result.VersionOf(version);
        }
    }

    /// <summary>Version of the hypervisor: of QEMU.</summary>
    public Version HypervisorVersion
    {
        get
        {
            Result.Check(Native.virConnectGetVersion(Handle, out CULong version));
            return Result.VersionOf(version);
        }
    }

    /// <summary>What the host and its hypervisor can do, XML.</summary>
    public string Capabilities => Result.Owned(Native.virConnectGetCapabilities(Handle));

    /// <summary>The host's CPUs and memory.</summary>
    public NodeInfo Node
    {
        get
        {
            NativeNodeInfo info;
            Result.Check(Native.virNodeGetInfo(Handle, &info));
            return new NodeInfo(Marshal.PtrToStringUTF8((nint)info.Model) ?? "", (int)info.Cpus, (long)info.MemoryKiB >> 10);
        }
    }

    /// <summary>The domains there are, running or not.</summary>
    public IReadOnlyList<Domain> Domains =>
        Result.List(Ask(Native.virConnectListAllDomains(Handle, out nint* domains, 0), domains, out int count), count, d => new Domain(LibvirtHandle.Of<DomainHandle>(d)));

    /// <summary>The networks there are, active or not.</summary>
    public IReadOnlyList<Network> Networks =>
        Result.List(Ask(Native.virConnectListAllNetworks(Handle, out nint* networks, 0), networks, out int count), count, n => new Network(LibvirtHandle.Of<NetworkHandle>(n)));

    internal ConnectionHandle Handle { get; }

    /// <summary>Connects. Passwords are asked for on the terminal where the daemon wants one, as libvirt's own tools do.</summary>
    /// <param name="uri">As libvirt takes it: <c>qemu:///system</c>, <c>qemu+ssh://root@host/system</c>, <c>test:///default</c>.</param>
    /// <exception cref="LibvirtException">There is no daemon, or it lets nobody in.</exception>
    /// <exception cref="DllNotFoundException">This host has no libvirt.so.0.</exception>
    public static Connection Open(string uri)
    {
        _ = LibvirtLibrary.Version;
        return new Connection(Result.Check(Native.virConnectOpenAuth(uri, 0, 0)));
    }

    /// <summary>Has both ends ask whether the other one still lives. Without it a cable that was cut is never noticed.</summary>
    /// <param name="interval">Time between questions, whole seconds.</param>
    /// <param name="count">Questions without an answer after which the connection is closed.</param>
    /// <returns>False where the driver or the daemon cannot, as one in this process need not.</returns>
    public bool TryKeepAlive(TimeSpan interval, int count) => Native.virConnectSetKeepAlive(Handle, (int)interval.TotalSeconds, (uint)count) == 0;

    /// <summary>Memory of the host that could be had for a machine: free, and what caches would give back.</summary>
    /// <returns>MiB.</returns>
    public long FreeMemoryMiB()
    {
        int count = 0;
        if (Native.virNodeGetMemoryStats(Handle, -1, null, ref count, 0) < 0)
            return FreeAloneMiB();
        var fields = new NativeMemoryField[count];
        fixed (NativeMemoryField* first = fields)
        {
            Result.Check(Native.virNodeGetMemoryStats(Handle, -1, first, ref count, 0));
            ulong free = 0;
            for (int i = 0; i < count; i++)
                free += Marshal.PtrToStringUTF8((nint)first[i].Name) is "free" or "buffers" or "cached" ? first[i].KiB : 0;
            return (long)(free >> 10);
        }
    }

    // Of a driver that does not know more.
    private long FreeAloneMiB() => Native.virNodeGetFreeMemory(Handle) is var bytes and not 0 ? (long)(bytes >> 20) : throw LibvirtException.Last();

    /// <summary>What domains can have here, XML.</summary>
    /// <param name="architecture">As the hypervisor names it: <c>x86_64</c>.</param>
    /// <param name="machine">Machine type: <c>q35</c>.</param>
    /// <param name="type"><c>kvm</c> or <c>qemu</c>.</param>
    public string DomainCapabilities(string architecture, string machine, string type) =>
        Result.Owned(Native.virConnectGetDomainCapabilities(Handle, null, architecture, machine, type, 0));

    /// <summary>Makes a domain that stays until it is undefined, and does not start it.</summary>
    public Domain DefineDomain(string xml) => new(Result.Check(Native.virDomainDefineXMLFlags(Handle, xml, 0)));

    /// <summary>The domain of a name.</summary>
    public Domain FindDomain(string name) => new(Result.Check(Native.virDomainLookupByName(Handle, name)));

    /// <summary>The network of a name.</summary>
    public Network FindNetwork(string name) => new(Result.Check(Native.virNetworkLookupByName(Handle, name)));

    /// <summary>Makes and starts a network that is gone when it is destroyed.</summary>
    public Network CreateNetwork(string xml) => new(Result.Check(Native.virNetworkCreateXML(Handle, xml)));

    /// <summary>The storage pool of a name.</summary>
    public StoragePool FindPool(string name) => new(Result.Check(Native.virStoragePoolLookupByName(Handle, name)));

    /// <summary>Makes a storage pool that stays until it is undefined, and does not start it.</summary>
    public StoragePool DefinePool(string xml) => new(Result.Check(Native.virStoragePoolDefineXML(Handle, xml, 0)));

    /// <summary>Closes it. What was made with it may live on; may come twice.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        foreach (int registered in _registered.OfType<int>())
            _ = Native.virConnectDomainEventDeregisterAny(Handle, registered);
        if (_watched)
            _ = Native.virConnectUnregisterCloseCallback(Handle, &OnClose);
        Handle.Dispose();
        End(CloseReason.Client);
    }

    private static nint* Ask(int result, nint* items, out int count)
    {
        count = Result.Check(result);
        return items;
    }

    // What the driver cannot do is not done; a handle that was not taken is freed here.
    private int? Registered(Func<nint, int> register)
    {
        nint opaque = GCHandle.ToIntPtr(GCHandle.Alloc(this));
        int id = register(opaque);
        if (id >= 0)
            return id;
        GCHandle.FromIntPtr(opaque).Free();
        return null;
    }

    private int? Registered(int kind, nint callback) => Registered(opaque => Native.virConnectDomainEventRegisterAny(Handle, 0, kind, callback, opaque, &Native.FreeOpaque));

    private void End(CloseReason reason)
    {
        _events.Writer.TryComplete();
        _closed.TrySetResult(reason);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnClose(nint connection, int reason, nint opaque) => ((Connection)GCHandle.FromIntPtr(opaque).Target!).End((CloseReason)reason);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnLifecycle(nint connection, nint domain, int kind, int detail, nint opaque)
    {
        Tell(domain, (DomainEventKind)kind, detail, opaque);
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnReboot(nint connection, nint domain, nint opaque) => Tell(domain, DomainEventKind.Rebooted, 0, opaque);

    private static void Tell(nint domain, DomainEventKind kind, int detail, nint opaque)
    {
        string name = Marshal.PtrToStringUTF8((nint)Native.NameOfDomain(domain)) ?? "";
        ((Connection)GCHandle.FromIntPtr(opaque).Target!)._events.Writer.TryWrite(new DomainEvent(name, kind, detail));
    }
}

/// <summary>A host's CPUs and memory.</summary>
/// <param name="CpuModel">As libvirt names it: <c>x86_64</c>.</param>
/// <param name="Cpus">Those that are active.</param>
/// <param name="MemoryMiB">All there is.</param>
public sealed record NodeInfo(string CpuModel, int Cpus, long MemoryMiB);

/// <summary>Why a connection ended, virConnectCloseReason.</summary>
public enum CloseReason
{
    /// <summary>Reading or writing failed.</summary>
    Error,

    /// <summary>The daemon closed it: it was stopped or restarted.</summary>
    EndOfFile,

    /// <summary>The other end no longer answered.</summary>
    KeepAlive,

    /// <summary>It was disposed of.</summary>
    Client,
}
