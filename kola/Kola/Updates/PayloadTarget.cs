using System.Security.Cryptography;
using Kola.Updates.Payloads;

namespace Kola.Updates;

/// <summary>What the operations of a payload are carried out on.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Kernel">The kernel file.</param>
internal sealed record PayloadTarget(IBlockTarget Partition, IBlockTarget Kernel);

/// <summary>Something that is written block by block.</summary>
internal interface IBlockTarget
{
    /// <summary>Writes bytes, and zeroes up to a length.</summary>
    void Write(long offset, ReadOnlySpan<byte> bytes, int length);

    /// <summary>Copies blocks within it.</summary>
    void Move(InstallOperation operation, uint blockSize);

    /// <summary>Whether its first bytes are what a manifest says; null where that cannot be said.</summary>
    bool? Is(InstallInfo wanted);
}

/// <summary>Keeps nothing of what is written in order from the first byte on but its hash.</summary>
/// <param name="size">Bytes that count.</param>
internal sealed class AscendingHash(long size) : IBlockTarget, IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _zeroes = new byte[4096];
    private long _at;
    private bool _outOfOrder;

    /// <inheritdoc/>
    public void Write(long offset, ReadOnlySpan<byte> bytes, int length)
    {
        _outOfOrder |= offset != _at;
        _hash.AppendData(bytes[..(int)Math.Clamp(size - _at, 0, bytes.Length)]);
        for (long at = _at + bytes.Length; at < Math.Min(_at + length, size);)
        {
            int part = (int)Math.Min(Math.Min(_at + length, size) - at, _zeroes.Length);
            _hash.AppendData(_zeroes, 0, part);
            at += part;
        }

        _at += length;
    }

    /// <inheritdoc/>
    public void Move(InstallOperation operation, uint blockSize) => _outOfOrder = true;

    /// <inheritdoc/>
    public bool? Is(InstallInfo wanted) => _outOfOrder || _at < size || (long)wanted.Size != size ? null : _hash.GetCurrentHash().AsSpan().SequenceEqual(wanted.Sha256.Span);

    public void Dispose() => _hash.Dispose();
}

/// <summary>A file, or what an older one holds with changes.</summary>
internal sealed class FileTarget : IBlockTarget, IDisposable
{
    private readonly FileStream _file;

    private FileTarget(FileStream file) => _file = file;

    /// <summary>Makes the file, as a copy of an older one if there is one.</summary>
    public static async Task<FileTarget> CreateAsync(string path, ByteRange? old, CancellationToken cancel)
    {
        var file = new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 0, FileOptions.Asynchronous);
        try
        {
            if (old is not null)
                await CopyAsync(old, file, cancel);
            return new FileTarget(file);
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Write(long offset, ReadOnlySpan<byte> bytes, int length)
    {
        RandomAccess.Write(_file.SafeFileHandle, bytes, offset);
        if (length > bytes.Length)
            RandomAccess.Write(_file.SafeFileHandle, new byte[length - bytes.Length], offset + bytes.Length);
    }

    /// <inheritdoc/>
    public void Move(InstallOperation operation, uint blockSize)
    {
        byte[] moved = [.. operation.SourceExtents.SelectMany(e => ReadExtent(e, blockSize))];
        int at = 0;
        foreach (Extent extent in operation.TargetExtents)
        {
            int length = (int)Math.Min(extent.Blocks * blockSize, (ulong)(moved.Length - at));
            if (extent.StartBlock != Extent.Hole)
                RandomAccess.Write(_file.SafeFileHandle, moved.AsSpan(at, length), (long)(extent.StartBlock * blockSize));
            at += length;
        }
    }

    /// <summary>Cuts it to a size.</summary>
    public void SetLength(long size) => _file.SetLength(size);

    /// <inheritdoc/>
    public bool? Is(InstallInfo wanted)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 20];
        long at = 0;
        while (at < (long)wanted.Size)
        {
            int read = RandomAccess.Read(_file.SafeFileHandle, buffer.AsSpan(0, (int)Math.Min(buffer.Length, (long)wanted.Size - at)), at);
            if (read == 0)
                return false;
            hash.AppendData(buffer, 0, read);
            at += read;
        }

        return hash.GetHashAndReset().AsSpan().SequenceEqual(wanted.Sha256.Span);
    }

    public void Dispose() => _file.Dispose();

    private byte[] ReadExtent(Extent extent, uint blockSize)
    {
        byte[] bytes = new byte[extent.Blocks * blockSize];
        if (extent.StartBlock != Extent.Hole)
            RandomAccess.Read(_file.SafeFileHandle, bytes, (long)(extent.StartBlock * blockSize));
        return bytes;
    }

    private static async Task CopyAsync(ByteRange from, FileStream to, CancellationToken cancel)
    {
        await using FileStream source = File.OpenRead(from.File);
        source.Position = from.Offset;
        byte[] buffer = new byte[1 << 20];
        for (long at = 0; at < from.Length;)
        {
            int read = await source.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, from.Length - at)), cancel);
            if (read == 0)
                break;
            // Holes stay holes.
            if (buffer.AsSpan(0, read).ContainsAnyExcept((byte)0))
                await RandomAccess.WriteAsync(to.SafeFileHandle, buffer.AsMemory(0, read), at, cancel);
            at += read;
        }

        if (to.Length < from.Length)
            to.SetLength(from.Length);
    }
}
