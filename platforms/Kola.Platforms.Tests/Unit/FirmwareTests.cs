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

    [TestCase(true, false, "amd64", null, ExpectedResult = true)]
    [TestCase(false, false, "amd64", null, ExpectedResult = false)]
    [TestCase(false, true, "amd64", null, ExpectedResult = true)]
    [TestCase(true, true, "arm64", null, ExpectedResult = false)]
    [TestCase(true, true, "amd64", "pc", ExpectedResult = false)]
    [TestCase(true, true, "amd64", "pc-q35-9.0", ExpectedResult = true)]
    public bool Secure_boot_is_offered_where_the_image_is_signed_by_keys_of_the_firmware(bool signedForTests, bool namedVariables, string architecture, string? type)
    {
        using var scratch = new Scratch();
        string file = scratch.File("flash.fd");
        File.WriteAllBytes(file, []);
        // Debian's own files need not be on this host.
        var options = new QemuOptions { CacheDirectory = "/cache", MachineType = type, SecureBootCode = file, SecureBootVariables = namedVariables ? file : null };
        FirmwareFiles? found = FirmwareFiles.FindSecure(options, s_image with { Architecture = architecture, SignedForTests = signedForTests });
        if (signedForTests && !namedVariables && !File.Exists("/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd"))
            Assert.Ignore("needs firmware with test keys: apt-get install ovmf");
        return found is not null;
    }
}
