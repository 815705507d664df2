namespace Kola;

/// <summary>How to boot the machine of this parameter. What is not given keeps the default of <see cref="MachineSpec"/>.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class SpecAttribute : Attribute
{
    /// <summary>File with the config, beside the test's source: Butane (<c>.bu</c>), Ignition (<c>.ign</c>), a cloud-config or a script. Default none.</summary>
    public string? Config { get; init; }

    /// <summary>Guest memory in MiB. Default 1024.</summary>
    public int MemoryMiB { get; init; } = 1024;

    /// <summary>Virtual CPUs. Default 1.</summary>
    public int Cpus { get; init; } = 1;

    /// <summary>NUMA nodes that memory and CPUs are divided among, evenly. Default 1, at most 8.</summary>
    public int NumaNodes { get; init; } = 1;

    /// <summary>Grow the boot disk to this many MiB. Default 0: as the image has it.</summary>
    public int DiskMiB { get; init; }

    /// <summary>Empty disks as <c>SIZE_MIB:SERIAL</c> or <c>SIZE_MIB:SERIAL:BUS</c>, e.g. <c>"520:data"</c>, <c>"520:fast:nvme"</c>; the bus is <c>virtio</c>, <c>nvme</c> or <c>scsi</c>. Default none.</summary>
    public string[] Disks { get; init; } = [];

    /// <summary>Default <see cref="Firmware.Any"/>.</summary>
    public Firmware Firmware { get; init; } = Firmware.Any;

    /// <summary>Attach a TPM 2.0.</summary>
    public bool Tpm { get; init; }

    /// <summary>Who SSH logs in as. Default <c>core</c>.</summary>
    public string User { get; init; } = "core";

    /// <summary>Leave update_engine's configuration alone. Default no.</summary>
    public bool Updates { get; init; }

    /// <summary>
    /// A machine id of its own even when it is a copy. Default no: copies of one template share theirs.
    /// </summary>
    public bool OwnMachineId { get; init; }

    /// <summary>Name of a <see cref="PreparationAttribute"/> the machine has behind it when the test sees it. Default none.</summary>
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
    /// Segments its cards are plugged into, one a card: <c>eth1</c>, <c>eth2</c>. <c>"lan"</c>, or <c>"lan@10"</c> for a port in VLAN 10. Default: the one that
    /// all machines of the test share, where there are several; <c>[]</c> for none.
    /// </summary>
    public string[]? Segments { get; init; }

    /// <summary>
    /// It has no card but those on <see cref="Segments"/>: with none of them there is no network at all, from the first moment on. Commands come over a virtual
    /// serial port. Default no.
    /// </summary>
    public bool Offline { get; init; }

    /// <summary>Static host name the harness writes. Default none.</summary>
    public string? Hostname { get; init; }
}
