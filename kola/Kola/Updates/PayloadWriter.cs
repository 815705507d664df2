using System.Security.Cryptography;
using System.Threading.Channels;
using Kola.Updates.Payloads;

namespace Kola.Updates;

/// <summary>
/// Writes payloads as the field's delta_generator does: MiB by MiB, each packed by bzip2 unless that makes it larger, first the partition, then the kernel.
/// All cores pack; the same input gives the same bytes, however many there are. Memory does not grow with the size: some 3 MiB for each core.
/// </summary>
internal sealed class PayloadWriter
{
    /// <summary>Most bytes one operation writes.</summary>
    public const int ChunkBytes = 1 << 20;

    private const int BlockBytes = (int)PayloadManifest.DefaultBlockSize;

    private readonly PayloadSource _source;
    private readonly Stream _data;
    private ulong _written;

    private PayloadWriter(PayloadSource source, Stream data) => (_source, _data) = (source, data);

    /// <summary>Writes a payload, with signatures by keys, or with room for them.</summary>
    /// <param name="source">What it is made from.</param>
    /// <param name="file">Where it is to be; there only when it is whole.</param>
    /// <param name="keys">Private keys, RSA. Several sign with the versions clients of several generations look for, the last one with today's.</param>
    /// <param name="cancel">Ends it; nothing is left then.</param>
    /// <exception cref="UsageException">An image is no multiple of 4096 bytes.</exception>
    /// <exception cref="PlatformException">There is no room for it.</exception>
    public static async Task WriteAsync(PayloadSource source, string file, IReadOnlyList<RSA> keys, CancellationToken cancel)
    {
        if (source.Image.Length == 0 || source.Image.Length % BlockBytes != 0)
            throw new UsageException($"{source.Image.File}: {source.Image.Length} bytes\n  wanted:  an image of whole blocks of {BlockBytes} bytes\n  next:    pad it: truncate --size %{BlockBytes} {source.Image.File}");
        if (source.Files.FirstOrDefault(f => Path.GetFullPath(f) == Path.GetFullPath(file)) is { } input)
            throw new UsageException($"--output {file}\n  wanted:  another file than {input}, which it is made from");
        if (source.BoundToOld && source.OldImages.Count != 1)
            throw new UsageException($"a payload is bound to one old image\n  got:     {source.OldImages.Count}");
        await NewFile.WriteAsync(file, async (path, token) =>
        {
            string blobs = path + ".data";
            try
            {
                await using var data = new FileStream(blobs, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, ChunkBytes, FileOptions.DeleteOnClose | FileOptions.Asynchronous);
                PayloadManifest manifest = await new PayloadWriter(source, data).WriteDataAsync(token);
                manifest = PayloadSigning.WithRoomFor([.. keys.Select(k => k.KeySize / 8), .. source.SignatureSizes], manifest, data.Length);
                data.Position = 0;
                await PayloadSigning.AssembleAsync(manifest, data, path, PayloadSigning.By(keys, source.SignatureSizes), token);
            }
            finally
            {
                File.Delete(blobs);
            }
        }, cancel);
    }

    private async Task<PayloadManifest> WriteDataAsync(CancellationToken cancel)
    {
        (IReadOnlyList<InstallOperation> partition, InstallInfo image) = await AddAsync(_source.Image, _source.OldImages, cancel);
        var manifest = new PayloadManifest
        {
            PartitionOperations = partition,
            OldPartition = _source.BoundToOld ? await InfoOfAsync(_source.OldImages[0], cancel) : null,
            NewPartition = image,
        };
        if (_source.Kernel is not { } kernel)
            return manifest;
        (IReadOnlyList<InstallOperation> operations, InstallInfo info) = await AddAsync(kernel, _source.OldKernels, cancel);
        if (_written > uint.MaxValue)
            throw new UsageException($"{_source.Image.File}: its data takes {_written} bytes\n  wanted:  at most {uint.MaxValue}: places in a payload are numbers of 32 bits");
        return manifest with
        {
            NoopOperations = [.. operations.Select(Noop)],
            Procedures = [new InstallProcedure { Type = ProcedureType.Kernel, Operations = operations, NewInfo = info }],
        };
    }

    private static InstallOperation Noop(InstallOperation operation) =>
        operation with { Type = OperationType.Replace, TargetExtents = [new Extent(Extent.Hole, Blocks(operation.DataLength))] };

    private static ulong Blocks(ulong bytes) => (bytes + BlockBytes - 1) / BlockBytes;

    // Chunks are packed side by side and written in their order: who reads is at most a few chunks ahead of who writes.
    private async Task<(IReadOnlyList<InstallOperation> Operations, InstallInfo Info)> AddAsync(ByteRange content, IReadOnlyList<ByteRange> old, CancellationToken cancel)
    {
        var operations = new List<InstallOperation>();
        var underWay = Channel.CreateBounded<Task<Packed>>(new BoundedChannelOptions(Environment.ProcessorCount) { SingleReader = true, SingleWriter = true });
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task<byte[]> read = Task.Run(() => ReadAsync(content, old, underWay.Writer, failed.Token), failed.Token);
        try
        {
            await foreach (Task<Packed> task in underWay.Reader.ReadAllAsync(cancel))
            {
                Packed packed = await task;
                operations.Add(new InstallOperation
                {
                    Type = packed.Type,
                    DataOffset = _written,
                    DataLength = (ulong)packed.Data.Length,
                    TargetExtents = [packed.Target],
                    DataSha256 = SHA256.HashData(packed.Data.Span),
                });
                await _data.WriteAsync(packed.Data, cancel);
                _written += (ulong)packed.Data.Length;
            }
        }
        finally
        {
            await failed.CancelAsync();
        }

        return (operations, new InstallInfo((ulong)content.Length, await read));
    }

