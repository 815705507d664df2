namespace Kola.Updates;

/// <summary>What a payload is made from.</summary>
internal sealed record PayloadSource
{
    /// <summary>What the partition is to hold; a multiple of 4096 bytes.</summary>
    public required ByteRange Image { get; init; }

    /// <summary>What the kernel file is to hold; null leaves the kernel out, as for a system extension.</summary>
    public ByteRange? Kernel { get; init; }

    /// <summary>
    /// What the partition may hold before: only what differs from one of these is put in, since a client first copies the old slot over the new one.
    /// None puts all in.
    /// </summary>
    public IReadOnlyList<ByteRange> OldImages { get; init; } = [];

    /// <summary>The same of the kernel file.</summary>
    public IReadOnlyList<ByteRange> OldKernels { get; init; } = [];

    /// <summary>Have a client refuse the payload (code 20) where the partition does not hold the one old image. Default no.</summary>
    public bool BoundToOld { get; init; }

    /// <summary>The files all of it comes from.</summary>
    public IEnumerable<string> Files => OldImages.Concat(OldKernels).Prepend(Image).Concat(Kernel is null ? [] : [Kernel]).Select(range => range.File);

    /// <summary>Bytes of each signature there is to be room for: 256 for RSA-2048.</summary>
    public IReadOnlyList<int> SignatureSizes { get; init; } = [];
}

/// <summary>A part of a file.</summary>
/// <param name="File">The file.</param>
/// <param name="Offset">First byte.</param>
/// <param name="Length">How many.</param>
internal sealed record ByteRange(string File, long Offset, long Length)
{
    /// <summary>All of a file.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static ByteRange Of(string file) => new FileInfo(file) is { Exists: true } info
        ? new ByteRange(file, 0, info.Length)
        : throw new UsageException($"{file}: there is no such file\n  wanted:  an image or a kernel");

    /// <summary>The first bytes of this.</summary>
    public ByteRange First(long length) => this with { Length = Math.Min(length, Length) };
}
