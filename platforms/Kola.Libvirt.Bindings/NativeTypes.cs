using System.Runtime.InteropServices;

namespace Kola.Libvirt.Bindings;

// Layouts of libvirt's public structures, as its headers declare them for 64-bit systems.

/// <summary>virError.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeError
{
    public int Code;
    public int Domain;
    public byte* Message;
    public int Level;
}

/// <summary>virNodeInfo.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeNodeInfo
{
    public fixed byte Model[32];
    public ulong MemoryKiB;
    public uint Cpus;
    public uint Megahertz;
    public uint Nodes;
    public uint Sockets;
    public uint Cores;
    public uint Threads;
}

/// <summary>virNodeMemoryStats.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeMemoryField
{
    public const int NameBytes = 80;

    public fixed byte Name[NameBytes];
    public ulong KiB;
}

/// <summary>virDomainInfo.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeDomainInfo
{
    public byte State;
    public ulong MaximumMemoryKiB;
    public ulong MemoryKiB;
    public ushort Cpus;
    public ulong CpuTimeNanoseconds;
}

/// <summary>virDomainMemoryStatStruct.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeMemoryStat
{
    /// <summary>VIR_DOMAIN_MEMORY_STAT_RSS.</summary>
    public const int Resident = 7;

    /// <summary>VIR_DOMAIN_MEMORY_STAT_NR.</summary>
    public const int Kinds = 16;

    public int Tag;
    public ulong KiB;
}

/// <summary>virStorageVolInfo.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeVolumeInfo
{
    public int Type;
    public ulong Capacity;
    public ulong Allocation;
}

/// <summary>virDomainInterface.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeInterface
{
    public byte* Name;
    public byte* Mac;
    public uint Count;
    public NativeAddress* Addresses;
}

/// <summary>virDomainIPAddress.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeAddress
{
    public int Type;
    public byte* Text;
    public uint Prefix;
}

/// <summary>virNetworkDHCPLease.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeLease
{
    public byte* Interface;
    public long Expires;
    public int Type;
    public byte* Mac;
    public byte* Iaid;
    public byte* Address;
    public uint Prefix;
    public byte* Hostname;
    public byte* ClientId;
}