    private static async Task<byte[]> ReadAsync(ByteRange content, IReadOnlyList<ByteRange> old, ChannelWriter<Task<Packed>> packing, CancellationToken cancel)
    {
        Exception? fault = null;
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await using Stream stream = Open(content);
            (Stream Stream, long End)[] before = [.. old.Select(o => ((Stream)Open(o), o.Offset + o.Length))];
            try
            {
                bool any = false;
                for (long offset = 0; offset < content.Length; offset += ChunkBytes)
                {
                    byte[] chunk = new byte[(int)Math.Min(ChunkBytes, content.Length - offset)];
                    await ReadExactlyAsync(stream, content, chunk, cancel);
                    hash.AppendData(chunk);
                    bool last = offset + ChunkBytes >= content.Length;
                    foreach (Run run in before.Length == 0 ? [Run.Whole(chunk.Length)] : await DifferentAsync(chunk, before, cancel) is { Count: > 0 } runs ? runs : any || !last ? [] : [Run.LastOf(chunk.Length)])
                    {
                        // A payload without any operation is one no client expects.
                        any = true;
                        ulong block = (ulong)((offset + run.Start) / BlockBytes);
                        var target = new Extent(block, before.Length == 0 ? ChunkBytes / BlockBytes : Blocks((ulong)run.Length));
                        ReadOnlyMemory<byte> raw = chunk.AsMemory(run.Start, run.Length);
                        await packing.WriteAsync(Task.Run(() => Pack(raw, target), cancel), cancel);
                    }
                }
            }
            finally
            {
                foreach ((Stream one, _) in before)
                    await one.DisposeAsync();
            }

            return hash.GetHashAndReset();
        }
        catch (Exception why)
        {
            fault = why;
            throw;
        }
        finally
        {
            packing.Complete(fault);
        }
    }

    // The blocks that are not the same in each of the old ones, neighbours as one.
    private static async Task<List<Run>> DifferentAsync(byte[] chunk, (Stream Stream, long End)[] before, CancellationToken cancel)
    {
        bool[] different = new bool[(chunk.Length + BlockBytes - 1) / BlockBytes];
        byte[] other = new byte[chunk.Length];
        foreach ((Stream one, long end) in before)
        {
            int there = await one.ReadAtLeastAsync(other.AsMemory(0, (int)Math.Clamp(end - one.Position, 0, other.Length)), (int)Math.Clamp(end - one.Position, 0, other.Length), throwOnEndOfStream: false, cancel);
            for (int block = 0; block < different.Length; block++)
            {
                int start = block * BlockBytes, last = Math.Min(start + BlockBytes, chunk.Length);
                different[block] |= last > there || !chunk.AsSpan(start, last - start).SequenceEqual(other.AsSpan(start, last - start));
            }
        }

        var runs = new List<Run>();
        for (int block = 0; block < different.Length; block++)
        {
            if (!different[block])
                continue;
            int first = block;
            while (block + 1 < different.Length && different[block + 1])
                block++;
            runs.Add(new Run(first * BlockBytes, Math.Min((block + 1) * BlockBytes, chunk.Length) - first * BlockBytes));
        }

        return runs;
    }

    private static Packed Pack(ReadOnlyMemory<byte> raw, Extent target)
    {
        // Room for one byte less than it is: what does not get smaller stays as it is.
        byte[] packed = new byte[Math.Max(raw.Length - 1, 0)];
        return Bzip2.Compress(raw.Span, packed) is { } length
            ? new Packed(OperationType.ReplaceBzip, packed.AsMemory(0, length), target)
            : new Packed(OperationType.Replace, raw, target);
    }

    private static async Task<InstallInfo> InfoOfAsync(ByteRange content, CancellationToken cancel)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using Stream stream = Open(content);
        byte[] buffer = new byte[ChunkBytes];
        for (long left = content.Length; left > 0;)
        {
            Memory<byte> part = buffer.AsMemory(0, (int)Math.Min(left, buffer.Length));
            await ReadExactlyAsync(stream, content, part, cancel);
            hash.AppendData(part.Span);
            left -= part.Length;
        }

        return new InstallInfo((ulong)content.Length, hash.GetHashAndReset());
    }

    private static FileStream Open(ByteRange content)
    {
        try
        {
            return new FileStream(content.File, new FileStreamOptions { Options = FileOptions.Asynchronous | FileOptions.SequentialScan, BufferSize = 0 }) { Position = content.Offset };
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{content.File}: cannot be read: {fault.Message}", fault);
        }
    }

    private static async Task ReadExactlyAsync(Stream stream, ByteRange content, Memory<byte> buffer, CancellationToken cancel)
    {
        if (await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel) < buffer.Length)
            throw new UsageException($"{content.File}: it has become shorter while it was read\n  wanted:  {content.Length} bytes from {content.Offset}");
    }

    private sealed record Packed(OperationType Type, ReadOnlyMemory<byte> Data, Extent Target);

    private readonly record struct Run(int Start, int Length)
    {
        internal static Run Whole(int length) => new(0, length);

        internal static Run LastOf(int length) => new((length - 1) / BlockBytes * BlockBytes, length - (length - 1) / BlockBytes * BlockBytes);
    }
}
