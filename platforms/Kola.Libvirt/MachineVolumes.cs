using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Kola.Libvirt.Bindings;
using Kola.Machines;
using Kola.Platforms;

namespace Kola.Libvirt;

/// <summary>The volumes of one machine: its disks, and what it is configured by.</summary>
/// <param name="host">Where they are.</param>
/// <param name="tags">Whose they are.</param>
/// <param name="machine">What tells the machine apart from others of its platform.</param>
internal sealed class MachineVolumes(LibvirtHost host, ResourceTags tags, string machine)
{
    private readonly List<string> _names = [];

    /// <summary>Boot disk first.</summary>
    public IReadOnlyList<DomainDisk> Disks { get; private set; } = [];

    /// <summary>Where the Ignition config is; null for none.</summary>
    public string? Ignition { get; private set; }

    /// <summary>Makes them all.</summary>
    /// <param name="spec">The machine.</param>
    /// <param name="image">Where the image is on the host.</param>
    /// <param name="imageBytes">Its size as a machine sees it.</param>
    /// <param name="userData">A disk with the user data, here; null for none.</param>
    /// <param name="cancel">Ends it between two of them; what was made is removed by <see cref="Delete"/>.</param>
    /// <exception cref="LibvirtException">One of them could not be made.</exception>
    public void Create(InstanceSpec spec, string image, long imageBytes, string? userData, CancellationToken cancel)
    {
        // A smaller size is no wish to cut the image off.
        long bytes = Math.Max(imageBytes, (long)(spec.Machine.DiskMiB ?? 0) << 20);
        var disks = new List<DomainDisk> { new(Made("disk.qcow2", bytes, "qcow2", (image, spec.Image.Format), null), "qcow2", "primary-disk") };
        foreach (ExtraDisk disk in spec.Machine.Disks)
        {
            cancel.ThrowIfCancellationRequested();
            string name = string.Create(CultureInfo.InvariantCulture, $"disk-{disks.Count}.qcow2");
            disks.Add(new DomainDisk(Made(name, (long)disk.SizeMiB << 20, "qcow2", null, null), "qcow2", disk.Serial, disk.Bus));
        }

        cancel.ThrowIfCancellationRequested();
        if (spec.Ignition is { } config)
        {
            byte[] content = Encoding.UTF8.GetBytes(config);
            Ignition = Made("config.ign", content.Length, "raw", null, content);
        }

        if (userData is not null)
        {
            byte[] drive = File.ReadAllBytes(userData);
            disks.Add(new DomainDisk(Made("config-drive.raw", drive.Length, "raw", null, drive), "raw", ConfigDrive.Label, ReadOnly: true));
        }

        Disks = disks;
    }

    /// <summary>Removes them. What is gone already is no problem.</summary>
    /// <exception cref="LibvirtException">One of them could not be removed; the others are.</exception>
    public void Delete()
    {
        LibvirtException? problem = null;
        foreach (string name in _names)
        {
            try
            {
                using StorageVolume volume = host.Pool.FindVolume(name);
                volume.Delete();
            }
            catch (LibvirtException gone) when (gone.Code == ErrorCode.NoStorageVolume)
            {
            }
            catch (LibvirtException stuck)
            {
                problem = stuck;
            }
        }

        if (problem is not null)
            throw problem;
    }

    /// <summary>Size of an image as a machine sees it, bytes.</summary>
    public static async Task<long> SizeOfAsync(Image image, CancellationToken cancel)
    {
        await using FileStream file = File.OpenRead(image.File);
        if (image.Format != "qcow2")
            return file.Length;
        // QFI\xfb, version, backing file's offset and size, cluster bits, then at 24 the size.
        byte[] header = new byte[32];
        await file.ReadExactlyAsync(header, cancel);
        return BinaryPrimitives.ReadInt64BigEndian(header.AsSpan(24));
    }

    private string Made(string what, long bytes, string format, (string Path, string Format)? backing, byte[]? content)
    {
        string name = VolumeName.Of(tags, $"{machine}-{what}");
        // A volume that is made by halves is removed, too.
        _names.Add(name);
        using StorageVolume volume = host.Pool.CreateVolume(VolumeName.Xml(name, bytes, format, backing));
        if (content is { Length: > 0 })
            volume.Upload(host.Connection, content);
        return volume.Path;
    }
}
