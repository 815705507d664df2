using System.Globalization;
using System.Xml.Linq;

namespace Kola.Libvirt;

/// <summary>One machine as libvirt is asked for it: data in, XML out, nothing touched.</summary>
internal sealed record DomainDescription
{
    /// <summary>Namespace of the element in a domain's metadata that says whose it is.</summary>
    public const string MetadataNamespace = "https://flatcar.org/kola/domain";

    /// <summary>Slot of the root bus for the card the harness comes in by. libvirt's own devices are in slots before it.</summary>
    private const int FirstCardSlot = 0x10;

    private static readonly XNamespace s_kola = MetadataNamespace;
    private static readonly XNamespace s_qemu = "http://libvirt.org/schemas/domain/qemu/1.0";

    /// <summary>Unique on its host.</summary>
    public required string Name { get; init; }

    /// <summary>Id of the machine within its run.</summary>
    public required string Id { get; init; }

    /// <summary>SMBIOS UUID, the same over a power cycle.</summary>
    public required Guid Uuid { get; init; }

    /// <summary>Names and values that say whose it is.</summary>
    public required IReadOnlyDictionary<string, string> Tags { get; init; }

    /// <summary>Whether hardware virtualization runs its instructions.</summary>
    public required bool Kvm { get; init; }

    /// <summary>Version of QEMU there.</summary>
    public required Version Qemu { get; init; }

    /// <summary>QEMU's program on the host; null for the one its libvirt takes.</summary>
    public string? Emulator { get; init; }

    /// <summary>Guest memory.</summary>
    public required int MemoryMiB { get; init; }

    /// <summary>Virtual CPUs.</summary>
    public required int Cpus { get; init; }

    /// <summary>Nodes its memory and CPUs are divided over evenly; 1 for a machine of one piece.</summary>
    public int NumaNodes { get; init; } = 1;

    /// <summary>Boot disk first.</summary>
    public required IReadOnlyList<DomainDisk> Disks { get; init; }

    /// <summary>Volume with the Ignition config; null for none.</summary>
    public string? Ignition { get; init; }

    /// <summary>Kernel to boot past the boot loader, volumes and command line; null when firmware boots the disk.</summary>
    public (string Kernel, string Initrd, string CommandLine)? Direct { get; init; }

    /// <summary>UEFI: null for BIOS and direct boot.</summary>
    public UefiChoice? Uefi { get; init; }

    /// <summary>Attach a TPM.</summary>
    public bool Tpm { get; init; }

    /// <summary>The card the harness comes in by; null for a machine without.</summary>
    public FirstCard? First { get; init; }

    /// <summary>Cards on segments, in order.</summary>
    public IReadOnlyList<SegmentCard> Cards { get; init; } = [];

    /// <summary>Names of virtual serial ports, in order.</summary>
    public IReadOnlyList<string> Ports { get; init; } = [];

    /// <summary>What QEMU calls the network behind the first card.</summary>
    public const string FirstNetwork = "kola0";

    /// <summary>What QEMU calls the network behind one of <see cref="Cards"/>.</summary>
    public static string NetworkOf(int card) => $"kola{Text(card + 1)}";

    /// <summary>The description.</summary>
    public string ToXml() => new XElement("domain",
        new XAttribute("type", Kvm ? "kvm" : "qemu"),
        new XAttribute(XNamespace.Xmlns + "qemu", s_qemu),
        new XElement("name", Name),
        new XElement("uuid", Uuid),
        new XElement("title", Id),
        new XElement("metadata", new XElement(s_kola + "machine", new XAttribute(XNamespace.Xmlns + "kola", s_kola), Tags.Select(t => new XAttribute(t.Key, t.Value)))),
        new XElement("memory", new XAttribute("unit", "MiB"), MemoryMiB),
        new XElement("vcpu", Cpus),
        Ignition is null ? null : new XElement("sysinfo", new XAttribute("type", "fwcfg"),
            new XElement("entry", new XAttribute("name", "opt/org.flatcar-linux/config"), new XAttribute("file", Ignition))),
        Boot(),
        // Translated code is kept in 512 MiB, as without libvirt; one before 8.0 does not know the word and passes it by.
        new XElement("features", new XElement("acpi"), new XElement("apic"), Kvm ? null : new XElement("tcg", new XElement("tb-cache", new XAttribute("unit", "MiB"), 512))),
        Cpu(),
        new XElement("clock", new XAttribute("offset", "utc")),
        new XElement("on_poweroff", "destroy"), new XElement("on_reboot", "restart"), new XElement("on_crash", "destroy"),
        // Suspend to RAM does not come back under OVMF.
        new XElement("pm", new XElement("suspend-to-mem", new XAttribute("enabled", "no")), new XElement("suspend-to-disk", new XAttribute("enabled", "no"))),
        Devices(),
        CommandLine()).ToString(SaveOptions.DisableFormatting);

