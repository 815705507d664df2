using System.Runtime.InteropServices;
using Flatcar.Reference.Gpt;

namespace Flatcar.Reference.Init;

/// <summary>Tells the kernel of a partition's new size, which works while others of the disk are in use (BLKPG).</summary>
internal static unsafe class PartitionResize
{
    private const uint Blkpg = 0x1269;
    private const int ResizePartition = 3;

    public static void Tell(string disk, GptPartition partition)
    {
        var entry = new Entry { Start = partition.ByteOffset, Length = partition.ByteLength, Number = partition.Number };
        var argument = new Argument { Operation = ResizePartition, DataLength = sizeof(Entry), Data = &entry };
        using var file = BlockDevice.Open(disk, FileAccess.ReadWrite);
        if (!Native.Ioctl(file, Blkpg, &argument))
            throw new BootException($"resizing partition {partition.Number} of {disk} in the kernel: {Native.LastError}");
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Argument
    {
        public int Operation, Flags, DataLength;
        public Entry* Data;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Entry
    {
        public long Start, Length;
        public int Number;
        public fixed byte DeviceName[64], VolumeName[64];
    }
}
