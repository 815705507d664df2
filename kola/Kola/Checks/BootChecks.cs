using static Kola.Checks.Rule;

namespace Kola.Checks;

/// <summary>Firmware, boot loader, initrd: what happens before there is a system.</summary>
internal static class BootChecks
{
    internal static IReadOnlyList<Check> All { get; } =
    [
        new()
        {
            Id = CheckId.NothingToBoot,
            Title = "The firmware found nothing to boot",
            Fatal = true,
            Sample = """
                No bootable device.
                BdsDxe: No bootable option or device was found.
                """,
            Pattern = Line(@"(?<what>No bootable (?:option or )?device\b.*)"),
            Innocent = """
                Boot failed: not a bootable disk
                BdsDxe: failed to load Boot0001 "UEFI QEMU DVD-ROM" from PciRoot(0x0): Not Found
                """,
        },
        new()
        {
            Id = CheckId.BootLoaderStuck,
            Title = "GRUB gave up and waits for a person",
            Fatal = true,
            Sample = """
                grub rescue> 
                Entering rescue mode...
                """,
            Pattern = Line(@"(?<what>grub rescue>|^Entering rescue mode\.\.\.)"),
        },
        new()
        {
            Id = CheckId.BootLoaderError,
            Title = "GRUB reported an error",
            Sample = """
                error: file `/flatcar/vmlinuz-a' not found.
                error: ../../grub-core/fs/fshelp.c:257:file `/flatcar/vmlinuz-a' not found.
                error: no such device: OEM.
                error: unknown filesystem.
                error: bad shim signature.
                error: you need to load the kernel first.
                """,
            // Only what GRUB says at the start of a line: anybody may print "error:". It cannot show a picture on a serial line, and that is fine.
            Pattern = Line(@"^\s*error: (?:\S+\.c:\d+:\s?)?(?<what>(?:file `|no such |unknown (?:filesystem|device|command)|disk `|bad shim|verification |invalid |out of memory|you need to load the kernel first|premature end of file|failure (?:reading|writing) sector|attempt to read or write outside|symbol `|can't find command|not a regular file).*?)\.?$"),
            Innocent = """
                error: no suitable video mode found.
                Nov 22 18:15:00.123456 app[77]: error: file `x' not found
                """,
        },
        new()
        {
            Id = CheckId.GrubMemory,
            Title = "GRUB corrupted its memory",
            Sample = """
                alloc magic is broken at 0x7ff00000: 0
                free magic is broken at 0x7ff00000: 0x0
                alloc magic broken
                """,
            Pattern = Line(@"(?<what>(?:alloc|free) magic (?:is )?broken)"),
        },
        new()
        {
            Id = CheckId.RootNotMounted,
            Title = "The root filesystem could not be mounted",
            Fatal = true,
            Sample = """
                [    1.234567] VFS: Unable to mount root fs on unknown-block(0,0)
                [    1.234567] VFS: Cannot open root device "LABEL=ROOT" or unknown-block(0,0): error -6
                ALERT!  LABEL=ROOT does not exist.  Dropping to a shell!
                Gave up waiting for root file system device.  Common problems:
                dracut-initqueue[345]: Warning: Could not boot.
                """,
            Pattern = Line(@"(?<what>VFS: Unable to mount root fs.*|VFS: Cannot open root device.*|ALERT!\s+.* does not exist\..*|Gave up waiting for (?:the )?root .*|Warning: Could not boot\b.*)"),
            Innocent = "[    1.234567] VFS: Mounted root (ext4 filesystem) readonly on device 254:9.",
        },
        new()
        {
            Id = CheckId.IgnitionFailed,
            Title = "Ignition failed",
            Fatal = true,
            Sample = """
                [    7.890123] ignition[456]: Ignition failed: failed to fetch config: unsupported config version
                Nov 22 18:15:00.123456 ignition[456]: CRITICAL : Ignition failed: failed to create filesystems: exit status 1
                Ignition has failed. Please ensure your config is valid.
                """,
            Pattern = Line(@"\bIgnition (?<what>(?:has )?failed\b.*)"),
            Innocent = "Nov 22 18:15:00.123456 ignition[456]: INFO     : Ignition finished successfully",
        },
        new()
        {
            Id = CheckId.IgnitionFetchCancelled,
            Title = "Ignition cancelled its own fetch of the config",
            Sample = "[    7.890123] ignition[456]: failed to fetch config: context canceled",
            Pattern = Line(@"ignition\[\d+\]: (?<what>failed to fetch config: context canceled)"),
        },
    ];
}
