using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Kola.Machines;
using Kola.Platforms;
using Kola.Scheduling;

namespace Kola.Libvirt;

/// <summary>Machines as libvirt domains, on one host or several.</summary>
public sealed partial class LibvirtPlatform : IPlatform
{
    // As for the same emulator without libvirt.
    private const double Emulated = 6;

    private readonly IReadOnlyList<LibvirtHost> _hosts;
    private readonly IReadOnlyList<ImageVolumes> _images;
    private readonly LibvirtOptions _options;
    private readonly ResourceTags _tags;
    private readonly Placement _placement;
    private readonly Segments _segments;
    private readonly ConcurrentDictionary<LibvirtInstance, bool> _instances = new();
    // Tells the machines of this platform apart from others of the same run.
    private readonly string _nonce = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
    private int _started;

    private LibvirtPlatform(IReadOnlyList<LibvirtHost> hosts, LibvirtOptions options, PlatformRequest request, bool configDrive, Firmware firmware)
    {
        (_hosts, _options, _tags) = (hosts, options, request.Tags);
        _images = [.. hosts.Select(h => new ImageVolumes(h, request.Tags, request.Access.Clock, request.Access.Progress))];
        _segments = new Segments(request.Access.Clock);
        _placement = new Placement([.. hosts.Select(h => (h.FreeMiB, h.Node.Cpus))]);
        Features = FeaturesOf(hosts, options, configDrive, firmware);
        Capacity = CapacityOf(hosts, options);
        Slowness = hosts.All(h => h.Capabilities.Kvm) ? 1 : Emulated;
        Facts = FactsOf(hosts, options, firmware);
    }

    /// <inheritdoc/>
    public string Name => "libvirt";

    /// <inheritdoc/>
    public IReadOnlySet<Feature> Features { get; }

    /// <inheritdoc/>
    public Capacity Capacity { get; }

