namespace Kola.Qemu;

/// <summary>UEFI flash images: the code, shared by all machines, and a template of the variables.</summary>
/// <param name="Code">Raw flash file, opened read-only.</param>
/// <param name="Variables">Raw flash file, copied per machine.</param>
internal sealed record FirmwareFiles(string Code, string Variables)
{
    // Debian and Ubuntu, Fedora, Arch, what QEMU itself installs.
    private static readonly FirmwareFiles[] s_amd64 =
    [
        new("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
        new("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
        new("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
        new("/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"),
        new("/usr/share/qemu/edk2-x86_64-code.fd", "/usr/share/qemu/edk2-i386-vars.fd"),
    ];

    private static readonly FirmwareFiles[] s_arm64 =
    [
        new("/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"),
        new("/usr/share/edk2/aarch64/QEMU_EFI-pflash.raw", "/usr/share/edk2/aarch64/vars-template-pflash.raw"),
    ];

    // Debian and Ubuntu alone ship variables with the test key in them. The code runs in system management mode, where the guest cannot change what it checks.
    private static readonly FirmwareFiles s_secure = new("/usr/share/OVMF/OVMF_CODE_4M.secboot.fd", "/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd");

    /// <summary>What a person installs to have them.</summary>
    public static string PackageFor(string architecture) => architecture == "arm64" ? "qemu-efi-aarch64" : "ovmf";

    /// <summary>
    /// Firmware with Secure Boot on and keys an image is signed by: what the options name, or that with the test key for an image signed by it. Null where
    /// there is none; always on arm64 and for the older PC, which has no system management mode.
    /// </summary>
    public static FirmwareFiles? FindSecure(QemuOptions options, Image image)
    {
        if (image.Architecture != "amd64" || MachineTypes.IsOldPc(options.MachineType ?? MachineTypes.DefaultFor(image.Architecture)))
            return null;
        var wanted = new FirmwareFiles(options.SecureBootCode ?? s_secure.Code, options.SecureBootVariables ?? s_secure.Variables);
        return (image.SignedForTests || options.SecureBootVariables is not null) && File.Exists(wanted.Code) && File.Exists(wanted.Variables) ? wanted : null;
    }

    /// <summary>The files given in the options, else the first pair this host has; null when it has none.</summary>
    public static FirmwareFiles? Find(QemuOptions options, string architecture) =>
        options is { FirmwareCode: { } code, FirmwareVariables: { } variables }
            ? new FirmwareFiles(code, variables)
            : (architecture == "arm64" ? s_arm64 : s_amd64).FirstOrDefault(f => File.Exists(f.Code) && File.Exists(f.Variables));
}
