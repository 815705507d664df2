using System.Runtime.InteropServices;

namespace Kola.Libvirt.Bindings;

/// <summary>A virtual network of a host. Disposing it lets go of it and does nothing to the network.</summary>
public sealed unsafe class Network : IDisposable
{
    private readonly NetworkHandle _handle;

    internal Network(NetworkHandle handle) => _handle = handle;

    /// <summary>Its name, unique on its host.</summary>
    public string Name => Result.Borrowed(Native.virNetworkGetName(_handle));

    /// <summary>Its description, XML.</summary>
    public string Xml => Result.Owned(Native.virNetworkGetXMLDesc(_handle, 0));

    /// <summary>Whether it is there for machines.</summary>
    public bool IsActive => Result.Check(Native.virNetworkIsActive(_handle)) == 1;

    /// <summary>Addresses it has given away, by Ethernet address.</summary>
    /// <param name="mac">Only this one's; null for all.</param>
    public IReadOnlyList<(string Mac, string Address)> Leases(string? mac)
    {
        int count = Result.Check(Native.virNetworkGetDHCPLeases(_handle, mac, out NativeLease** leases, 0));
        var found = new List<(string, string)>();
        for (int i = 0; i < count; i++)
        {
            found.Add((Marshal.PtrToStringUTF8((nint)leases[i]->Mac) ?? "", Marshal.PtrToStringUTF8((nint)leases[i]->Address) ?? ""));
            Native.virNetworkDHCPLeaseFree(leases[i]);
        }

        NativeMemory.Free(leases);
        return found;
    }

    /// <summary>Ends it; one that was not defined is gone then.</summary>
    public void Destroy() => Result.Check(Native.virNetworkDestroy(_handle));

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();
}
