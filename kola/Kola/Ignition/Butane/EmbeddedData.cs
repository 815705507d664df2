using System.IO.Compression;
using System.Text;

namespace Kola.Ignition;

/// <summary>Contents as a data URL, in the shortest of the three forms Butane chooses from.</summary>
internal static class EmbeddedData
{
    private const string Hex = "0123456789ABCDEF";
    private const string Unreserved = "-_.!~*'()";

    /// <summary>The URL, and the compression that was chosen.</summary>
    /// <param name="contents">What it is to hold.</param>
    /// <param name="compressed">Whether the contents are compressed already, by whoever wrote the config: then they are not compressed again.</param>
    /// <returns>The compression is <c>gzip</c> or nothing; null when it was not for Butane to choose.</returns>
    internal static (string Url, string? Compression) Of(byte[] contents, bool compressed)
    {
        string shortest = "," + Escaped(contents);
        string base64 = ";base64," + Convert.ToBase64String(contents);
        if (base64.Length < shortest.Length)
            shortest = base64;
        if (compressed)
            return ("data:" + shortest, null);
        string gzip = ";base64," + Convert.ToBase64String(Gzip(contents));
        return gzip.Length + "gzip".Length < shortest.Length ? ("data:" + gzip, "gzip") : ("data:" + shortest, "");
    }

    /// <summary>Percent-encoded: <c>data:,hello%20world</c>, the only form Butane's oldest schema writes.</summary>
    internal static string Plain(byte[] contents) => "data:," + Escaped(contents);

    private static string Escaped(byte[] contents)
    {
        var text = new StringBuilder(contents.Length);
        foreach (byte b in contents)
        {
            if (char.IsAsciiLetterOrDigit((char)b) || Unreserved.Contains((char)b))
                text.Append((char)b);
            else
                text.Append('%').Append(Hex[b >> 4]).Append(Hex[b & 15]);
        }

        return text.ToString();
    }

    private static byte[] Gzip(byte[] contents)
    {
        using var to = new MemoryStream();
        using (var gzip = new GZipStream(to, CompressionLevel.SmallestSize))
            gzip.Write(contents);
        return to.ToArray();
    }
}
