using System.Globalization;
using System.Text.RegularExpressions;

namespace Kola.Updates.Omaha;

/// <summary>A part of a file.</summary>
/// <param name="From">First byte.</param>
/// <param name="Length">Bytes; 0 for a part that no file of this size has.</param>
internal readonly partial record struct ByteRange(long From, long Length)
{
    /// <summary>What a Range header asks for.</summary>
    /// <param name="header"><c>bytes=4096-</c>, <c>bytes=0-4095</c>, <c>bytes=-4096</c>.</param>
    /// <param name="size">Bytes of the file.</param>
    /// <returns>Null for the whole file: what is no range, or several, is as good as none.</returns>
    internal static ByteRange? Parse(string? header, long size)
    {
        if (header is null || Shape().Match(header) is not { Success: true } match)
            return null;
        (string first, string last) = (match.Groups[1].Value, match.Groups[2].Value);
        if (first.Length == 0)
        {
            if (last.Length == 0)
                return null;
            long end = Math.Min(Number(last), size);
            return new ByteRange(size - end, end);
        }

        long from = Number(first);
        long to = last.Length == 0 ? long.MaxValue : Number(last);
        if (to < from)
            return null;
        return from >= size ? new ByteRange(from, 0) : new ByteRange(from, Math.Min(to, size - 1) - from + 1);
    }

    // No file is as large as what does not fit.
    private static long Number(string digits) => long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : long.MaxValue;

    // bytes=4096-8191
    [GeneratedRegex(@"^bytes=\s*([0-9]*)-([0-9]*)\s*$")]
    private static partial Regex Shape();
}
