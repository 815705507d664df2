using Kola.Updates.Payloads;

namespace Flatcar.Reference.UpdateEngine;

/// <summary>Carries out one operation on a partition or file.</summary>
internal static class BlockWriter
{
    public static void Apply(FileStream target, InstallOperation operation, ReadOnlySpan<byte> data, uint blockSize)
    {
        switch (operation.Type)
        {
            case OperationType.Replace:
                Write(target, operation.TargetExtents, data, blockSize);
                break;
            case OperationType.ReplaceBzip:
                var room = new byte[checked((int)(Blocks(operation.TargetExtents) * blockSize))];
                var length = Bzip2.Decompress(data, room) ?? throw Wrong("the data does not unpack");
                Write(target, operation.TargetExtents, room.AsSpan(0, length), blockSize);
                break;
            case OperationType.Move:
                Write(target, operation.TargetExtents, Read(target, operation.SourceExtents, blockSize), blockSize);
                break;
            default:
                throw Wrong($"operations of type {operation.Type} are not known here");
        }
    }

    /// <summary>Writes over the extents, one after the other, and zeros over what is left of them.</summary>
    private static void Write(FileStream target, IReadOnlyList<Extent> extents, ReadOnlySpan<byte> data, uint blockSize)
    {
        if ((ulong)data.Length > Blocks(extents) * blockSize)
            throw Wrong($"{data.Length} bytes for {Blocks(extents)} blocks");
        foreach (var extent in extents)
        {
            var size = checked((int)(extent.Blocks * blockSize));
            var part = data[..Math.Min(size, data.Length)];
            data = data[part.Length..];
            if (extent.StartBlock == Extent.Hole)
                continue;
            if (extent.StartBlock > (ulong)(long.MaxValue / 2) / blockSize)
                throw Wrong($"block {extent.StartBlock}");
            target.Position = (long)(extent.StartBlock * blockSize);
            try
            {
                target.Write(part);
                if (part.Length < size)
                    target.Write(new byte[size - part.Length]);
            }
            catch (IOException e)
            {
                throw Wrong(e.Message);
            }
        }
    }

    private static byte[] Read(FileStream target, IReadOnlyList<Extent> extents, uint blockSize)
    {
        var data = new byte[checked((int)(Blocks(extents) * blockSize))];
        var at = 0;
        foreach (var extent in extents)
        {
            var size = (int)(extent.Blocks * blockSize);
            if (extent.StartBlock != Extent.Hole)
            {
                target.Position = checked((long)(extent.StartBlock * blockSize));
                if (target.ReadAtLeast(data.AsSpan(at, size), size, throwOnEndOfStream: false) < size)
                    throw Wrong($"block {extent.StartBlock} is not to be read");
            }
            at += size;
        }
        return data;
    }

    private static ulong Blocks(IReadOnlyList<Extent> extents)
    {
        const ulong most = 1 << 18;
        ulong blocks = 0;
        foreach (var extent in extents)
            blocks = extent.Blocks > most || blocks > most ? throw Wrong("an operation of more than 1 GiB") : blocks + extent.Blocks;
        return blocks;
    }

    private static UpdateException Wrong(string what) => new(ErrorCode.OperationExecution, what);
}
