using System.Runtime.InteropServices;

namespace Kola.Updates.Payloads;

/// <summary>
/// The system's libbz2, which every Debian, Ubuntu and Flatcar has: what it packs is what the field's bzip2 packs, bit for bit, and no managed one is as fast.
/// </summary>
internal static partial class Bzip2
{
    private const string Library = "libbz2.so.1.0";
    private const int Ok = 0, OutputFull = -8;

    // 900 kB at once, the most there is; the library's own choice of effort.
    private const int BlockSize100k = 9, WorkFactor = 0;

    /// <summary>Packs a buffer into one stream.</summary>
    /// <returns>The bytes it takes; null where it would take more than <paramref name="target"/> has.</returns>
    public static unsafe int? Compress(ReadOnlySpan<byte> source, Span<byte> target)
    {
        fixed (byte* from = source, to = target)
        {
            uint length = (uint)target.Length;
            int result = BuffToBuffCompress(to, ref length, from, (uint)source.Length, BlockSize100k, 0, WorkFactor);
            return result switch
            {
                Ok => (int)length,
                OutputFull => null,
                _ => throw new InvalidOperationException($"libbz2 does not compress: {result}"),
            };
        }
    }

    /// <summary>Unpacks one stream.</summary>
    /// <returns>The bytes that came out; null where that is no stream, or more comes out than <paramref name="target"/> takes.</returns>
    public static unsafe int? Decompress(ReadOnlySpan<byte> source, Span<byte> target)
    {
        fixed (byte* from = source, to = target)
        {
            uint length = (uint)target.Length;
            return BuffToBuffDecompress(to, ref length, from, (uint)source.Length, 0, 0) == Ok ? (int)length : null;
        }
    }

    [LibraryImport(Library, EntryPoint = "BZ2_bzBuffToBuffCompress")]
    private static unsafe partial int BuffToBuffCompress(byte* dest, ref uint destLen, byte* source, uint sourceLen, int blockSize100k, int verbosity, int workFactor);

    [LibraryImport(Library, EntryPoint = "BZ2_bzBuffToBuffDecompress")]
    private static unsafe partial int BuffToBuffDecompress(byte* dest, ref uint destLen, byte* source, uint sourceLen, int small, int verbosity);
}
