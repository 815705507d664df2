namespace Kola.Updates.Payloads;

/// <summary>What is done with an operation's data. The numbers are the file's.</summary>
internal enum OperationType
{
    /// <summary>The data is written as it is.</summary>
    Replace = 0,

    /// <summary>The data is one stream of bzip2; what comes out is written.</summary>
    ReplaceBzip = 1,

    /// <summary>Blocks of the partition are copied within it.</summary>
    Move = 2,

    /// <summary>The data is a patch of blocks of the partition.</summary>
    BsDiff = 3,
}

/// <summary>A run of blocks.</summary>
/// <param name="StartBlock">First block; <see cref="Hole"/> for none on disk.</param>
/// <param name="Blocks">How many.</param>
internal readonly record struct Extent(ulong StartBlock, ulong Blocks)
{
    /// <summary>Start of what is written nowhere.</summary>
    public const ulong Hole = ulong.MaxValue;
}

/// <summary>One step of an update.</summary>
internal sealed record InstallOperation
{
    public OperationType Type { get; init; }

    /// <summary>Bytes from the end of the manifest to the data; null where there is none.</summary>
    public ulong? DataOffset { get; init; }

    /// <summary>Bytes of data, as stored.</summary>
    public ulong DataLength { get; init; }

    public IReadOnlyList<Extent> SourceExtents { get; init; } = [];

    public ulong? SourceLength { get; init; }

    public IReadOnlyList<Extent> TargetExtents { get; init; } = [];

    public ulong? TargetLength { get; init; }

    /// <summary>32 bytes, of the data as stored; null where the file has none.</summary>
    public ReadOnlyMemory<byte>? DataSha256 { get; init; }

    internal static InstallOperation Parse(WireReader reader)
    {
        var operation = new InstallOperation { Type = (OperationType)(-1) };
        var sources = new List<Extent>();
        var targets = new List<Extent>();
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    ulong type = reader.Number();
                    operation = operation with { Type = type <= 3 ? (OperationType)type : throw reader.Wrong($"there is no operation of type {type}") };
                    break;
                case 2:
                    operation = operation with { DataOffset = Short(ref reader) };
                    break;
                case 3:
                    operation = operation with { DataLength = Short(ref reader) };
                    break;
                case 4:
                    sources.Add(ParseExtent(reader.Message()));
                    break;
                case 5:
                    operation = operation with { SourceLength = reader.Number() };
                    break;
                case 6:
                    targets.Add(ParseExtent(reader.Message()));
                    break;
                case 7:
                    operation = operation with { TargetLength = reader.Number() };
                    break;
                case 8:
                    operation = operation with { DataSha256 = reader.Data() };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return (int)operation.Type >= 0 ? operation with { SourceExtents = sources, TargetExtents = targets } : throw reader.Wrong("an operation has no type");
    }

    // The format has 32 bits for these.
    private static ulong Short(ref WireReader reader) =>
        reader.Number() is <= uint.MaxValue and var number ? number : throw reader.Wrong("a place or a length has more than 32 bits");

    internal void Write(WireWriter writer)
    {
        writer.Number(1, (ulong)Type);
        if (DataOffset is not null)
        {
            writer.Number(2, DataOffset);
            writer.Number(3, DataLength);
        }

        foreach (Extent extent in SourceExtents)
            writer.Message(4, e => WriteExtent(e, extent));
        writer.Number(5, SourceLength);
        foreach (Extent extent in TargetExtents)
            writer.Message(6, e => WriteExtent(e, extent));
        writer.Number(7, TargetLength);
        if (DataSha256 is { } hash)
            writer.Data(8, hash.Span);
    }

    private static Extent ParseExtent(WireReader reader)
    {
        var extent = default(Extent);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    extent = extent with { StartBlock = reader.Number() };
                    break;
                case 2:
                    extent = extent with { Blocks = reader.Number() };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return extent;
    }

    private static void WriteExtent(WireWriter writer, Extent extent)
    {
        writer.Number(1, extent.StartBlock);
        writer.Number(2, extent.Blocks);
    }
}

/// <summary>What something is to be when all is done.</summary>
/// <param name="Size">Bytes from its start that count.</param>
/// <param name="Sha256">32 bytes, of those.</param>
internal sealed record InstallInfo(ulong Size, ReadOnlyMemory<byte> Sha256)
{
    internal static InstallInfo Parse(WireReader reader)
    {
        var info = new InstallInfo(0, ReadOnlyMemory<byte>.Empty);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    info = info with { Size = reader.Number() };
                    break;
                case 2:
                    info = info with { Sha256 = reader.Data() };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return info;
    }

    internal void Write(WireWriter writer)
    {
        writer.Number(1, Size);
        writer.Data(2, Sha256.Span);
    }
}

/// <summary>What a procedure makes beside the partition.</summary>
internal enum ProcedureType
{
    /// <summary>The kernel file of the slot.</summary>
    Kernel = 0,

    /// <summary>A policy for TPMs.</summary>
    PcrPolicy = 1,
}

/// <summary>Operations on something else than the partition.</summary>
internal sealed record InstallProcedure
{
    /// <summary>What it makes; a number of which nobody here knows is kept.</summary>
    public ProcedureType Type { get; init; }

    public IReadOnlyList<InstallOperation> Operations { get; init; } = [];

    public InstallInfo? OldInfo { get; init; }

    public InstallInfo? NewInfo { get; init; }

    internal static InstallProcedure Parse(WireReader reader)
    {
        var procedure = new InstallProcedure();
        var operations = new List<InstallOperation>();
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    procedure = procedure with { Type = (ProcedureType)reader.Number() };
                    break;
                case 2:
                    operations.Add(InstallOperation.Parse(reader.Message()));
                    break;
                case 3:
                    procedure = procedure with { OldInfo = InstallInfo.Parse(reader.Message()) };
                    break;
                case 4:
                    procedure = procedure with { NewInfo = InstallInfo.Parse(reader.Message()) };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return procedure with { Operations = operations };
    }

    internal void Write(WireWriter writer)
    {
        writer.Number(1, (ulong)Type);
        foreach (InstallOperation operation in Operations)
            writer.Message(2, operation.Write);
        if (OldInfo is { } old)
            writer.Message(3, old.Write);
        if (NewInfo is { } @new)
            writer.Message(4, @new.Write);
    }
}
