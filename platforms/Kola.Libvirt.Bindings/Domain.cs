using System.Runtime.InteropServices;

namespace Kola.Libvirt.Bindings;

/// <summary>A machine as libvirt knows it. Disposing it lets go of it and does nothing to the machine.</summary>
public sealed unsafe class Domain : IDisposable
{
    private const int MetadataElement = 2;
    private const uint ForceConsole = 1;

    private readonly DomainHandle _handle;

    internal Domain(DomainHandle handle) => _handle = handle;

    /// <summary>Its name, unique on its host.</summary>
    public string Name => Result.Borrowed(Native.virDomainGetName(_handle));

    /// <summary>Its description as it is now, XML.</summary>
    public string Xml => Result.Owned(Native.virDomainGetXMLDesc(_handle, 0));

    /// <summary>What it does, and the CPU time it has used since it was started.</summary>
    public DomainInfo Info
    {
        get
        {
            NativeDomainInfo info;
            Result.Check(Native.virDomainGetInfo(_handle, &info));
            return new DomainInfo((DomainState)info.State, (int)(info.MemoryKiB >> 10), info.Cpus, TimeSpan.FromTicks((long)(info.CpuTimeNanoseconds / 100)));
        }
    }

    /// <summary>Host memory its emulator holds now, MiB; null where that is not known.</summary>
    public int? ResidentMiB
    {
        get
        {
            NativeMemoryStat* stats = stackalloc NativeMemoryStat[NativeMemoryStat.Kinds];
            int count = Result.Check(Native.virDomainMemoryStats(_handle, stats, NativeMemoryStat.Kinds, 0));
            for (int i = 0; i < count; i++)
            {
                if (stats[i].Tag == NativeMemoryStat.Resident)
                    return (int)(stats[i].KiB >> 10);
            }

            return null;
        }
    }

    /// <summary>Starts it.</summary>
    /// <param name="how">How.</param>
    public void Create(StartMode how) => Result.Check(Native.virDomainCreateWithFlags(_handle, (uint)how));

    /// <summary>Lets it go on that was started paused.</summary>
    public void Resume() => Result.Check(Native.virDomainResume(_handle));

    /// <summary>A hard reset, as by the reset button.</summary>
    public void Reset() => Result.Check(Native.virDomainReset(_handle, 0));

    /// <summary>Asks the guest to shut down, as by the power button.</summary>
    public void Shutdown() => Result.Check(Native.virDomainShutdown(_handle));

    /// <summary>Pulls the plug.</summary>
    public void Destroy() => Result.Check(Native.virDomainDestroyFlags(_handle, 0));

    /// <summary>Removes its description, and with it what flags name.</summary>
    /// <param name="what">What else is removed.</param>
    public void Undefine(UndefineScope what) => Result.Check(Native.virDomainUndefineFlags(_handle, (uint)what));

    /// <summary>Changes a device of the running domain.</summary>
    /// <param name="xml">The device as it shall be.</param>
    public void UpdateDevice(string xml) => Result.Check(Native.virDomainUpdateDeviceFlags(_handle, xml, 1));

    /// <summary>Writes an element of one's own into its description.</summary>
    /// <param name="xml">The element; null removes it.</param>
    /// <param name="prefix">Prefix it is written with.</param>
    /// <param name="uri">Its namespace.</param>
    public void SetMetadata(string? xml, string prefix, string uri) => Result.Check(Native.virDomainSetMetadata(_handle, MetadataElement, xml, prefix, uri, 0));

    /// <summary>The element of a namespace in its description; null when there is none.</summary>
    public string? Metadata(string uri)
    {
        byte* text = Native.virDomainGetMetadata(_handle, MetadataElement, uri, 0);
        if (text is not null)
            return Result.Owned(text);
        LibvirtException problem = LibvirtException.Last();
        return problem.Code == ErrorCode.NoDomainMetadata ? null : throw problem;
    }

