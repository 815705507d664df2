using Kola.Qemu;

namespace Kola.Platforms.Tests.Unit;

/// <summary>What machines are booted by.</summary>
public sealed class FirmwareTests
{
    private static readonly Image s_image = new() { File = "/image", Format = "raw", Digest = "sha256:0", Name = "image" };
    private static readonly DirectBoot s_direct = new() { Kernel = "/kernel", Initrd = "/initrd", CommandLine = "" };

    [TestCase(Firmware.Any, Firmware.Any, false, ExpectedResult = Firmware.Direct)]
    [TestCase(Firmware.Any, Firmware.Direct, false, ExpectedResult = Firmware.Direct)]
    [TestCase(Firmware.Any, Firmware.Uefi, false, ExpectedResult = Firmware.Uefi)]
    [TestCase(Firmware.Bios, Firmware.Uefi, false, ExpectedResult = Firmware.Bios)]
    [TestCase(Firmware.Any, Firmware.Any, true, ExpectedResult = Firmware.Bios)]
    [TestCase(Firmware.Any, Firmware.Direct, true, ExpectedResult = Firmware.Bios)]
    [TestCase(Firmware.Any, Firmware.Uefi, true, ExpectedResult = Firmware.Uefi)]
    [TestCase(Firmware.Any, Firmware.SecureBoot, true, ExpectedResult = Firmware.SecureBoot)]
    [TestCase(Firmware.SecureBoot, Firmware.Any, false, ExpectedResult = Firmware.SecureBoot)]
    [TestCase(Firmware.Direct, Firmware.Any, true, ExpectedResult = Firmware.Direct)]
    public Firmware An_image_with_a_kernel_beside_it_is_booted_directly_unless_there_is_a_tpm(Firmware asked, Firmware byDefault, bool tpm) =>
        QemuHost.Choose(asked, byDefault, tpm, s_image with { Direct = s_direct });

    [TestCase("amd64", ExpectedResult = Firmware.Bios)]
    [TestCase("arm64", ExpectedResult = Firmware.Uefi)]
    public Firmware An_image_alone_is_booted_by_its_loader(string architecture) =>
        QemuHost.Choose(Firmware.Any, Firmware.Any, tpm: false, s_image with { Architecture = architecture });
}
