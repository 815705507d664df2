using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Kola;

/// <summary>
/// One of several parts of a selection, each for a run of its own. Which part a test is in depends on its id and the number of parts alone, so
/// hosts need not talk to each other; that parts take equally long is not promised, and one may be empty.
/// </summary>
/// <param name="Number">1 to <paramref name="Of"/>.</param>
/// <param name="Of">How many parts there are; at least 1.</param>
public sealed record Shard(int Number, int Of)
{
    /// <summary>Most parts; more than there are tests anywhere.</summary>
    public const int Most = 10_000;

    /// <summary>Reads <c>2/3</c>.</summary>
    /// <returns>Null for anything else.</returns>
    public static Shard? Parse(string text)
    {
        string[] parts = text.Split('/');
        return parts.Length == 2 && Whole(parts[0]) is { } number && Whole(parts[1]) is { } of && number >= 1 && number <= of && of <= Most ? new Shard(number, of) : null;
    }

    /// <summary>Whether a test is in this part.</summary>
    public bool Holds(string test) => (int)(BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(test))) % (ulong)Of) == Number - 1;

    /// <summary>What parts of one selection agree in: <c>sha256:</c> and 64 hex digits over the ids of all its tests, in any order.</summary>
    public static string DigestOf(IEnumerable<string> tests) =>
        "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', tests.Distinct().Order(StringComparer.Ordinal)))));

    /// <summary><c>2/3</c></summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number}/{Of}");

    private static int? Whole(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
