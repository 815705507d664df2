using Kola.Libvirt.Bindings;
using Kola.Platforms;

namespace Kola.Libvirt;

/// <summary>Which hosts machines are run on by libvirt, and how.</summary>
public sealed record LibvirtOptions
{
    internal const string UriOption = "libvirt-uri";
    internal const string PoolOption = "libvirt-pool";
    internal const string NetworkOption = "libvirt-network";
    internal const string AccelOption = "libvirt-accel";

    /// <summary>Name of the pool that is made where none is named.</summary>
    public const string OwnPool = "kola";

    /// <summary>Hosts, at least one. Default this one's <c>qemu:///system</c>.</summary>
    public IReadOnlyList<string> Uris { get; init; } = ["qemu:///system"];

    /// <summary>Storage pool of each host that disks are kept in. Default <see cref="OwnPool"/>, a directory, made where it is missing.</summary>
    public string Pool { get; init; } = OwnPool;

    /// <summary>
    /// Network of each host that machines' first cards are on, and by whose addresses they are reached. Null for a network of QEMU's own with a forwarded port, which
    /// takes no privileges and no network of the host, and works on this host only.
    /// </summary>
    public string? Network { get; init; }

    /// <summary>True for KVM or nothing, false for emulation, null for KVM where a host offers it.</summary>
    public bool? Kvm { get; init; }

    /// <summary>What machines get that ask for <see cref="Firmware.Any"/>. Default: direct boot where the image has a kernel beside it, else BIOS.</summary>
    public Firmware DefaultFirmware { get; init; } = Firmware.Any;

    /// <summary>QEMU's program on the hosts; null for the one each host's libvirt takes.</summary>
    public string? Emulator { get; init; }

    /// <summary>Machines at once, on all hosts together; null for as many as memory allows. At least 1.</summary>
    public int? Machines { get; init; }

    /// <summary>Memory of machines at once, on all hosts together, MiB; null for what the hosts have available. At least 256.</summary>
    public int? MemoryMiB { get; init; }

    /// <summary>Absolute directory for what outlives a run.</summary>
    public required string CacheDirectory { get; init; }

    /// <summary>What a person said.</summary>
    /// <exception cref="UsageException">It cannot be used.</exception>
    public static LibvirtOptions Of(PlatformAccess access)
    {
        PlatformSettings settings = access.Settings;
        IReadOnlyList<string> uris = settings.All(UriOption);
        if (uris.Count == 0 && access.Environment("LIBVIRT_DEFAULT_URI") is { Length: > 0 } ambient)
            uris = [ambient];
        foreach (string uri in uris.Where(u => !HostUri.IsQemu(u)))
        {
            throw new UsageException($"--{UriOption} {HostUri.Shown(uri)}\n  wanted:  a URI of libvirt's QEMU driver: qemu:///system, qemu+ssh://root@host/system, qemu+tls://host/system");
        }

        if (uris.GroupBy(u => u).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new UsageException($"--{UriOption} {HostUri.Shown(twice.Key)} was given twice\n  wanted:  each host once");
        var options = new LibvirtOptions
        {
            Pool = settings.Text(PoolOption) ?? OwnPool,
            Network = settings.Text(NetworkOption),
            Kvm = settings.Text(AccelOption) switch { "kvm" => true, "tcg" => false, _ => null },
            CacheDirectory = access.CacheDirectory,
        };
        options = uris.Count == 0 ? options : options with { Uris = uris };
        if (options.Network is null && options.Uris.FirstOrDefault(u => !HostUri.IsLocal(u)) is { } remote)
        {
            throw new UsageException($"--{UriOption} {HostUri.Shown(remote)}\n  wanted:  a network machines of another host can be reached by\n  got:     none\n"
                + $"  next:    --{NetworkOption} NAME, a network of that host whose addresses are reached from here: a bridge, or routed");
        }

        return options;
    }

    /// <summary>Whether this host can speak to libvirt at all.</summary>
    /// <exception cref="UsageException">It cannot.</exception>
    internal static void NeedLibrary()
    {
        if (!LibvirtLibrary.IsPresent)
            throw new UsageException("libvirt: this host has no libvirt.so.0\n  wanted:  libvirt's library\n  got:     none\n  next:    apt-get install libvirt0");
    }
}
