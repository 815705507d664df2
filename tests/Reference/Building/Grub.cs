using System.Buffers.Binary;
using Flatcar.Reference.Gpt;

namespace Flatcar.Reference.Building;

/// <summary>GRUB for both firmwares. Its configuration lies on the ESP and is found by the ESP's label.</summary>
internal sealed class Grub(PackageLayer layer, string work)
{
    private const string Modules = "part_gpt fat btrfs ext2 normal search search_label linux serial terminal configfile test echo boot reboot sleep ls cat";

    /// <summary>shim, which firmware starts: it lets GRUB ask whether the kernel is signed. And GRUB, which it starts from beside itself.</summary>
    public const string Shim = "bootx64.efi", EfiImage = "grubx64.efi";

    private const string BootSector = "boot.img", Core = "core.img";

    /// <summary>What <see cref="MakeAsync"/> makes.</summary>
    public static IReadOnlyList<string> Files { get; } = [Shim, EfiImage, BootSector, Core];

    /// <summary>Makes its <see cref="Files"/> in the work directory.</summary>
    public async Task MakeAsync(CancellationToken cancel)
    {
        foreach (var file in (string[])["grub-load.cfg", "sbat.csv"])
            await File.WriteAllBytesAsync(Path.Combine(work, file), Recipe.Read($"Recipe/{file}"), cancel);
        await layer.ShellAsync(work, $"""
            grub-mkimage --format=i386-pc --prefix=/flatcar/grub --config=grub-load.cfg --output={Core} biosdisk {Modules}
            grub-mkimage --format=x86_64-efi --prefix=/flatcar/grub --config=grub-load.cfg --sbat=sbat.csv --output={EfiImage} efi_gop tpm {Modules}
            cp /usr/lib/grub/i386-pc/boot.img {BootSector}
            cp /usr/lib/shim/shimx64.efi {Shim}
            """, cancel);
        await SecureBoot.SignAsync(layer, work, [Shim, EfiImage], cancel);
    }

    /// <summary>
    /// What grub-bios-setup does on a disk with a BIOS boot partition: the boot sector learns where core.img starts, and core.img's
    /// first sector where the rest of it is.
    /// </summary>
    /// <param name="disk">The disk.</param>
    /// <param name="pathOf">Path of one of the <see cref="Files"/>.</param>
    public static void InstallForBios(DiskImage disk, Func<string, string> pathOf)
    {
        const int kernelSector = 0x5C, driveCheck = 0x66, bootCode = 440, blockList = 0x1F4;
        const ushort noOperations = 0x9090, loadSegment = 0x820;
        var partition = DiskLayout.Partition(DiskLayout.BiosBoot);
        var boot = File.ReadAllBytes(pathOf(BootSector));
        BinaryPrimitives.WriteUInt64LittleEndian(boot.AsSpan(kernelSector), partition.FirstSector);
        BinaryPrimitives.WriteUInt16LittleEndian(boot.AsSpan(driveCheck), noOperations);
        var core = File.ReadAllBytes(pathOf(Core));
        var sectors = (core.Length + GuidPartitionTable.SectorSize - 1) / GuidPartitionTable.SectorSize;
        BinaryPrimitives.WriteUInt64LittleEndian(core.AsSpan(blockList), partition.FirstSector + 1);
        BinaryPrimitives.WriteUInt16LittleEndian(core.AsSpan(blockList + 8), (ushort)(sectors - 1));
        BinaryPrimitives.WriteUInt16LittleEndian(core.AsSpan(blockList + 10), loadSegment);
        disk.Write(0, boot.AsSpan(0, bootCode));
        disk.Write(partition.ByteOffset, core);
    }
}
