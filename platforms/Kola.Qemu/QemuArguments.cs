using System.Globalization;
using System.Text.Json;

namespace Kola.Qemu;

/// <summary>One machine as QEMU is asked for it: data in, argument list out, nothing touched.</summary>
internal sealed partial record QemuArguments
{
    /// <summary>Id of the machine, for process titles.</summary>
    public required string Id { get; init; }

    /// <summary><c>amd64</c> or <c>arm64</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>QEMU's machine type, one of <see cref="MachineTypes"/>; null for the architecture's default.</summary>
    public string? MachineType { get; init; }

    /// <summary>How instructions are run.</summary>
    public required Acceleration Acceleration { get; init; }

    /// <summary>Guest memory.</summary>
    public required int MemoryMiB { get; init; }

    /// <summary>Virtual CPUs.</summary>
    public required int Cpus { get; init; }

    /// <summary>NUMA nodes memory and CPUs are divided among, evenly. Default 1: there is no talk of nodes.</summary>
    public int NumaNodes { get; init; } = 1;

    /// <summary>SMBIOS UUID; what a guest derives its machine id from, so the same over a power cycle.</summary>
    public required Guid Uuid { get; init; }

    /// <summary>Boot disk first.</summary>
    public required IReadOnlyList<QemuDisk> Disks { get; init; }

    /// <summary>File the writes of the boot disk are logged to; null when nobody asks for them.</summary>
    public string? WritesLog { get; init; }

    /// <summary>The console is appended to it.</summary>
    public required string ConsoleFile { get; init; }

    /// <summary>A socket kola listens on; QEMU connects to it.</summary>
    public required string QmpSocket { get; init; }

    /// <summary>Port of 127.0.0.1 that leads to the guest's SSH; 0 lets the kernel choose, which cannot collide.</summary>
    public int SshPort { get; init; }

    /// <summary>Whether it has a card on QEMU's own network, which the harness comes in by. Default yes.</summary>
    public bool Management { get; init; } = true;

    /// <summary>Ethernet address of the first card.</summary>
    public required string Mac { get; init; }

    /// <summary>Ignition config; null for none.</summary>
    public string? IgnitionFile { get; init; }

    /// <summary>Raw disk with the user data; null for none.</summary>
    public string? ConfigDrive { get; init; }

    /// <summary>Kernel to boot past the boot loader; null when firmware boots the disk.</summary>
    public DirectBoot? Direct { get; init; }

    /// <summary>UEFI flash: code, then this machine's variables; null for BIOS and direct boot.</summary>
    public (string Code, string Variables)? Uefi { get; init; }

    /// <summary>Whether that flash is written by firmware alone, in system management mode, as Secure Boot needs it.</summary>
    public bool SecureBoot { get; init; }

    /// <summary>Cards on segments, in order.</summary>
    public IReadOnlyList<QemuCard> Cards { get; init; } = [];

    /// <summary>Socket of the TPM emulator; null for none.</summary>
    public string? TpmSocket { get; init; }

    /// <summary>Virtual serial ports, in order.</summary>
    public IReadOnlyList<QemuSerialPort> SerialPorts { get; init; } = [];

    /// <summary>File the guest's memory is in; null for memory of QEMU's own.</summary>
    public QemuMemoryFile? Memory { get; init; }

    /// <summary>Saved device state the machine goes on from; null for a machine that is switched on.</summary>
    public string? StateFile { get; init; }

    /// <summary>Address the guest's SSH is forwarded to. Default: the first one QEMU's network gives away.</summary>
    public string GuestAddress { get; init; } = "";

    /// <summary>Arguments of the caller's own; the last ones, so that they win where QEMU takes the last.</summary>
    public IReadOnlyList<string> Extra { get; init; } = [];

    /// <summary>What QEMU calls the network behind the first card.</summary>
    public const string ManagementNetwork = "net0";

    /// <summary>A slot for a card that is put in while the machine runs: those of the root bus are for what is there when it is switched on.</summary>
    public const string SpareSlot = "spare";

    /// <summary>What QEMU calls the network behind one of <see cref="Cards"/>.</summary>
    public static string NetworkOf(int card) => $"net{Text(card + 1)}";

    private bool Arm => Architecture == "arm64";

    private string Type => MachineType ?? MachineTypes.DefaultFor(Architecture);

    /// <summary>The arguments, in a fixed order.</summary>
    public IReadOnlyList<string> ToList() =>
    [
        "-name", $"guest={Escaped(Id)}",
        "-nodefaults", "-no-user-config", "-display", "none",
        // Held until kola is on QMP, so that no event of the guest can be missed.
        "-S",
        .. Board(),
        "-m", $"{MemoryMiB}M", "-smp", NumaNodes == 1 ? Text(Cpus) : $"{Text(Cpus)},sockets={Text(NumaNodes)}", "-uuid", Uuid.ToString(), "-rtc", "base=utc",
        "-chardev", $"socket,id=qmp,path={Escaped(QmpSocket)}", "-mon", "chardev=qmp,mode=control",
        "-chardev", $"file,id=console,path={Escaped(ConsoleFile)},append=on", "-serial", "chardev:console",
        "-object", "rng-random,id=rng,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng",
        .. Ports(),
        // One controller for all disks that hang on one.
        .. Disks.Any(d => d.Bus == DiskBus.Scsi) ? ["-device", "virtio-scsi-pci,id=scsi"] : Array.Empty<string>(),
        .. Disks.SelectMany(Disk),
        .. UserData(),
        .. Network(),
        // The older PC has no PCI Express: its cards go behind a bridge.
        "-device", MachineTypes.IsOldPc(Type) ? $"pci-bridge,id={SpareSlot},chassis_nr=1" : $"pcie-root-port,id={SpareSlot},chassis=1",
        .. Firmware(),
        .. Tpm(),
        .. StateFile is null ? Array.Empty<string>() : ["-incoming", "defer"],
        .. Extra,
    ];

