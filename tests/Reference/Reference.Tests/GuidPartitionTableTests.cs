using System.Buffers.Binary;
using System.Text;
using Flatcar.Reference.Building;
using Flatcar.Reference.Gpt;
using NUnit.Framework;

namespace Flatcar.Reference.Tests;

public sealed class GuidPartitionTableTests
{
    private const ulong Sectors = 8192;

    private static readonly GuidPartitionTable Sample = new(new Guid("01234567-89ab-cdef-0123-456789abcdef"),
    [
        new(3, FlatcarDisk.UsrType, FlatcarDisk.UsrA, 2048, 4095, 0x0101UL << 48, "USR-A"),
        new(9, FlatcarDisk.ResizableRootType, new Guid("11111111-2222-3333-4444-555555555555"), 4096, 6143, 0, "ROOT"),
    ]);

    [Test]
    public void Crc_of_the_standard_check_string() =>
        Assert.That(Crc32.Of("123456789"u8), Is.EqualTo(0xCBF43926));

    [Test]
    public void What_is_written_is_read_again()
    {
        using var disk = Written(Sample);
        AssertSame(GuidPartitionTable.Read(disk, Sectors), Sample);
    }

    [Test]
    public void A_damaged_primary_copy_is_replaced_by_the_backup()
    {
        using var disk = Written(Sample);
        disk.Position = 2 * 512 + 40;
        disk.WriteByte(0xAA);
        AssertSame(GuidPartitionTable.Read(disk, Sectors), Sample);
    }

    [Test]
    public void A_disk_with_two_damaged_copies_has_no_table()
    {
        using var disk = Written(Sample);
        foreach (var header in (long[])[512, ((long)Sectors - 1) * 512])
        {
            disk.Position = header;
            disk.WriteByte(0);
        }
        Assert.That(GuidPartitionTable.Read(disk, Sectors), Is.Null);
    }

    [Test]
    public void An_empty_disk_has_no_table()
    {
        using var disk = new MemoryStream(new byte[Sectors * 512]);
        Assert.That(GuidPartitionTable.Read(disk, Sectors), Is.Null);
    }

    [Test]
    public void The_root_grows_to_the_end_of_the_disk_in_whole_mebibytes()
    {
        var grown = Sample.GrownRoot(8 * 2048 + 100)!;
        Assert.That(grown, Is.EqualTo(Sample.Partitions[1] with { LastSector = 8 * 2048 - 1 }));
        Assert.That(Sample.With(grown).GrownRoot(8 * 2048 + 100), Is.Null, "once is enough");
    }

    [Test]
    public void The_root_grows_up_to_the_next_partition_wherever_that_stands_in_the_table()
    {
        var next = new GptPartition(4, FlatcarDisk.OemType, Guid.NewGuid(), 10240, 12287, 0, "DATA");
        Assert.That(Sample.With(next).GrownRoot(100 * 2048)!.LastSector, Is.EqualTo(10239));
        Assert.That(Sample.With(next with { FirstSector = 6144 }).GrownRoot(100 * 2048), Is.Null, "right behind it");
    }

    [Test]
    public void A_root_of_another_type_stays_as_it_is() =>
        Assert.That(Sample.With(Sample.Partitions[1] with { TypeId = FlatcarDisk.OemType }).GrownRoot(100 * 2048), Is.Null);

    [Test]
    public void The_header_has_the_fields_of_the_specification()
    {
        using var disk = Written(Sample);
        var header = disk.ToArray().AsSpan(512, 512);
        Assert.Multiple(() =>
        {
            var copy = disk.ToArray();
            Assert.That(Encoding.ASCII.GetString(copy, 512, 8), Is.EqualTo("EFI PART"));
            Assert.That(copy[510..512], Is.EqualTo(new byte[] { 0x55, 0xAA }));
            Assert.That(copy[450], Is.EqualTo(0xEE), "protective MBR");
        });
        Assert.That(BinaryPrimitives.ReadUInt64LittleEndian(header[24..]), Is.EqualTo(1), "this copy");
        Assert.That(BinaryPrimitives.ReadUInt64LittleEndian(header[32..]), Is.EqualTo(Sectors - 1), "the other copy");
        Assert.That(BinaryPrimitives.ReadUInt64LittleEndian(header[40..]), Is.EqualTo(34), "first usable sector");
        Assert.That(BinaryPrimitives.ReadUInt64LittleEndian(header[48..]), Is.EqualTo(Sectors - 34), "last usable sector");
    }

    [Test]
    public void Boot_code_before_the_protective_entry_is_kept()
    {
        using var disk = new MemoryStream(new byte[Sectors * 512]);
        disk.Write("boot code"u8);
        Sample.Write(disk, Sectors);
        Assert.That(Encoding.ASCII.GetString(disk.ToArray(), 0, 9), Is.EqualTo("boot code"));
    }

    [Test]
    public void A_table_moves_to_the_end_of_a_disk_that_has_grown()
    {
        using var disk = Written(Sample);
        disk.SetLength(2 * (long)Sectors * 512);
        var table = GuidPartitionTable.Read(disk, 2 * Sectors)!;
        table.Write(disk, 2 * Sectors);
        disk.Position = 512;
        disk.WriteByte(0);
        AssertSame(GuidPartitionTable.Read(disk, 2 * Sectors), Sample);
    }

    // cgpt add -P 2 -T 1 -S 0 writes 0x0012 into the upper 16 bits, -P 1 -T 0 -S 1 writes 0x0101.
    [TestCase(2, 1, false, 0x0012)]
    [TestCase(1, 0, true, 0x0101)]
    [TestCase(15, 15, true, 0x01FF)]
    public void Slot_state_has_the_bits_of_cgpt(int priority, int tries, bool successful, int upper)
    {
        var partition = Sample.Partitions[1].WithSlotState(priority, tries, successful);
        Assert.That(partition.Attributes >> 48, Is.EqualTo((ulong)upper));
        Assert.That((partition.Priority, partition.Tries, partition.Successful), Is.EqualTo((priority, tries, successful)));
    }

    [Test]
    public void The_image_has_the_partitions_of_the_contract()
    {
        Assert.That(
            DiskLayout.Table.Partitions.Select(p => (p.Number, p.Name, p.FirstSector, p.Sectors / 2048)),
            Is.EqualTo(new (int, string, ulong, ulong)[]
            {
                (1, "EFI-SYSTEM", 4096, 1024), (2, "BIOS-BOOT", 2_101_248, 2), (3, "USR-A", 2_105_344, 2048), (4, "USR-B", 6_299_648, 2048),
                (6, "OEM", 10_493_952, 1024), (7, "OEM-CONFIG", 12_591_104, 64), (9, "ROOT", 12_722_176, 6320),
            }));
        Assert.That(FlatcarDisk.VerityHashOffset, Is.EqualTo(1_065_345_024));
    }

    private static MemoryStream Written(GuidPartitionTable table)
    {
        var disk = new MemoryStream();
        disk.Write(new byte[Sectors * 512]);
        table.Write(disk, Sectors);
        return disk;
    }

    private static void AssertSame(GuidPartitionTable? actual, GuidPartitionTable expected)
    {
        Assert.That(actual, Is.Not.Null);
        Assert.That(actual!.DiskId, Is.EqualTo(expected.DiskId));
        Assert.That(actual.Partitions, Is.EqualTo(expected.Partitions));
    }
}
