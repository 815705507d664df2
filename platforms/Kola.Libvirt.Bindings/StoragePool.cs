namespace Kola.Libvirt.Bindings;

/// <summary>A place of a host for volumes. Disposing it lets go of it and does nothing to the pool.</summary>
public sealed unsafe class StoragePool : IDisposable
{
    private readonly PoolHandle _handle;

    internal StoragePool(PoolHandle handle) => _handle = handle;

    /// <summary>Its name, unique on its host.</summary>
    public string Name => Result.Borrowed(Native.virStoragePoolGetName(_handle));

    /// <summary>Its description, XML.</summary>
    public string Xml => Result.Owned(Native.virStoragePoolGetXMLDesc(_handle, 0));

    /// <summary>Whether it can be used.</summary>
    public bool IsActive => Result.Check(Native.virStoragePoolIsActive(_handle)) == 1;

    /// <summary>The volumes libvirt knows of. What others made since <see cref="Refresh"/> is not among them.</summary>
    public IReadOnlyList<StorageVolume> Volumes
    {
        get
        {
            int count = Result.Check(Native.virStoragePoolListAllVolumes(_handle, out nint* volumes, 0));
            return Result.List(volumes, count, v => new StorageVolume(LibvirtHandle.Of<VolumeHandle>(v)));
        }
    }

    /// <summary>Makes what it is kept in: the directory.</summary>
    public void Build() => Result.Check(Native.virStoragePoolBuild(_handle, 0));

    /// <summary>Starts it.</summary>
    public void Create() => Result.Check(Native.virStoragePoolCreate(_handle, 0));

    /// <summary>Has it started with the host, or not.</summary>
    public void SetAutostart(bool on) => Result.Check(Native.virStoragePoolSetAutostart(_handle, on ? 1 : 0));

    /// <summary>Looks again what is there.</summary>
    public void Refresh() => Result.Check(Native.virStoragePoolRefresh(_handle, 0));

    /// <summary>Stops it; nothing in it is lost.</summary>
    public void Destroy() => Result.Check(Native.virStoragePoolDestroy(_handle));

    /// <summary>Removes its description; nothing in it is lost.</summary>
    public void Undefine() => Result.Check(Native.virStoragePoolUndefine(_handle));

    /// <summary>The volume of a name.</summary>
    public StorageVolume FindVolume(string name) => new(Result.Check(Native.virStorageVolLookupByName(_handle, name)));

    /// <summary>Makes a volume. There is no other one of its name: of two who make it, one fails.</summary>
    public StorageVolume CreateVolume(string xml) => new(Result.Check(Native.virStorageVolCreateXML(_handle, xml, 0)));

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();
}