    private XElement Boot()
    {
        var os = new XElement("os", new XElement("type", new XAttribute("arch", "x86_64"), new XAttribute("machine", "q35"), "hvm"));
        if (Uefi is { Loader: null })
        {
            os.Add(new XAttribute("firmware", "efi"));
            os.Add(new XElement("firmware", NoFeature("secure-boot"), NoFeature("enrolled-keys")));
        }
        else if (Uefi is { Loader: { } loader })
        {
            os.Add(new XElement("loader", new XAttribute("readonly", "yes"), new XAttribute("type", "pflash"), loader));
        }

        if (Direct is var (kernel, initrd, commandLine))
            os.Add(new XElement("kernel", kernel), new XElement("initrd", initrd), new XElement("cmdline", commandLine));
        // The BIOS, too, speaks on the serial console: "No bootable device" is then in console.txt.
        if (Uefi is null)
            os.Add(new XElement("bios", new XAttribute("useserial", "yes")));
        return os;

        static XElement NoFeature(string name) => new("feature", new XAttribute("enabled", "no"), new XAttribute("name", name));
    }

    // Emulated, the model must not be one that Linux holds vulnerable to Meltdown: "maximum" has AMD's vendor id, which is not. A fifth level of page tables only
    // makes each walk longer. QEMU 7.2 was the first to emulate AVX and corrupts guests with it.
    private XElement Cpu()
    {
        if (Kvm)
            return new XElement("cpu", new XAttribute("mode", "host-passthrough"), new XAttribute("check", "none"), Nodes());
        string[] off = Qemu.Major >= 8 ? ["la57"] : ["la57", "avx", "avx2", "f16c", "fma", "vaes", "vpclmulqdq"];
        return new XElement("cpu", new XAttribute("mode", "maximum"), new XAttribute("check", "none"), off.Select(f => new XElement("feature", new XAttribute("policy", "disable"), new XAttribute("name", f))), Nodes());
    }

    private IEnumerable<XElement> Nodes()
    {
        if (NumaNodes == 1)
            yield break;
        int cpus = Cpus / NumaNodes;
        yield return new XElement("topology", new XAttribute("sockets", NumaNodes), new XAttribute("cores", cpus), new XAttribute("threads", 1));
        yield return new XElement("numa", Enumerable.Range(0, NumaNodes).Select(node => new XElement("cell", new XAttribute("id", node),
            new XAttribute("cpus", string.Create(CultureInfo.InvariantCulture, $"{node * cpus}-{(node + 1) * cpus - 1}")), new XAttribute("memory", MemoryMiB / NumaNodes), new XAttribute("unit", "MiB"))));
    }

    private XElement Devices() => new("devices",
        Emulator is null ? null : new XElement("emulator", Emulator),
        Disks.Select(Disk),
        Disks.Any(d => d.Bus == DiskBus.Scsi) ? new XElement("controller", new XAttribute("type", "scsi"), new XAttribute("model", "virtio-scsi")) : null,
        new XElement("controller", new XAttribute("type", "usb"), new XAttribute("model", "none")),
        new XElement("serial", new XAttribute("type", "pty"), new XElement("target", new XAttribute("type", "isa-serial"), new XAttribute("port", 0))),
        new XElement("console", new XAttribute("type", "pty"), new XElement("target", new XAttribute("type", "serial"), new XAttribute("port", 0))),
        Ports.Select(p => new XElement("channel", new XAttribute("type", "unix"), new XElement("source", new XAttribute("mode", "bind")), new XElement("target", new XAttribute("type", "virtio"), new XAttribute("name", p)))),
        First is { Network: { } network } first ? new XElement("interface", new XAttribute("type", "network"),
            new XElement("mac", new XAttribute("address", first.Mac)), new XElement("source", new XAttribute("network", network)), new XElement("model", new XAttribute("type", "virtio")), new XElement("rom", new XAttribute("enabled", "no"))) : null,
        Tpm ? new XElement("tpm", new XAttribute("model", "tpm-tis"), new XElement("backend", new XAttribute("type", "emulator"), new XAttribute("version", "2.0"))) : null,
        new XElement("rng", new XAttribute("model", "virtio"), new XElement("backend", new XAttribute("model", "random"), "/dev/urandom")),
        new XElement("memballoon", new XAttribute("model", "none")));

