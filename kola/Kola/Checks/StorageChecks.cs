using static Kola.Checks.Rule;

namespace Kola.Checks;

/// <summary>Disks and filesystems.</summary>
internal static class StorageChecks
{
    internal static IReadOnlyList<Check> All { get; } =
    [
        new()
        {
            Id = CheckId.DiskOffline,
            Title = "A disk went offline under I/O",
            Sample = "[   12.345678] sd 0:0:0:0: rejecting I/O to offline device",
            Pattern = Line(@"(?<what>rejecting I/O to offline device)"),
        },
        new()
        {
            Id = CheckId.DiskError,
            Title = "A disk failed to read or write",
            Sample = """
                [   12.345678] blk_update_request: I/O error, dev vda, sector 2048 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 0
                [   12.345678] I/O error, dev nvme0n1, sector 2048 op 0x1:(WRITE) flags 0x800 phys_seg 1 prio class 2
                [   12.345678] critical medium error, dev sda, sector 2048 op 0x0:(READ)
                [   12.345678] Buffer I/O error on dev vda9, logical block 0, async page read
                [   12.345678] Buffer I/O error on device vda9, logical block 0
                [   12.345678] EXT4-fs warning (device vda9): ext4_end_bio:343: I/O error 10 writing to inode 12 starting block 34)
                """,
            // The peer wants "blk_update_request:" in front, which kernels since 5.17 do not print.
            Pattern = Line(@"(?<what>(?:I/O|critical \w+) error, dev [^,]+, sector \d+|Buffer I/O error on dev(?:ice)? [^,]+, logical block \d+|EXT4-fs warning \(device [^)]*\): .*I/O error .* writing to inode \d+)"),
            // Empty CD and floppy drives of virtual machines answer every probe so. The peer lets one such line silence all other disks.
            Exempt = Line(@"error(?:,| on) dev(?:ice)? (?:sr|fd)\d+,"),
            Innocent = """
                [   12.345678] blk_update_request: I/O error, dev sr0, sector 2048 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 0
                [   12.345678] I/O error, dev fd0, sector 0 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 2
                [   12.345678] Buffer I/O error on dev sr0, logical block 0, async page read
                """,
        },
        new()
        {
            Id = CheckId.VerityCorruption,
            Title = "dm-verity found the /usr partition corrupted",
            Sample = """
                [    3.456789] device-mapper: verity: 254:3: data block 1234 is corrupted
                [    3.456789] device-mapper: verity: 254:3: metadata block 7 is corrupted
                """,
            // The hash tree's own blocks, "metadata", are as wrong as data; the peer looks at data only.
            Pattern = Line(@"device-mapper: verity: (?<what>\S+: (?:meta)?data block \d+ is corrupted)"),
        },
        new()
        {
            Id = CheckId.Ext4DelayedAllocation,
            Title = "Ext4 lost data it had promised to write",
            Sample = "[   12.345678] EXT4-fs (vda9): Delayed block allocation failed for inode 12 at logical offset 34 with max blocks 56 with error 117",
            Pattern = Line(@"EXT4-fs \([^)]+\): (?<what>Delayed block allocation failed for inode \d+ at logical offset \d+ with max blocks \d+ with error \d+)"),
        },
        new()
        {
            Id = CheckId.RemountedReadOnly,
            Title = "A filesystem was made read-only after an error",
            Sample = """
                [   12.345678] EXT4-fs (vda9): Remounting filesystem read-only
                [   12.345678] BTRFS: error (device vda6 state EA) in btrfs_finish_ordered_io:3319: errno=-5 IO failure, forced readonly
                [   12.345678] BTRFS info (device vda6: state E): forced readonly
                """,
            Pattern = Line(@"(?<what>\bRemounting filesystem read-only|BTRFS.* forced readonly)"),
            Innocent = "[   12.345678] EXT4-fs (vda9): re-mounted 1234-abcd ro.",
        },
        new()
        {
            Id = CheckId.Ext4Corruption,
            Title = "Ext4 found its filesystem corrupted",
            Sample = """
                [   12.345678] EXT4-fs error (device vda9): ext4_lookup:1234: inode #2: comm systemd: deleted inode referenced: 12
                [   12.345678] Aborting journal on device vda9-8.
                """,
            Pattern = Line(@"(?<what>EXT4-fs error \(device .*|Aborting journal on device .*)"),
        },
        new()
        {
            Id = CheckId.BtrfsCorruption,
            Title = "Btrfs found its filesystem corrupted",
            Sample = """
                [   12.345678] BTRFS error (device vda6): bdev /dev/vda6 errs: wr 0, rd 0, flush 0, corrupt 1, gen 0
                [   12.345678] BTRFS critical (device vda6): corrupt leaf: root=2 block=1234 slot=5
                [   12.345678] BTRFS warning (device vda6): csum failed root 5 ino 257 off 0 csum 0x12345678 expected csum 0x9abcdef0 mirror 1
                """,
            Pattern = Line(@"BTRFS (?<what>(?:error|critical)\b.*|warning \([^)]*\): (?:csum|checksum) .*)"),
            Innocent = """
                [   12.345678] BTRFS info (device vda6): using crc32c (crc32c-intel) checksum algorithm
                [   12.345678] BTRFS warning: duplicate device /dev/vda6 devid 1 generation 9 scanned by mount (77)
                """,
            // "BTRFS: error … forced readonly" has a colon and is remounted-read-only's.
        },
        new()
        {
            Id = CheckId.XfsCorruption,
            Title = "XFS found its filesystem corrupted",
            Sample = """
                [   12.345678] XFS (vda9): Metadata corruption detected at xfs_agf_verify+0x1/0x2 [xfs], xfs_agf block 0x1
                [   12.345678] XFS (vda9): Corruption of in-memory data (0x8) detected at xfs_trans_cancel+0x1/0x2
                [   12.345678] XFS (vda9): metadata I/O error in "xfs_read_agf+0x1/0x2" at daddr 0x1 len 1 error 5
                [   12.345678] XFS (vda9): Filesystem has been shut down due to log error (0x2).
                """,
            Pattern = Line(@"XFS \([^)]+\): (?<what>.*\b[Cc]orrupt.*|Metadata CRC error.*|Internal error.*|[Mm]etadata I/O error.*|.*[Ss]hut down due to.*)"),
            Innocent = "[   12.345678] XFS (vda9): Ending clean mount",
        },
        new()
        {
            Id = CheckId.FsckUnrepaired,
            Title = "fsck could not repair a filesystem",
            Sample = "[    5.678901] systemd-fsck[77]: /dev/vda9: UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY.",
            Pattern = Line(@"(?<what>UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY)"),
        },
    ];
}
