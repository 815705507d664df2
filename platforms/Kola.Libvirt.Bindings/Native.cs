using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kola.Libvirt.Bindings;

/// <summary>Functions of libvirt.so.0 as its headers declare them. Those that return a handle return an invalid one on error, those that return a number a negative one.</summary>
internal static unsafe partial class Native
{
    /// <summary>Every function but one.</summary>
    public const string Library = "libvirt.so.0";

    /// <summary>What only the QEMU driver has; it comes with the same package.</summary>
    public const string QemuLibrary = "libvirt-qemu.so.0";

    [LibraryImport(Library)]
    internal static partial int virInitialize();

    [LibraryImport(Library)]
    internal static partial int virGetVersion(out CULong version, nint type, nint typeVersion);

    [LibraryImport(Library)]
    internal static partial NativeError* virGetLastError();

    [LibraryImport(Library)]
    internal static partial void virSetErrorFunc(nint userData, delegate* unmanaged[Cdecl]<nint, NativeError*, void> handler);

    [LibraryImport(Library)]
    internal static partial int virEventRegisterDefaultImpl();

    [LibraryImport(Library)]
    internal static partial int virEventRunDefaultImpl();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial ConnectionHandle virConnectOpenAuth(string uri, nint auth, uint flags);

    [LibraryImport(Library)]
    internal static partial int virConnectClose(nint connection);

    [LibraryImport(Library)]
    internal static partial int virConnectIsAlive(ConnectionHandle connection);

    [LibraryImport(Library)]
    internal static partial int virConnectSetKeepAlive(ConnectionHandle connection, int interval, uint count);

    [LibraryImport(Library)]
    internal static partial int virConnectGetLibVersion(ConnectionHandle connection, out CULong version);

    [LibraryImport(Library)]
    internal static partial int virConnectGetVersion(ConnectionHandle connection, out CULong version);

    [LibraryImport(Library)]
    internal static partial byte* virConnectGetHostname(ConnectionHandle connection);

    [LibraryImport(Library)]
    internal static partial byte* virConnectGetURI(ConnectionHandle connection);

    [LibraryImport(Library)]
    internal static partial byte* virConnectGetCapabilities(ConnectionHandle connection);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial byte* virConnectGetDomainCapabilities(ConnectionHandle connection, string? emulator, string? architecture, string? machine, string? type, uint flags);

    [LibraryImport(Library)]
    internal static partial int virNodeGetInfo(ConnectionHandle connection, NativeNodeInfo* info);

    [LibraryImport(Library)]
    internal static partial int virNodeGetMemoryStats(ConnectionHandle connection, int cell, NativeMemoryField* fields, ref int count, uint flags);

    [LibraryImport(Library)]
    internal static partial ulong virNodeGetFreeMemory(ConnectionHandle connection);

    [LibraryImport(Library)]
    internal static partial int virConnectRegisterCloseCallback(ConnectionHandle connection, delegate* unmanaged[Cdecl]<nint, int, nint, void> callback, nint opaque, delegate* unmanaged[Cdecl]<nint, void> free);

    [LibraryImport(Library)]
    internal static partial int virConnectUnregisterCloseCallback(ConnectionHandle connection, delegate* unmanaged[Cdecl]<nint, int, nint, void> callback);

    [LibraryImport(Library)]
    internal static partial int virConnectDomainEventRegisterAny(ConnectionHandle connection, nint domain, int eventId, nint callback, nint opaque, delegate* unmanaged[Cdecl]<nint, void> free);

    [LibraryImport(Library)]
    internal static partial int virConnectDomainEventDeregisterAny(ConnectionHandle connection, int callback);

    [LibraryImport(Library)]
    internal static partial int virConnectListAllDomains(ConnectionHandle connection, out nint* domains, uint flags);

    [LibraryImport(Library)]
    internal static partial int virConnectListAllNetworks(ConnectionHandle connection, out nint* networks, uint flags);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial DomainHandle virDomainDefineXMLFlags(ConnectionHandle connection, string xml, uint flags);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial DomainHandle virDomainLookupByName(ConnectionHandle connection, string name);

    [LibraryImport(Library)]
    internal static partial int virDomainFree(nint domain);

    [LibraryImport(Library)]
    internal static partial byte* virDomainGetName(DomainHandle domain);

    [LibraryImport(Library, EntryPoint = nameof(virDomainGetName))]
    internal static partial byte* NameOfDomain(nint domain);

    [LibraryImport(Library)]
    internal static partial byte* virDomainGetXMLDesc(DomainHandle domain, uint flags);

    [LibraryImport(Library)]
    internal static partial int virDomainCreateWithFlags(DomainHandle domain, uint flags);

    [LibraryImport(Library)]
    internal static partial int virDomainResume(DomainHandle domain);

    [LibraryImport(Library)]
    internal static partial int virDomainReset(DomainHandle domain, uint flags);

    [LibraryImport(Library)]
    internal static partial int virDomainShutdown(DomainHandle domain);

    [LibraryImport(Library)]
    internal static partial int virDomainDestroyFlags(DomainHandle domain, uint flags);

    [LibraryImport(Library)]
    internal static partial int virDomainUndefineFlags(DomainHandle domain, uint flags);

    [LibraryImport(Library)]
    internal static partial int virDomainGetInfo(DomainHandle domain, NativeDomainInfo* info);

    [LibraryImport(Library)]
    internal static partial int virDomainMemoryStats(DomainHandle domain, NativeMemoryStat* stats, uint count, uint flags);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int virDomainSetMetadata(DomainHandle domain, int type, string? metadata, string? key, string? uri, uint flags);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial byte* virDomainGetMetadata(DomainHandle domain, int type, string? uri, uint flags);

    [LibraryImport(Library)]
    internal static partial int virDomainInterfaceAddresses(DomainHandle domain, out NativeInterface** interfaces, uint source, uint flags);

    [LibraryImport(Library)]
    internal static partial void virDomainInterfaceFree(NativeInterface* card);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int virDomainUpdateDeviceFlags(DomainHandle domain, string xml, uint flags);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int virDomainOpenConsole(DomainHandle domain, string? device, StreamHandle stream, uint flags);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int virDomainOpenChannel(DomainHandle domain, string? name, StreamHandle stream, uint flags);

    [LibraryImport(QemuLibrary, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int virDomainQemuMonitorCommand(DomainHandle domain, string command, out byte* result, uint flags);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial NetworkHandle virNetworkLookupByName(ConnectionHandle connection, string name);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial NetworkHandle virNetworkCreateXML(ConnectionHandle connection, string xml);

    [LibraryImport(Library)]
    internal static partial int virNetworkFree(nint network);

    [LibraryImport(Library)]
    internal static partial byte* virNetworkGetName(NetworkHandle network);

    [LibraryImport(Library)]
    internal static partial byte* virNetworkGetXMLDesc(NetworkHandle network, uint flags);

    [LibraryImport(Library)]
    internal static partial int virNetworkIsActive(NetworkHandle network);

    [LibraryImport(Library)]
    internal static partial int virNetworkDestroy(NetworkHandle network);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int virNetworkGetDHCPLeases(NetworkHandle network, string? mac, out NativeLease** leases, uint flags);

    [LibraryImport(Library)]
    internal static partial void virNetworkDHCPLeaseFree(NativeLease* lease);

    /// <summary>Frees the object a callback was given, when libvirt will not call it any more.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static void FreeOpaque(nint opaque) => GCHandle.FromIntPtr(opaque).Free();
}