    private static XElement Disk(DomainDisk disk, int index) => new("disk",
        new XAttribute("type", "file"), new XAttribute("device", "disk"),
        // Disks do not outlive the machine: a crash of the host loses nothing that matters.
        new XElement("driver", new XAttribute("name", "qemu"), new XAttribute("type", disk.Format), new XAttribute("cache", "unsafe"), new XAttribute("discard", "unmap")),
        new XElement("source", new XAttribute("file", disk.Path)),
        new XElement("target", new XAttribute("dev", $"{(disk.Bus == DiskBus.Scsi ? "sd" : "vd")}{(char)('a' + index)}"), new XAttribute("bus", disk.Bus == DiskBus.Scsi ? "scsi" : "virtio")),
        disk.ReadOnly ? new XElement("readonly") : null,
        new XElement("serial", disk.Serial),
        index == 0 ? new XElement("boot", new XAttribute("order", 1)) : null);

    // What libvirt has no words for: a network of QEMU's own with a forwarded port, and segments that stay on the host's loopback.
    private XElement? CommandLine()
    {
        var arguments = new List<string>();
        if (First is { Network: null } first)
            arguments.AddRange(Card(FirstNetwork, string.Create(CultureInfo.InvariantCulture, $"user,id={FirstNetwork},hostfwd=tcp:127.0.0.1:{first.Port}-:22"), first.Mac, FirstCardSlot));
        foreach ((SegmentCard card, int index) in Cards.Select((c, i) => (c, i)))
            arguments.AddRange(Card(NetworkOf(index), $"socket,id={NetworkOf(index)},{card.Network}", card.Mac, FirstCardSlot + 1 + index));
        return arguments.Count == 0 ? null : new XElement(s_qemu + "commandline", arguments.Select(a => new XElement(s_qemu + "arg", new XAttribute("value", a))));
    }

    // No option ROM: nothing is booted from the network, and BIOS starts faster without.
    private static string[] Card(string network, string netdev, string mac, int slot) =>
        ["-netdev", netdev, "-device", string.Create(CultureInfo.InvariantCulture, $"virtio-net-pci,netdev={network},mac={mac},romfile=,bus=pcie.0,addr=0x{slot:x}")];

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A disk.</summary>
/// <param name="Path">Where its volume is on the host.</param>
/// <param name="Format"><c>qcow2</c> or <c>raw</c>.</param>
/// <param name="Serial">Serial number.</param>
/// <param name="Bus">What it hangs on.</param>
/// <param name="ReadOnly">Whether the guest may not write it.</param>
internal sealed record DomainDisk(string Path, string Format, string Serial, DiskBus Bus = DiskBus.Virtio, bool ReadOnly = false);

/// <summary>How a host boots by UEFI.</summary>
/// <param name="Loader">Flash file to name where libvirt cannot choose one itself; null where it can.</param>
internal sealed record UefiChoice(string? Loader);

/// <summary>The card the harness comes in by.</summary>
/// <param name="Mac">Ethernet address.</param>
/// <param name="Network">The host's network it is on; null for one of QEMU's own.</param>
/// <param name="Port">Port of 127.0.0.1 that leads to the guest's SSH there; 0 lets the kernel choose.</param>
internal sealed record FirstCard(string Mac, string? Network, int Port = 0);

/// <summary>A card on a segment.</summary>
/// <param name="Mac">Ethernet address.</param>
/// <param name="Network">What QEMU is told of the segment: <c>udp=127.0.0.1:40001,localaddr=127.0.0.1:20001</c>.</param>
internal sealed record SegmentCard(string Mac, string Network);
