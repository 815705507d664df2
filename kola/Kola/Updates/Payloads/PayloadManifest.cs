namespace Kola.Updates.Payloads;

/// <summary>What a payload says of itself: which operations make a partition and a kernel, and what these are to be in the end.</summary>
internal sealed record PayloadManifest
{
    /// <summary>Bytes of a block where the file does not say otherwise.</summary>
    public const uint DefaultBlockSize = 4096;

    public IReadOnlyList<InstallOperation> PartitionOperations { get; init; } = [];

    /// <summary>What clients older than procedures need in order to get past their data. Today's pass over them.</summary>
    public IReadOnlyList<InstallOperation> NoopOperations { get; init; } = [];

    /// <summary>Bytes of a block.</summary>
    public uint BlockSize { get; init; } = DefaultBlockSize;

    /// <summary>Bytes from the end of the manifest to the signatures; null where there are none.</summary>
    public ulong? SignaturesOffset { get; init; }

    public ulong? SignaturesSize { get; init; }

    /// <summary>What the partition has to be before; null where that is no matter.</summary>
    public InstallInfo? OldPartition { get; init; }

    /// <summary>What the partition is to be.</summary>
    public InstallInfo? NewPartition { get; init; }

    public IReadOnlyList<InstallProcedure> Procedures { get; init; } = [];

    /// <summary>The procedure that makes the kernel; null where there is none.</summary>
    public InstallProcedure? Kernel => Procedures.FirstOrDefault(p => p.Type == ProcedureType.Kernel);

    /// <summary>Every operation whose data is in the file, in the order in which that data stands there.</summary>
    public IEnumerable<InstallOperation> Operations => PartitionOperations.Concat(Procedures.SelectMany(p => p.Operations));

    /// <summary>Reads a manifest.</summary>
    /// <param name="message">Its bytes.</param>
    /// <exception cref="PayloadException">They are none: <see cref="PayloadFault.Manifest"/>, with the byte of the file.</exception>
    public static PayloadManifest Parse(ReadOnlyMemory<byte> message)
    {
        var reader = new WireReader(message, PayloadHeader.Length);
        var manifest = new PayloadManifest();
        List<InstallOperation> partition = [], noop = [];
        var procedures = new List<InstallProcedure>();
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    partition.Add(InstallOperation.Parse(reader.Message()));
                    break;
                case 2:
                    noop.Add(InstallOperation.Parse(reader.Message()));
                    break;
                case 3:
                    ulong size = reader.Number();
                    manifest = manifest with { BlockSize = size is > 0 and <= 1 << 20 ? (uint)size : throw reader.Wrong($"a block has {size} bytes") };
                    break;
                case 4:
                    manifest = manifest with { SignaturesOffset = reader.Number() };
                    break;
                case 5:
                    manifest = manifest with { SignaturesSize = reader.Number() };
                    break;
                case 8:
                    manifest = manifest with { OldPartition = InstallInfo.Parse(reader.Message()) };
                    break;
                case 9:
                    manifest = manifest with { NewPartition = InstallInfo.Parse(reader.Message()) };
                    break;
                case 10:
                    procedures.Add(InstallProcedure.Parse(reader.Message()));
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return manifest with { PartitionOperations = partition, NoopOperations = noop, Procedures = procedures };
    }

    /// <summary>The same as bytes: equal manifests give equal bytes.</summary>
    public byte[] ToBytes()
    {
        var writer = new WireWriter();
        foreach (InstallOperation operation in PartitionOperations)
            writer.Message(1, operation.Write);
        foreach (InstallOperation operation in NoopOperations)
            writer.Message(2, operation.Write);
        writer.Number(3, BlockSize);
        writer.Number(4, SignaturesOffset);
        writer.Number(5, SignaturesSize);
        if (OldPartition is { } old)
            writer.Message(8, old.Write);
        if (NewPartition is { } @new)
            writer.Message(9, @new.Write);
        foreach (InstallProcedure procedure in Procedures)
            writer.Message(10, procedure.Write);
        return writer.ToBytes();
    }
}
