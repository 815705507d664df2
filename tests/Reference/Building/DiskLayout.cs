using Flatcar.Reference.Gpt;

namespace Flatcar.Reference.Building;

/// <summary>Flatcar's partitions as they are since October 2025, in 512-byte sectors.</summary>
internal static class DiskLayout
{
    public const ulong DiskSectors = 25_804_800;

    /// <summary>Partition numbers, which people and tools know by heart.</summary>
    public const int EfiSystem = 1, BiosBoot = 2, UsrA = 3, UsrB = 4, Oem = 6, OemConfig = 7, Root = 9;

    private const ulong Mebi = 2048;

    public static GuidPartitionTable Table { get; } = new(FlatcarDisk.PristineDiskId,
    [
        Make(EfiSystem, FlatcarDisk.EfiSystemType, Guid.NewGuid(), 4096, 1024, "EFI-SYSTEM"),
        Make(BiosBoot, FlatcarDisk.BiosBootType, Guid.NewGuid(), 2_101_248, 2, "BIOS-BOOT"),
        Make(UsrA, FlatcarDisk.UsrType, FlatcarDisk.UsrA, 2_105_344, 2048, "USR-A").WithSlotState(priority: 1, tries: 0, successful: true),
        Make(UsrB, FlatcarDisk.UsrType, FlatcarDisk.UsrB, 6_299_648, 2048, "USR-B"),
        Make(Oem, FlatcarDisk.OemType, Guid.NewGuid(), 10_493_952, 1024, "OEM"),
        Make(OemConfig, FlatcarDisk.ReservedType, Guid.NewGuid(), 12_591_104, 64, "OEM-CONFIG"),
        Make(Root, FlatcarDisk.ResizableRootType, Guid.NewGuid(), 12_722_176, 6320, "ROOT"),
    ]);

    public static GptPartition Partition(int number) => Table.Partitions.Single(p => p.Number == number);

    private static GptPartition Make(int number, Guid type, Guid id, ulong first, ulong mebibytes, string name) =>
        new(number, type, id, first, first + mebibytes * Mebi - 1, 0, name);
}
