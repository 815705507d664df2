using System.Runtime.InteropServices;
using Flatcar.Reference.Gpt;

namespace Flatcar.Reference.UpdateEngine;

/// <summary>
/// A sha256 whose state can be put away and taken up again after a restart, which .NET's own cannot. libcrypto's, since it knows the
/// processor's instructions for it.
/// </summary>
internal sealed unsafe partial class Sha256
{
    /// <summary>Bytes of libcrypto's SHA256_CTX.</summary>
    private const int StateSize = 112;

    private const string Library = "libcrypto.so.3";

    private readonly byte[] state = new byte[StateSize];

    public Sha256()
    {
        fixed (byte* context = state)
            _ = Init(context);
    }

    private Sha256(ReadOnlySpan<byte> saved) => saved.CopyTo(state);

    /// <summary>Takes up a saved state; null when that is none.</summary>
    public static Sha256? Resume(ReadOnlySpan<byte> saved) => saved.Length == StateSize ? new(saved) : null;

    public ReadOnlySpan<byte> State => state;

    public void Append(ReadOnlySpan<byte> data)
    {
        fixed (byte* context = state, from = data)
            _ = Update(context, from, (nuint)data.Length);
    }

    /// <summary>The 32 bytes up to here; more may follow.</summary>
    public byte[] Current()
    {
        var copy = state.ToArray();
        var hash = new byte[32];
        fixed (byte* context = copy, to = hash)
            _ = Final(to, context);
        return hash;
    }

    public static byte[] Of(ReadOnlySpan<byte> data)
    {
        var hash = new Sha256();
        hash.Append(data);
        return hash.Current();
    }

    /// <summary>Of the first bytes of a file or device; of fewer, where it is shorter.</summary>
    public static byte[] OfFile(string path, long length, CancellationToken cancel)
    {
        var hash = new Sha256();
        var buffer = new byte[1 << 20];
        using var file = BlockDevice.Open(path, FileAccess.Read);
        for (int read; length > 0 && (read = file.Read(buffer, 0, (int)Math.Min(length, buffer.Length))) > 0; length -= read)
        {
            cancel.ThrowIfCancellationRequested();
            hash.Append(buffer.AsSpan(0, read));
        }
        return hash.Current();
    }

    [LibraryImport(Library, EntryPoint = "SHA256_Init")]
    private static partial int Init(byte* context);

    [LibraryImport(Library, EntryPoint = "SHA256_Update")]
    private static partial int Update(byte* context, byte* data, nuint length);

    [LibraryImport(Library, EntryPoint = "SHA256_Final")]
    private static partial int Final(byte* hash, byte* context);
}
