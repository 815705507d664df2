using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Kola.Reporting;

namespace Kola.Running;

/// <summary>
/// Whether copies can be trusted: some of the tests that ran on copies are repeated on machines booted cold, and what they say there is held
/// against what they said before.
/// </summary>
internal static class Parity
{
    /// <summary>Draws the tests that are repeated. The same ids, share and seed draw the same.</summary>
    /// <param name="copied">Ids of the tests whose machines are to be copies.</param>
    /// <param name="share">0 to 1. Of few tests, one is drawn as often as the share says: over many runs none is left out.</param>
    /// <param name="seed">The run's.</param>
    internal static HashSet<string> Draw(IReadOnlyCollection<string> copied, double share, int seed)
    {
        double chance = Hash($"{seed}") / (double)uint.MaxValue;
        // 1.0 would be one more than was asked for.
        int count = (int)Math.Floor(share * copied.Count + Math.Min(chance, 0.999_999));
        return [.. copied.OrderBy(id => Hash($"{seed}/{id}")).ThenBy(id => id, StringComparer.Ordinal).Take(share <= 0 ? 0 : count)];
    }

    /// <summary>What is on record of a repetition.</summary>
    internal static ParityChecked Compare(TestEnded copied, TestEnded cold, IReadOnlyList<string> templates) => new()
    {
        At = cold.At,
        Test = copied.Test,
        Templates = templates,
        Cloned = copied.Outcome,
        Cold = cold.Outcome,
        Message = Says(cold.Outcome) ? cold.Message : $"nothing is known of parity: {cold.Message}",
    };

    /// <summary>The final word on a test that was repeated.</summary>
    internal static TestEnded Judge(TestEnded copied, ParityChecked parity, double elapsedSeconds)
    {
        TestEnded whole = copied with { At = parity.At, ElapsedSeconds = elapsedSeconds };
        return parity.Disagrees
            ? whole with { Outcome = Outcome.Broken, Message = ParityWords.Disagreement(parity, copied.Message), Trace = null }
            : whole;
    }

    // A cold machine that could not be had, or was not run to its end, contradicts nobody.
    private static bool Says(Outcome outcome) => outcome is not (Outcome.Broken or Outcome.NotRun);

    // Stable over processes and versions, unlike string.GetHashCode.
    private static uint Hash(string text) => BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