    /// <summary>Addresses of its cards, by Ethernet address.</summary>
    /// <param name="source">Who is asked.</param>
    public IReadOnlyList<(string Mac, string Address)> Addresses(AddressSource source)
    {
        int count = Result.Check(Native.virDomainInterfaceAddresses(_handle, out NativeInterface** cards, (uint)source, 0));
        var found = new List<(string, string)>();
        for (int card = 0; card < count; card++)
        {
            string mac = Marshal.PtrToStringUTF8((nint)cards[card]->Mac) ?? "";
            for (uint i = 0; i < cards[card]->Count; i++)
                found.Add((mac, Result.Borrowed(cards[card]->Addresses[i].Text)));
            Native.virDomainInterfaceFree(cards[card]);
        }

        NativeMemory.Free(cards);
        return found;
    }

    /// <summary>Its console: what it writes from now on, and what is written to it. Whoever held it before loses it.</summary>
    /// <param name="connection">The connection the domain is of.</param>
    /// <param name="device">Alias of the device; null for the first.</param>
    public LibvirtStream OpenConsole(Connection connection, string? device = null) =>
        LibvirtStream.Open(connection, stream => Native.virDomainOpenConsole(_handle, device, stream, ForceConsole));

    /// <summary>A virtual serial port.</summary>
    /// <param name="connection">The connection the domain is of.</param>
    /// <param name="name">Name of the port in the guest.</param>
    public LibvirtStream OpenChannel(Connection connection, string name) =>
        LibvirtStream.Open(connection, stream => Native.virDomainOpenChannel(_handle, name, stream, ForceConsole));

    /// <summary>Says something to QEMU past libvirt, and returns its answer.</summary>
    /// <param name="command">A line of QEMU's monitor for people.</param>
    public string Monitor(string command)
    {
        Result.Check(Native.virDomainQemuMonitorCommand(_handle, command, out byte* answer, 1));
        return Result.Owned(answer);
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();
}

/// <summary>What a domain does.</summary>
/// <param name="State">Whether it runs.</param>
/// <param name="MemoryMiB">Memory it has.</param>
/// <param name="Cpus">Virtual CPUs it has.</param>
/// <param name="CpuTime">CPU time of the host it has used since it was started, its devices included.</param>
public sealed record DomainInfo(DomainState State, int MemoryMiB, int Cpus, TimeSpan CpuTime);

/// <summary>virDomainState.</summary>
public enum DomainState
{
    /// <summary>Not known.</summary>
    None,

    /// <summary>It runs.</summary>
    Running,

    /// <summary>It waits for a resource.</summary>
    Blocked,

    /// <summary>Somebody paused it.</summary>
    Paused,

    /// <summary>It shuts down.</summary>
    ShuttingDown,

    /// <summary>It is off.</summary>
    Off,

    /// <summary>It crashed.</summary>
    Crashed,

    /// <summary>The guest suspended itself.</summary>
    Suspended,
}

/// <summary>virDomainCreateFlags.</summary>
[Flags]
public enum StartMode
{
    /// <summary>It runs at once, and stays.</summary>
    None = 0,

    /// <summary>It waits to be resumed.</summary>
    Paused = 1,

    /// <summary>It is destroyed when the connection that started it ends, however that ends.</summary>
    AutoDestroy = 2,
}

/// <summary>virDomainUndefineFlagsValues.</summary>
[Flags]
public enum UndefineScope
{
    /// <summary>Nothing else.</summary>
    None = 0,

    /// <summary>What it was saved to.</summary>
    ManagedSave = 1,

    /// <summary>Its UEFI variables.</summary>
    Nvram = 4,

    /// <summary>The state of its TPM; libvirt 8.9 and later.</summary>
    Tpm = 32,
}

/// <summary>virDomainInterfaceAddressesSource.</summary>
public enum AddressSource
{
    /// <summary>Leases of libvirt's own networks.</summary>
    Lease,

    /// <summary>The guest agent.</summary>
    Agent,

    /// <summary>The host's neighbours.</summary>
    Neighbours,
}
