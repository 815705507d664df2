namespace Flatcar.Tests.Faults;

/// <summary>What may be wrong with disks and what is on them.</summary>
public static class StorageFaults
{
    [Fault("storage.root-full", "the root file system is full", Near = ["storage.*", "core.*", "cl.basic", "systemd.*"])]
    public static Task There_is_no_room(Machine machine) => machine.BreakAsync(
        "free=$(df --output=avail -B 1 / | tail -1); fallocate -l $((free - 1048576)) /var/fault; dd if=/dev/zero of=/var/fault2 bs=4k 2>/dev/null || true",
        "! dd if=/dev/zero of=/var/fault3 bs=1M count=1 2>/dev/null");

    [Fault("storage.root-read-only", "nothing can be written to the root file system", Near = ["cl.basic", "storage.*", "core.*"])]
    public static Task The_root_cannot_be_written(Machine machine) => machine.BreakAsync("echo u >/proc/sysrq-trigger", "! touch /var/fault 2>/dev/null");

    [Fault("storage.usr-writable", "/usr can be written", Near = ["cl.basic", "cl.verity", "cl.filesystem", "security.*"])]
    public static Task Usr_can_be_written(Machine machine) => machine.BreakAsync(
        "mkdir -p /run/upper /run/work; mount -t overlay overlay -o lowerdir=/usr,upperdir=/run/upper,workdir=/run/work /usr", "touch /usr/fault");

    [Fault("storage.tmp-on-disk", "/tmp is not in memory", Near = ["storage.*", "cl.filesystem", "core.*"])]
    public static Task Tmp_is_on_the_disk(Machine machine) =>
        machine.BreakAsync("systemctl mask tmp.mount; umount -l /tmp; chmod 1777 /tmp", "! mountpoint -q /tmp");

    [Fault("storage.tmp-runs-setuid", "/tmp takes devices and programs that make root", Near = ["security.*", "storage.*"])]
    public static Task Tmp_takes_setuid_programs(Machine machine) =>
        machine.BreakAsync("mount -o remount,suid,dev /tmp", "! findmnt -no OPTIONS /tmp | grep -q nosuid");

    [Fault("storage.no-labels", "disks are not found by their labels", Near = ["storage.*", "boot.*", "core.*"])]
    public static Task Labels_are_lost(Machine machine) => machine.BreakAsync("rm -r /dev/disk/by-label", "test ! -e /dev/disk/by-label/ROOT");

    [Fault("storage.no-dm-crypt", "the kernel cannot encrypt disks", Near = ["storage.*", "cl.*"])]
    public static Task Disks_cannot_be_encrypted(Machine machine) => machine.ForbidModuleAsync("dm_crypt");

    [Fault("storage.no-raid", "the kernel cannot mirror disks", Near = ["storage.*", "cl.disk.*"])]
    public static Task Disks_cannot_be_mirrored(Machine machine) => machine.ForbidModuleAsync("raid1");

    [Fault("storage.no-xfs", "the kernel cannot read XFS", Near = ["storage.*", "ignition.*"])]
    public static Task Xfs_cannot_be_read(Machine machine) => machine.ForbidModuleAsync("xfs");

    [Fault("storage.no-loop", "files cannot be used as disks", Near = ["storage.*", "sysext.*"])]
    public static Task Files_are_no_disks(Machine machine) => machine.ForbidModuleAsync("loop");
}
