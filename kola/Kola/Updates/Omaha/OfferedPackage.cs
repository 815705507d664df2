using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Kola.Updates.Omaha;

/// <summary>An offer with what is said of its files.</summary>
/// <param name="Offer">The offer.</param>
/// <param name="Packages">Its payload, then its further files.</param>
internal sealed record OfferedUpdate(UpdateOffer Offer, IReadOnlyList<OfferedPackage> Packages);

/// <summary>What a server says of a file.</summary>
/// <param name="File">Where it is.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha1">Base64.</param>
/// <param name="Sha256">32 bytes.</param>
internal sealed record OfferedPackage(string File, long Size, string Sha1, byte[] Sha256)
{
    // A payload has hundreds of MB, and every test of a run offers the same few.
    private static readonly ConcurrentDictionary<(string File, long Size, DateTime Written), Lazy<Task<OfferedPackage>>> s_read = [];

    /// <summary>The name as it stands in an address.</summary>
    internal string UrlName => Uri.EscapeDataString(Path.GetFileName(File));

    /// <summary>Reads a file once for all who offer it.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal static Task<OfferedPackage> OfAsync(string file)
    {
        var info = new FileInfo(file);
        return s_read.GetOrAdd((info.FullName, info.Length, info.LastWriteTimeUtc), static key => new Lazy<Task<OfferedPackage>>(() => Task.Run(() => Read(key.File, key.Size)))).Value;
    }

    private static OfferedPackage Read(string file, long size)
    {
#pragma warning disable CA5350 // The protocol has a SHA-1; nobody trusts it.
        using var sha1 = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
#pragma warning restore CA5350
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using FileStream content = System.IO.File.OpenRead(file);
        byte[] buffer = new byte[1 << 20];
        for (int read = content.Read(buffer); read > 0; read = content.Read(buffer))
        {
            sha1.AppendData(buffer, 0, read);
            sha256.AppendData(buffer, 0, read);
        }

        return new OfferedPackage(file, size, Convert.ToBase64String(sha1.GetHashAndReset()), sha256.GetHashAndReset());
    }
}