    /// <inheritdoc/>
    public double Slowness { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Facts { get; }

    /// <summary>Over libvirt's streams, so on every host.</summary>
    public bool HasChannel => true;

    /// <inheritdoc/>
    public PlatformLimits Limits => LibvirtDriver.Bounds;

    /// <summary>The gateway of QEMU's user network, which stands for the host's loopback; null with a network of libvirt's.</summary>
    public string? HostAddress => _options.Network is null ? "10.0.2.2" : null;

    /// <summary>None: libvirt saves memory and disks apart, and no two machines can go on from what it saved.</summary>
    public ITemplates? Templates => null;

    /// <summary>Connects to the hosts and brings the image to each.</summary>
    /// <exception cref="UsageException">Options are wrong, or something is missing that a person has to see to.</exception>
    /// <exception cref="PlatformException">A host does not answer, or not as it should.</exception>
    public static async Task<LibvirtPlatform> OpenAsync(LibvirtOptions options, PlatformRequest request, CancellationToken cancel)
    {
        LibvirtOptions.NeedLibrary();
        if (request.Image.Architecture != "amd64")
            throw new UsageException($"libvirt: machines for {request.Image.Architecture}\n  wanted:  an image for amd64\n  next:    run it on qemu");
        Firmware firmware = FirmwareFor(Firmware.Any, options.DefaultFirmware, tpm: false, request.Image);
        Check("libvirt", firmware, request.Image);
        var hosts = new List<LibvirtHost>();
        try
        {
            foreach (string uri in options.Uris)
                hosts.Add(await LibvirtHost.OpenAsync(uri, options, cancel));
            var platform = new LibvirtPlatform(hosts, options, request, await ConfigDrive.CanBeMadeAsync(cancel), firmware);
            await Task.WhenAll(platform._images.Select(i => BringAsync(i, request.Image, firmware, cancel)));
            return platform;
        }
        catch
        {
            foreach (LibvirtHost host in hosts)
                await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Segments are cables and nothing more: nothing is made on a host.</summary>
    public Task<INetwork> OpenNetworkAsync(NetworkSpec spec, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return Task.FromResult(_segments.Open(spec));
    }

    /// <inheritdoc/>
    public async Task<IInstance> StartAsync(InstanceSpec spec, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        Firmware firmware = FirmwareFor(spec.Machine.Firmware, _options.DefaultFirmware, spec.Machine.Tpm, spec.Image);
        Check(spec.Id, firmware, spec.Image);
        string? group = spec.Links.Count == 0 ? null : spec.Links[0].Network;
        int place = _placement.Take(group, spec.Machine.MemoryMiB, spec.Machine.Cpus);
        void GiveBack() => _placement.Return(place, group, spec.Machine.MemoryMiB, spec.Machine.Cpus);
        try
        {
            LibvirtInstance instance = await StartAsync(_hosts[place], _images[place], spec, firmware, cancel);
            _instances[instance] = true;
            instance.Gone = () =>
            {
                _instances.TryRemove(instance, out _);
                GiveBack();
            };
            return instance;
        }
        catch
        {
            GiveBack();
            throw;
        }
    }

    /// <summary>Ends the machines that are left, and the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (LibvirtInstance instance in _instances.Keys)
            await instance.DisposeAsync();
        foreach (LibvirtHost host in _hosts)
            await host.DisposeAsync();
    }

    /// <exception cref="UsageException">Nothing here boots by that firmware.</exception>
    private static void Check(string who, Firmware firmware, Image image)
    {
        (string wanted, string next)? missing = firmware switch
        {
            Firmware.Direct when image.Direct is null => ("a kernel beside the image", "use firmware bios or uefi"),
            Firmware.SecureBoot => ("firmware libvirt can be asked for with keys of one's own", "run it on qemu"),
            _ => null,
        };
        if (missing is var (wanted, next))
            throw new UsageException($"{who}: cannot boot by firmware \"{firmware}\"\n  wanted:  {wanted}\n  got:     none\n  next:    {next}");
    }

    // Machines with a TPM are not booted directly unless they ask for that: the ACPI tables a kernel started by its PVH entry finds are broken with one.
    internal static Firmware FirmwareFor(Firmware asked, Firmware byDefault, bool tpm, Image image) => (asked, byDefault) switch
    {
        (not Firmware.Any, _) => asked,
        (_, Firmware.Bios or Firmware.Uefi or Firmware.SecureBoot) => byDefault,
        _ => !tpm && (byDefault == Firmware.Direct || image.Direct is not null) ? Firmware.Direct : Firmware.Bios,
    };

    private async Task<LibvirtInstance> StartAsync(LibvirtHost host, ImageVolumes images, InstanceSpec spec, Firmware firmware, CancellationToken cancel)
    {
        int number = Interlocked.Increment(ref _started);
        string machine = string.Create(CultureInfo.InvariantCulture, $"{_nonce}-{number}");
        (string image, (string, string, string)? direct) = await BringAsync(images, spec.Image, firmware, cancel);
        long bytes = await MachineVolumes.SizeOfAsync(spec.Image, cancel);
        var volumes = new MachineVolumes(host, _tags, machine);
        UdpPort[] ports = HostUri.IsLocal(host.Uri) ? [.. spec.Links.Select(_segments.Plug)] : [];
        try
        {
            using var scratch = new Scratch();
            string? userData = spec.UserData is null ? null : await ConfigDrive.CreateAsync(spec.Id, spec.UserData, scratch.Path, cancel);
            await LibvirtHost.DoAsync(spec.Id, "making its volumes", () => volumes.Create(spec, image, bytes, userData, cancel));
            var description = new DomainDescription
            {
                Name = $"kola-{machine}-{ResourceTags.Clean(spec.Id)}",
                Id = spec.Id,
                Uuid = Guid.NewGuid(),
                Tags = _tags.ToPairs(),
                Kvm = host.Capabilities.Kvm,
                Qemu = host.Qemu,
                Emulator = _options.Emulator,
                MemoryMiB = spec.Machine.MemoryMiB,
                Cpus = spec.Machine.Cpus,
                NumaNodes = spec.Machine.NumaNodes,
                Disks = volumes.Disks,
                Ignition = volumes.Ignition,
                Direct = direct,
                Uefi = firmware == Firmware.Uefi ? host.Capabilities.Uefi ?? throw new UsageException($"{spec.Id}: {HostUri.Shown(host.Uri)} has no UEFI firmware\n  next:    apt-get install ovmf there") : null,
                Tpm = spec.Machine.Tpm,
                First = spec.Machine.Offline ? null : new FirstCard(spec.Mac ?? NewMac(), _options.Network),
                Cards = [.. spec.Links.Select((l, card) => new SegmentCard(l.Mac, ports.Length > 0 ? ports[card].Network : _segments.GroupOf(spec.Id, l)))],
                Ports = LibvirtInstance.Ports,
            };
            return await LibvirtInstance.StartAsync(host, spec, description, volumes, ports, host.Capabilities.Kvm ? 1 : Emulated, cancel);
        }
        catch
        {
            await Task.Run(() => LibvirtInstance.Try(volumes.Delete), CancellationToken.None);
            foreach (UdpPort port in ports)
                await port.DisposeAsync();
            throw;
        }
    }

    private static async Task<(string Image, (string, string, string)? Direct)> BringAsync(ImageVolumes volumes, Image image, Firmware firmware, CancellationToken cancel)
    {
        string disk = await volumes.BringAsync(image.File, image.Digest, cancel);
        if (firmware != Firmware.Direct || image.Direct is not { } direct)
            return (disk, null);
        string kernel = await volumes.BringAsync(direct.Kernel, await ImageVolumes.DigestAsync(direct.Kernel, cancel), cancel);
        string initrd = await volumes.BringAsync(direct.Initrd, await ImageVolumes.DigestAsync(direct.Initrd, cancel), cancel);
        return (disk, (kernel, initrd, direct.CommandLine));
    }

    // 52:54:00 is what QEMU and libvirt use for theirs.
    private static string NewMac()
    {
        byte[] tail = RandomNumberGenerator.GetBytes(3);
        return $"52:54:00:{tail[0]:x2}:{tail[1]:x2}:{tail[2]:x2}";
    }

    private sealed class Scratch : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("kola-libvirt-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
