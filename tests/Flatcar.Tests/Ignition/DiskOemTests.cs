using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Ignition;

/// <summary>
/// The OEM partition, which a config may write to by its own mount or without naming it, by the path of today or the old one. What
/// is written is the boot loader's, so this holds for machines whose loader needs nothing more.
/// </summary>
[Category("ignition")]
public sealed class DiskOemTests
{
    private const string Line = "set linux_append=\"flatcar.autologin\"";

    [MachineTest("cl.ignition.oem.regular", Since = "3549.0.0", Needs = [Feature.IgnitionDisks], Fresh = true)]
    public Task Oem_is_mounted_at_the_old_path_and_written([Spec(Config = "disks-oem-regular.ign")] Machine machine) => IsWrittenTwiceAsync(machine, "/usr/share/oem", "btrfs");

    [MachineTest("cl.ignition.oem.regular.new", Since = "3620.0.0", Needs = [Feature.FullSpeed, Feature.IgnitionDisks], Fresh = true)]
    public Task Oem_is_mounted_and_written([Spec(Config = "disks-oem-regular-new.ign")] Machine machine) => IsWrittenTwiceAsync(machine, "/oem", "btrfs");

    [MachineTest("cl.ignition.oem.indirect", Since = "3550.0.0", Needs = [Feature.FullSpeed, Feature.IgnitionDisks], Fresh = true)]
    public Task Oem_is_written_at_the_old_path_without_a_mount([Spec(Config = "disks-oem-indirect.ign")] Machine machine) => IsWrittenTwiceAsync(machine, "/usr/share/oem", "btrfs");

    [MachineTest("cl.ignition.oem.indirect.new", Since = "3620.0.0", Needs = [Feature.FullSpeed, Feature.IgnitionDisks], Fresh = true)]
    public Task Oem_is_written_without_a_mount([Spec(Config = "disks-oem-indirect-new.ign")] Machine machine) => IsWrittenTwiceAsync(machine, "/oem", "btrfs");

    // A config of the days when it was ext4, which does not ask for it to be wiped.
    [MachineTest("cl.ignition.oem.reuse", Since = "3620.0.0", Needs = [Feature.FullSpeed, Feature.IgnitionDisks], Fresh = true)]
    public Task Oem_that_is_not_to_be_wiped_keeps_its_format([Spec(Config = "disks-oem-reuse.ign")] Machine machine) => IsWrittenTwiceAsync(machine, "/oem", "btrfs");

    [MachineTest("cl.ignition.oem.wipe", Since = "3620.0.0", Needs = [Feature.FullSpeed, Feature.IgnitionDisks], Fresh = true)]
    public async Task Oem_that_is_to_be_wiped_gets_the_format([Spec(Config = "disks-oem-wipe.ign")] Machine machine)
    {
        await IsWrittenAsync(machine, "/oem", "ext4");
        // Not the peer's: what was there is gone, and what is written stays.
        Assert.That((await machine.RunAsync("sudo ls -A /oem")).Lines, Is.EquivalentTo(new[] { "grub.cfg", "lost+found" }));
        await machine.RebootAsync();
        await IsWrittenAsync(machine, "/oem", "ext4");
    }

    // Twice, since a second provisioning once raced for the mount (flatcar/Flatcar#979). Not the peer's: that the second one writes again.
    private static async Task IsWrittenTwiceAsync(Machine machine, string path, string format)
    {
        await IsWrittenAsync(machine, path, format);
        await machine.RunAsync("sudo test -e /oem/oem-release");
        await machine.RunAsync($"echo '# spoilt' | sudo tee {path}/grub.cfg");
        await machine.ProvisionAgainAsync();
        await IsWrittenAsync(machine, path, format);
        await machine.RunAsync("sudo test -e /oem/oem-release");
    }

    private static async Task IsWrittenAsync(Machine machine, string path, string format)
    {
        Assert.That((await machine.ReadFileAsync($"{path}/grub.cfg")).Split('\n'), Has.Member(Line));
        string[] mounted = (await machine.RunAsync("lsblk --noheadings --nodeps --output LABEL,FSTYPE $(findmnt -vno SOURCE /oem | tail -n 1)")).Text
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(mounted, Is.EqualTo(new[] { "OEM", format }));
    }
}
