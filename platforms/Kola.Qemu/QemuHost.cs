namespace Kola.Qemu;

/// <summary>What a platform found on its host and decided once, for all its machines.</summary>
internal sealed record QemuHost
{
    /// <summary>The QEMU to run.</summary>
    public required QemuProgram Program { get; init; }

    /// <summary>What runs the guest's instructions.</summary>
    public required Acceleration Acceleration { get; init; }

    /// <summary>Sockets and throw-away files.</summary>
    public required RuntimeDirectory Runtime { get; init; }

    /// <summary>UEFI flash images; null when there are none.</summary>
    public FirmwareFiles? Uefi { get; init; }

    /// <summary>What machines get that ask for any firmware.</summary>
    public Firmware DefaultFirmware { get; init; } = Firmware.Any;

    /// <summary>Clock of deadlines.</summary>
    public required TimeProvider Clock { get; init; }

    /// <summary>What a machine is booted by: never <see cref="Firmware.Any"/>.</summary>
    public Firmware FirmwareFor(Firmware asked, Image image) => (asked, DefaultFirmware) switch
    {
        (not Firmware.Any, _) => asked,
        (_, not Firmware.Any) => DefaultFirmware,
        _ when image.Direct is not null => Firmware.Direct,
        _ => image.Architecture == "arm64" ? Firmware.Uefi : Firmware.Bios,
    };
}
