using System.Globalization;

namespace Flatcar.Tests.Boot;

/// <summary>Secure Boot: firmware starts only what its keys have signed, and so does the loader it starts.</summary>
[Category("boot")]
public sealed class SecureBootTests
{
    // EFI_GLOBAL_VARIABLE of the UEFI specification.
    private const string Globals = "8be4df61-93ca-11d2-aa0d-00e098032b8c";

    [MachineTest("boot.secure-boot", Fresh = true)]
    public async Task Firmware_says_that_it_checks_what_it_starts([Spec(Firmware = Firmware.SecureBoot)] Machine machine)
    {
        Assert.That(await FlagAsync(machine, "SecureBoot"), Is.EqualTo(1));
        Assert.That(await FlagAsync(machine, "SetupMode"), Is.EqualTo(0), "keys are enrolled, and only their owner may change them");
    }

    [Tolerates("boot-loader-error", because: "the loader says that it refuses the changed kernel")]
    [MachineTest("boot.secure-boot.kernel", Needs = [Feature.FullSpeed], Minutes = 15, Fresh = true)]
    public async Task A_kernel_with_one_byte_changed_is_not_started([Spec(Firmware = Firmware.SecureBoot)] Machine machine)
    {
        string commandLine = (await machine.RunAsync("sed 's/BOOT_IMAGE=[^ ]*//; s/flatcar.first_boot=[^ ]*//' /proc/cmdline")).Text;
        // The image's own entry is the second then, and what GRUB falls back to.
        string entry = $$"""
            set default=kola
            set fallback=1
            menuentry kola --id=kola {
                linux /flatcar/vmlinuz-kola {{commandLine}} kola.kernel
                if [ -f /flatcar/initrd.cpio ]; then initrd /flatcar/initrd.cpio; fi
            }
            """;
        await machine.SudoAsync($"cp /boot/flatcar/vmlinuz-a /boot/flatcar/vmlinuz-kola && printf '%s\\n' {Machine.Quote(entry)} >>/oem/grub.cfg && sync");
        await machine.RebootAsync();
        Assert.That(await IsOwnAsync(machine), Is.True, "a kernel that is as it was signed was not started");
        // In the header by which DOS would know it: nothing but its signature depends on that byte.
        await machine.SudoAsync("printf K | dd of=/boot/flatcar/vmlinuz-kola bs=1 seek=16 conv=notrunc status=none && sync");
        await machine.RebootAsync();
        Assert.That(await IsOwnAsync(machine), Is.False, "a kernel that was changed was started");
    }

    private static async Task<bool> IsOwnAsync(Machine machine) => (await machine.RunAsync("cat /proc/cmdline")).Text.Contains("kola.kernel", StringComparison.Ordinal);

    // Four bytes of attributes, then the flag.
    private static async Task<int> FlagAsync(Machine machine, string variable) =>
        int.Parse((await machine.RunAsync($"od -An -t u1 -j 4 /sys/firmware/efi/efivars/{variable}-{Globals}")).Text, CultureInfo.InvariantCulture);
}
