using Kola.Libvirt.Bindings;
using Kola.Machines;
using Kola.Platforms;

namespace Kola.Libvirt;

/// <summary>libvirt's QEMU driver, on this host and others.</summary>
public sealed class LibvirtDriver : IPlatformDriver
{
    /// <summary>A guest reads its config a byte at a time: emulated, 2 MiB take 76 s. NVMe is not among the buses: libvirt knows such disks since 11.6 only.</summary>
    internal static PlatformLimits Bounds { get; } = new() { ConfigBytes = 2 << 20, Disks = 16, Cards = 8, Buses = [DiskBus.Virtio, DiskBus.Scsi] };

    /// <inheritdoc/>
    public string Name => "libvirt";

    /// <inheritdoc/>
    public string Summary => "libvirt's QEMU driver, on this host and others at once";

    /// <inheritdoc/>
    public IReadOnlyList<PlatformOption> Options { get; } =
    [
        new() { Name = LibvirtOptions.UriOption, Description = "A host, as libvirt names it: qemu:///system, qemu+ssh://root@host/system, qemu+tls://host/system. Several share the machines. Default: $LIBVIRT_DEFAULT_URI, else qemu:///system.", Value = "URI", Repeatable = true },
        new() { Name = LibvirtOptions.PoolOption, Description = "Storage pool of each host that images and disks are kept in. Default: kola, a directory, made where it is missing.", Value = "POOL" },
        new() { Name = LibvirtOptions.NetworkOption, Description = "Network of each host that machines are on, and by whose addresses they are reached; needed for another host. Default: none, a network of QEMU's own with a forwarded port.", Value = "NETWORK" },
        new() { Name = LibvirtOptions.AccelOption, Description = "auto takes KVM where a host's libvirt offers it. Default: auto.", Choices = ["auto", "kvm", "tcg"] },
    ];

    /// <inheritdoc/>
    public IReadOnlySet<Feature> Features { get; } = new HashSet<Feature>
    {
        Feature.Console, Feature.ExtraDisks, Feature.PrivateNetwork, Feature.LinkFaults, Feature.OutOfBand, Feature.Numa, Feature.HarnessFiles, Feature.OmahaServer, Feature.Tpm, Feature.Uefi, Feature.UserData, Feature.BootLoader,
    };

    /// <inheritdoc/>
    public PlatformLimits Limits => Bounds;

    /// <summary>Null: machines are started from a file.</summary>
    public Task<Image?> FindImageAsync(PlatformAccess access, CancellationToken cancel) => Task.FromResult<Image?>(null);

    /// <inheritdoc/>
    public async Task<IPlatform> OpenAsync(PlatformRequest request, CancellationToken cancel)
    {
        LibvirtOptions options = LibvirtOptions.Of(request.Access) with { DefaultFirmware = request.Firmware, Machines = request.Machines, MemoryMiB = request.MemoryMiB };
        return await LibvirtPlatform.OpenAsync(options, request, cancel);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ILeftover>> FindLeftoversAsync(PlatformAccess access, CancellationToken cancel)
    {
        LibvirtOptions options = LibvirtOptions.Of(access);
        LibvirtOptions.NeedLibrary();
        var found = new List<ILeftover>();
        foreach (string uri in options.Uris)
        {
            using Connection connection = await LibvirtHost.ConnectAsync(uri, cancel);
            found.AddRange(await LibvirtHost.AskAsync($"libvirt: {HostUri.Shown(uri)}", "listing what is left", () => LibvirtLeftover.Find(uri, connection, options.Pool)));
        }

        return found;
    }
}
