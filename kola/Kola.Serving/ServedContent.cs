using System.IO.Compression;
using System.Text;

namespace Kola.Serving;

/// <summary>A file as it goes out.</summary>
internal static class ServedContent
{
    /// <summary>What the words make of a file. The one next to the file is done first.</summary>
    /// <param name="content">The file.</param>
    /// <param name="words">Those that do nothing to a content are passed over.</param>
    /// <param name="fill">Replaces references in a text.</param>
    internal static byte[] Of(byte[] content, IEnumerable<ServedWord> words, Func<string, string> fill) => words.Reverse().Aggregate(content, (now, word) => word.Name switch
    {
        "gzip" => Compressed(now),
        "filled" => Encoding.UTF8.GetBytes(fill(Encoding.UTF8.GetString(now))),
        "wrong" => Changed(now),
        _ => now,
    });

    private static byte[] Compressed(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
            gzip.Write(content);
        return packed.ToArray();
    }

    private static byte[] Changed(byte[] content)
    {
        byte[] changed = [.. content];
        if (changed.Length > 0)
            changed[0] ^= 1;
        return changed;
    }
}
