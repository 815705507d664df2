using System.Text.Json.Serialization;

namespace Kola;

/// <summary>How to boot one machine of a test. The name is the role: the parameter's name.</summary>
public sealed record MachineSpec
{
    /// <summary>Role within its test: lowercase letters, digits and dashes; unique in the test.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// Config as the author wrote it: Butane, Ignition, a cloud-config or a script; null for none. What is rendered from it is in the machine's
    /// artifacts.
    /// </summary>
    public string? Config { get; init; }

    /// <summary>Where <see cref="Config"/> came from, for messages: a file name. Null when there is none.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>Absolute path of the directory in which a Butane config's local files are looked for. Null when it may have none.</summary>
    public string? ConfigDirectory { get; init; }

    /// <summary>Absolute path of the directory whose files <c>${files.http}</c> and its like lead to. Null when there is none.</summary>
    public string? FilesDirectory { get; init; }

    /// <summary>Guest memory in MiB. Default 1024, at least 256.</summary>
    public int MemoryMiB { get; init; } = 1024;

    /// <summary>Virtual CPUs. Default 1: one boots with less total CPU time than two when emulated.</summary>
    public int Cpus { get; init; } = 1;

    /// <summary>
    /// NUMA nodes that memory and CPUs are divided among, evenly: both have to be multiples of it. Default 1, at most 8.
    /// </summary>
    public int NumaNodes { get; init; } = 1;

    /// <summary>Size the boot disk is grown to, in MiB; null leaves it as the image has it.</summary>
    public int? DiskMiB { get; init; }

    /// <summary>Empty disks beside the boot disk, in order.</summary>
    public IReadOnlyList<ExtraDisk> Disks { get; init; } = [];

    /// <summary>Default <see cref="Firmware.Any"/>.</summary>
    public Firmware Firmware { get; init; } = Firmware.Any;

    /// <summary>Attach a TPM 2.0. Default no.</summary>
    public bool Tpm { get; init; }

    /// <summary>Who SSH logs in as. Default <c>core</c>; another name is created with sudo rights.</summary>
    public string User { get; init; } = "core";

    /// <summary>Leave update_engine's configuration alone. Default no: updates are off (<c>SERVER=disabled</c>).</summary>
    public bool Updates { get; init; }

    /// <summary>
    /// A machine id of its own even when it is a copy of a template. Default no: copies share their template's.
    /// </summary>
    public bool OwnMachineId { get; init; }

    /// <summary>Name of a preparation of the test's suite the machine has behind it when the test sees it; null for none.</summary>
    public string? Prepared { get; init; }

    /// <summary>
    /// The boot is expected to end in the emergency shell: the test gets the machine then, with <see cref="Machine.BootFailure"/>. Default no.
    /// </summary>
    public bool BootFails { get; init; }

    /// <summary>
    /// Record every write of the boot disk, for <see cref="Machine.DiskWrites"/> and <see cref="Machine.PowerCutAsync"/>. Default no: it takes as much
    /// room on the host again as the guest writes, until the machine is gone.
    /// </summary>
    public bool RecordsWrites { get; init; }

    /// <summary>Accept a config of which Ignition or Butane only warn: a key nobody knows, a unit that is not enabled. Default no.</summary>
    public bool ConfigWarnings { get; init; }

    /// <summary>
    /// Its cards beside the one the harness comes in by, in order: <c>eth1</c>, <c>eth2</c>. Null, the default, is a card on the segment all machines of its
    /// test share, where there are several.
    /// </summary>
    public IReadOnlyList<MachineLink>? Links { get; init; }

    /// <summary>Those cards, as it has them among the machines of its test.</summary>
    /// <param name="machines">Machines of the test, itself included.</param>
    internal IReadOnlyList<MachineLink> LinksAmong(int machines) => Links ?? (machines > 1 ? [new MachineLink(SegmentSpec.Private)] : []);

    /// <summary>
    /// It has no card but those of <see cref="Links"/>: with none of them there is no network at all. SSH comes over a virtual serial port then. Default no.
    /// </summary>
    public bool Offline { get; init; }

    /// <summary>Static host name the harness writes; null leaves it to the image and the test's own config.</summary>
    public string? Hostname { get; init; }
}

/// <summary>An empty disk.</summary>
/// <param name="SizeMiB">Size in MiB, at least 1.</param>
/// <param name="Serial">
/// Serial number, at most 20 characters; in the guest <c>/dev/disk/by-id/virtio-SERIAL</c>, <c>nvme-QEMU_NVMe_Ctrl_SERIAL</c> or
/// <c>scsi-0QEMU_QEMU_HARDDISK_SERIAL</c>.
/// </param>
/// <param name="Bus">What it hangs on. Default <see cref="DiskBus.Virtio"/>.</param>
public sealed record ExtraDisk(int SizeMiB, string Serial, DiskBus Bus = DiskBus.Virtio);

/// <summary>What a disk hangs on.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DiskBus>))]
public enum DiskBus
{
    /// <summary>A virtio block device.</summary>
    [JsonStringEnumMemberName("virtio")] Virtio,

    /// <summary>An NVMe controller of its own. QEMU cannot save such a device: its machine is never a copy.</summary>
    [JsonStringEnumMemberName("nvme")] Nvme,

    /// <summary>A virtio SCSI controller that all such disks of a machine share.</summary>
    [JsonStringEnumMemberName("scsi")] Scsi,
}

/// <summary>What starts the kernel.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Firmware>))]
public enum Firmware
{
    /// <summary>The run's default: <c>--firmware</c>, else direct kernel boot where the image has a kernel beside it, else BIOS.</summary>
    [JsonStringEnumMemberName("any")] Any,

    /// <summary>The kernel beside the image, no boot loader.</summary>
    [JsonStringEnumMemberName("direct")] Direct,

    /// <summary>SeaBIOS and the disk's boot loader.</summary>
    [JsonStringEnumMemberName("bios")] Bios,

    /// <summary>OVMF and the disk's boot loader, with a copy of the variables per machine.</summary>
    [JsonStringEnumMemberName("uefi")] Uefi,

    /// <summary>
    /// The same with Secure Boot on: firmware with keys enrolled starts only what is signed by them. The image's signatures have to fit
    /// (<see cref="Feature.SecureBoot"/>).
    /// </summary>
    [JsonStringEnumMemberName("secure-boot")] SecureBoot,
}
