namespace Flatcar.Tests.Boot;

/// <summary>The disk's own boot loader, under both firmwares; elsewhere the kernel may be started directly.</summary>
[Category("boot")]
public sealed class LoaderTests
{
    [MachineTest("boot.loader.bios", Architectures = ["amd64"], Fresh = true)]
    public Task The_loader_on_the_disk_boots_it_under_bios([Spec(Firmware = Firmware.Bios)] Machine machine) => BootsTwiceAsync(machine, efi: false);

    [MachineTest("boot.loader.uefi", Fresh = true)]
    public Task The_loader_on_the_disk_boots_it_under_uefi([Spec(Firmware = Firmware.Uefi)] Machine machine) => BootsTwiceAsync(machine, efi: true);

    private static async Task BootsTwiceAsync(Machine machine, bool efi)
    {
        Assert.That((await machine.TryRunAsync("test -d /sys/firmware/efi")).ExitCode == 0, Is.EqualTo(efi), "the firmware is not the one asked for");
        // The loader tells a first boot by a file on the ESP, which goes when Ignition has succeeded.
        Assert.That((await machine.RunAsync("cat /proc/cmdline")).Text, Does.Contain("flatcar.first_boot=detected"));
        await machine.RunAsync("sudo test ! -e /boot/flatcar/first_boot");
        await machine.RebootAsync();
        Assert.That((await machine.RunAsync("cat /proc/cmdline")).Text, Does.Not.Contain("first_boot"));
    }
}
