using System.Buffers.Binary;
using System.Text;
using Flatcar.Reference.Gpt;

namespace Flatcar.Reference.Init;

/// <summary>/dev/mapper/usr: a USR partition whose blocks are checked against a root hash (kernel's device-mapper.h, verity.rst).</summary>
internal static unsafe class VerityDevice
{
    public const string Path = "/dev/mapper/usr";

    private const string Name = "usr";
    private const int HeaderSize = 312, TargetSize = 40, BufferSize = 4096;
    private const uint Create = 0xC138_FD03, Remove = 0xC138_FD04, Suspend = 0xC138_FD06, TableLoad = 0xC138_FD09;
    private const uint ReadOnlyFlag = 1;

    /// <summary>Opens the device. A wrong hash shows at the first read, as an I/O error.</summary>
    public static void Open(string partition, string rootHash)
    {
        var block = Superblock.Read(partition);
        var uuid = $"CRYPT-VERITY-{block.Uuid}-{Name}";
        Control(Create, buffer => Encoding.ASCII.GetBytes(uuid, buffer[176..]));
        LoadTable(partition, rootHash, block, "");
        var minor = Directory.GetDirectories("/sys/block", "dm-*").Select(System.IO.Path.GetFileName).First(
            dm => File.ReadAllText($"/sys/block/{dm}/dm/name").Trim() == Name);
        File.Delete(Path);
        File.CreateSymbolicLink(Path, $"../{minor}");
    }

    /// <summary>From now on a corrupt block panics the kernel, as on Flatcar. Not earlier: a slot with a wrong hash has to be left quietly.</summary>
    public static void PanicOnCorruption(string partition, string rootHash) =>
        LoadTable(partition, rootHash, Superblock.Read(partition), " 1 panic_on_corruption");

    public static void Close() => Control(Remove, _ => { });

    private static void LoadTable(string partition, string rootHash, Superblock block, string options)
    {
        var firstHashBlock = FlatcarDisk.VerityHashOffset / block.HashBlockSize + 1;
        var parameters = $"{block.HashType} {partition} {partition} {block.DataBlockSize} {block.HashBlockSize} {block.DataBlocks} "
            + $"{firstHashBlock} {block.Algorithm} {rootHash} {block.Salt}{options}";
        Control(TableLoad, buffer =>
        {
            BinaryPrimitives.WriteUInt32LittleEndian(buffer[20..], 1);
            BinaryPrimitives.WriteUInt32LittleEndian(buffer[28..], ReadOnlyFlag);
            var target = buffer[HeaderSize..];
            BinaryPrimitives.WriteInt64LittleEndian(target[8..], block.DataBlocks * block.DataBlockSize / GuidPartitionTable.SectorSize);
            "verity"u8.CopyTo(target[24..]);
            Encoding.ASCII.GetBytes(parameters, target[TargetSize..]);
        });
        // Without its "suspend" flag this resumes, which puts the loaded table in place.
        Control(Suspend, _ => { });
    }

    private static void Control(uint request, BufferFill fill)
    {
        var buffer = new byte[BufferSize];
        BinaryPrimitives.WriteUInt32LittleEndian(buffer, 4);
        BinaryPrimitives.WriteUInt32LittleEndian(buffer.AsSpan(12), BufferSize);
        BinaryPrimitives.WriteUInt32LittleEndian(buffer.AsSpan(16), HeaderSize);
        Encoding.ASCII.GetBytes(Name, buffer.AsSpan(48));
        fill(buffer);
        using var file = new FileStream("/dev/mapper/control", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        fixed (byte* pointer = buffer)
        {
            if (!Native.Ioctl(file, request, pointer))
                throw new BootException($"device-mapper request {request & 0xFF} for {Name}: {Native.LastError}");
        }
    }

    private delegate void BufferFill(Span<byte> buffer);

    private sealed record Superblock(
        string Uuid, uint HashType, string Algorithm, uint DataBlockSize, uint HashBlockSize, long DataBlocks, string Salt)
    {
        public static Superblock Read(string partition)
        {
            var data = new byte[512];
            using (var file = BlockDevice.Open(partition, FileAccess.Read))
            {
                file.Position = FlatcarDisk.VerityHashOffset;
                file.ReadExactly(data);
            }
            if (!data.AsSpan(0, 8).SequenceEqual("verity\0\0"u8))
                throw new BootException($"{partition} has no dm-verity superblock at byte {FlatcarDisk.VerityHashOffset}");
            var saltLength = BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(80));
            return new(
                Convert.ToHexStringLower(data.AsSpan(16, 16)),
                BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(12)),
                Encoding.ASCII.GetString(data.AsSpan(32, 32)).TrimEnd('\0'),
                BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(64)),
                BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(68)),
                BinaryPrimitives.ReadInt64LittleEndian(data.AsSpan(72)),
                saltLength == 0 ? "-" : Convert.ToHexStringLower(data.AsSpan(88, saltLength)));
        }
    }
}
