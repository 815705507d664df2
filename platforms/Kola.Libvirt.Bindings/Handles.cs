using System.Runtime.InteropServices;

namespace Kola.Libvirt.Bindings;

// libvirt counts references: a domain, volume or stream holds its connection, so the order in which these are let go of does not matter.

/// <summary>virConnectPtr.</summary>
internal sealed class ConnectionHandle() : LibvirtHandle
{
    protected override bool ReleaseHandle() => Native.virConnectClose(handle) >= 0;
}

/// <summary>virDomainPtr.</summary>
internal sealed class DomainHandle() : LibvirtHandle
{
    protected override bool ReleaseHandle() => Native.virDomainFree(handle) == 0;
}

/// <summary>virNetworkPtr.</summary>
internal sealed class NetworkHandle() : LibvirtHandle
{
    protected override bool ReleaseHandle() => Native.virNetworkFree(handle) == 0;
}

/// <summary>virStoragePoolPtr.</summary>
internal sealed class PoolHandle() : LibvirtHandle
{
    protected override bool ReleaseHandle() => Native.virStoragePoolFree(handle) == 0;
}

/// <summary>virStorageVolPtr.</summary>
internal sealed class VolumeHandle() : LibvirtHandle
{
    protected override bool ReleaseHandle() => Native.virStorageVolFree(handle) == 0;
}

/// <summary>virStreamPtr.</summary>
internal sealed class StreamHandle() : LibvirtHandle
{
    protected override bool ReleaseHandle() => Native.virStreamFree(handle) == 0;
}

/// <summary>A pointer libvirt gave away a reference to.</summary>
internal abstract class LibvirtHandle() : SafeHandle(0, ownsHandle: true)
{
    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Takes a reference libvirt gave away in a list.</summary>
    internal static T Of<T>(nint pointer) where T : LibvirtHandle, new()
    {
        var owned = new T();
        owned.SetHandle(pointer);
        return owned;
    }
}
