namespace Kola.Qemu;

/// <summary>What a platform found on its host and decided once, for all its machines.</summary>
internal sealed record QemuHost
{
    /// <summary>The QEMU to run.</summary>
    public required QemuProgram Program { get; init; }

    /// <summary>QEMU's machine type.</summary>
    public required string MachineType { get; init; }

    /// <summary>Arguments of the caller's own.</summary>
    public IReadOnlyList<string> ExtraArguments { get; init; } = [];

    /// <summary>What runs the guest's instructions.</summary>
    public required Acceleration Acceleration { get; init; }

    /// <summary>Sockets and throw-away files.</summary>
    public required RuntimeDirectory Runtime { get; init; }

    /// <summary>UEFI flash images; null when there are none.</summary>
    public FirmwareFiles? Uefi { get; init; }

    /// <summary>Flash images with Secure Boot on, by whose keys the image is signed; null when there are none.</summary>
    public FirmwareFiles? SecureUefi { get; init; }

    /// <summary>What machines get that ask for any firmware.</summary>
    public Firmware DefaultFirmware { get; init; } = Firmware.Any;

    /// <summary>What segments are.</summary>
    public NetworkKind Network { get; init; }

    /// <summary>Clock of deadlines.</summary>
    public required TimeProvider Clock { get; init; }

    /// <summary>What a machine is booted by: never <see cref="Firmware.Any"/>.</summary>
    /// <param name="asked">By the machine's spec.</param>
    /// <param name="tpm">It has a TPM.</param>
    /// <param name="image">What is booted.</param>
    public Firmware FirmwareFor(Firmware asked, bool tpm, Image image) => Choose(asked, DefaultFirmware, tpm, image);

    /// <summary>The flash images a way of booting needs; null where it needs none.</summary>
    public FirmwareFiles? FilesFor(Firmware firmware) => firmware switch
    {
        Firmware.Uefi => Uefi,
        Firmware.SecureBoot => SecureUefi,
        _ => null,
    };

    // Machines with a TPM are not booted directly unless they ask for that: the ACPI tables that a kernel started by its PVH entry finds are broken with one
    // (QEMU 10.0 and SeaBIOS 1.16.3: "Invalid table length 0x0 in RSDT/XSDT"), and without them there is no fw_cfg and no config.
    internal static Firmware Choose(Firmware asked, Firmware byDefault, bool tpm, Image image) => (asked, byDefault) switch
    {
        (not Firmware.Any, _) => asked,
        (_, Firmware.Bios or Firmware.Uefi or Firmware.SecureBoot) => byDefault,
        _ when !tpm && (byDefault == Firmware.Direct || image.Direct is not null) => Firmware.Direct,
        _ => image.Architecture == "arm64" ? Firmware.Uefi : Firmware.Bios,
    };
}