    private IEnumerable<string> Ports()
    {
        if (SerialPorts.Count == 0)
            yield break;
        yield return "-device";
        yield return "virtio-serial-pci,id=ports";
        foreach ((QemuSerialPort port, int index) in SerialPorts.Select((p, i) => (p, i)))
        {
            yield return "-chardev";
            yield return $"socket,id=port{Text(index)},path={Escaped(port.Socket)}";
            yield return "-device";
            yield return $"virtserialport,id={port.Name},bus=ports.0,nr={Text(index + 1)},chardev=port{Text(index)},name={port.Name}";
        }
    }

    private IEnumerable<string> Disk(QemuDisk disk, int index)
    {
        // no-flush is cache=unsafe: disks do not outlive the machine, so a host crash loses nothing that matters.
        var cache = new Dictionary<string, object> { ["direct"] = false, ["no-flush"] = true };
        Dictionary<string, object> OfFile(string file) => new() { ["driver"] = "file", ["filename"] = file, ["cache"] = cache };
        string name = $"disk{index}";
        var image = new Dictionary<string, object> { ["driver"] = "qcow2", ["node-name"] = name, ["discard"] = "unmap", ["cache"] = cache, ["file"] = OfFile(disk.File) };
        if (index == 0 && WritesLog is not null)
        {
            // The device sees the same node, so a copy of a machine that was not recorded can be; a node with no-flush would log no flushes.
            image["node-name"] = $"{name}-image";
            image = new Dictionary<string, object>
            {
                ["driver"] = "blklogwrites",
                ["node-name"] = name,
                ["discard"] = "unmap",
                ["log-sector-size"] = DiskWrite.SectorBytes,
                ["file"] = image,
                ["log"] = OfFile(WritesLog),
            };
        }

        string node = JsonSerializer.Serialize(image);
        string boot = index == 0 ? ",bootindex=1" : "";
        string rest = $"drive=disk{index},serial={Escaped(disk.Serial)}{boot}";
        return disk.Bus switch
        {
            DiskBus.Nvme => ["-blockdev", node, "-device", $"nvme,{rest}"],
            DiskBus.Scsi => ["-blockdev", node, "-device", $"scsi-hd,bus=scsi.0,{rest}"],
            _ => ["-blockdev", node, "-device", $"virtio-blk-pci,{rest}"],
        };
    }

    private IEnumerable<string> UserData() => ConfigDrive is null
        ? []
        :
        [
            "-blockdev", $"driver=raw,node-name=config-drive,read-only=on,file.driver=file,file.filename={Escaped(ConfigDrive)}",
            "-device", $"virtio-blk-pci,drive=config-drive,serial={Qemu.ConfigDrive.Label}",
        ];

    private IEnumerable<string> Network()
    {
        foreach (string argument in Management ? ManagementCard() : [])
            yield return argument;
        foreach ((QemuCard card, int index) in Cards.Select((c, i) => (c, i)))
        {
            string id = NetworkOf(index);
            yield return "-netdev";
            yield return $"dgram,id={id},local.type=unix,local.path={Escaped(card.Socket)},remote.type=unix,remote.path={Escaped(card.PortSocket)}";
            yield return "-device";
            yield return $"virtio-net-pci,netdev={id},mac={card.Mac},romfile=";
        }
    }

    private IEnumerable<string> ManagementCard()
    {
        yield return "-netdev";
        yield return $"user,id=net0,hostfwd=tcp:127.0.0.1:{Text(SshPort)}-{GuestAddress}:22";
        yield return "-device";
        // No option ROM: nothing is booted from the network, and BIOS starts faster without.
        yield return $"virtio-net-pci,netdev=net0,mac={Mac},romfile=";
    }

    private IEnumerable<string> Tpm() => TpmSocket is null
        ? []
        :
        [
            "-chardev", $"socket,id=tpm,path={Escaped(TpmSocket)}", "-tpmdev", "emulator,id=tpm0,chardev=tpm",
            "-device", Arm ? "tpm-tis-device,tpmdev=tpm0" : "tpm-tis,tpmdev=tpm0",
        ];

    // In QEMU's key=value lists a comma is written twice.
    private static string Escaped(string value) => value.Replace(",", ",,", StringComparison.Ordinal);

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A qcow2 disk.</summary>
internal sealed record QemuDisk(string File, string Serial, DiskBus Bus = DiskBus.Virtio);

/// <summary>A virtual serial port: its name in the guest, and the socket QEMU connects to.</summary>
internal sealed record QemuSerialPort(string Name, string Socket);

/// <summary>Guest memory in a file, or in one for each NUMA node.</summary>
/// <param name="File">The file; a dash and the node's number are put behind it where there are several.</param>
/// <param name="Shared">Whether what the guest writes goes into the file; else the file is only what it starts from.</param>
internal sealed record QemuMemoryFile(string File, bool Shared)
{
    /// <summary>The file of one of so many nodes.</summary>
    public string FileOf(int node, int nodes) => nodes == 1 ? File : string.Create(CultureInfo.InvariantCulture, $"{File}-{node}");

    /// <summary>All its files.</summary>
    public IEnumerable<string> Files(int nodes) => Enumerable.Range(0, nodes).Select(node => FileOf(node, nodes));
}

/// <summary>A card on a segment: QEMU's socket, the port's, and the Ethernet address.</summary>
internal sealed record QemuCard(string Socket, string PortSocket, string Mac);
