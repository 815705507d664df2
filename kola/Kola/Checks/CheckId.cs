namespace Kola.Checks;

/// <summary>Ids of the checks of <see cref="CheckTable"/>, for <c>[Tolerates]</c>. An id is never changed and never used again.</summary>
public static class CheckId
{
    public const string KernelPanic = "kernel-panic";
    public const string KernelOops = "kernel-oops";
    public const string KernelWarning = "kernel-warning";
    public const string KernelBug = "kernel-bug";
    public const string UndefinedBehaviour = "undefined-behaviour";
    public const string BadPageTable = "bad-page-table";
    public const string SoftLockup = "soft-lockup";
    public const string RcuStall = "rcu-stall";
    public const string HungTask = "hung-task";
    public const string OutOfMemory = "out-of-memory";
    public const string PageAllocation = "page-allocation";
    public const string NetworkDeviceLeak = "network-device-leak";
    public const string BondingFlaps = "bonding-flaps";

    public const string DiskOffline = "disk-offline";
    public const string DiskError = "disk-error";
    public const string VerityCorruption = "verity-corruption";
    public const string Ext4DelayedAllocation = "ext4-delayed-allocation";
    public const string RemountedReadOnly = "remounted-read-only";
    public const string Ext4Corruption = "ext4-corruption";
    public const string BtrfsCorruption = "btrfs-corruption";
    public const string XfsCorruption = "xfs-corruption";
    public const string FsckUnrepaired = "fsck-unrepaired";

    public const string EmergencyShell = "emergency-shell";
    public const string UnitFailedToStart = "unit-failed-to-start";
    public const string InitramfsNetwork = "initramfs-network";
    public const string MountFailed = "mount-failed";
    public const string DependencyFailed = "dependency-failed";
    public const string UnitTimedOut = "unit-timed-out";
    public const string DefaultTarget = "default-target";
    public const string SystemdFroze = "systemd-froze";
    public const string OrderingCycle = "ordering-cycle";
    public const string InitrdCleanup = "initrd-cleanup";

    public const string NothingToBoot = "nothing-to-boot";
    public const string BootLoaderStuck = "boot-loader-stuck";
    public const string BootLoaderError = "boot-loader-error";
    public const string GrubMemory = "grub-memory";
    public const string RootNotMounted = "root-not-mounted";
    public const string IgnitionFailed = "ignition-failed";
    public const string IgnitionFetchCancelled = "ignition-fetch-cancelled";

    public const string GoPanic = "go-panic";
    public const string RustPanic = "rust-panic";
    public const string Segfault = "segfault";
    public const string CpuTrap = "cpu-trap";
    public const string CoreDump = "core-dump";
    public const string SelinuxDenial = "selinux-denial";
}
