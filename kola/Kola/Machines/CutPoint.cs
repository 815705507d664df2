using System.Globalization;

namespace Kola;

/// <summary>Where in a recording of writes the power is cut, and what of the disk's cache is lost with it.</summary>
public sealed record CutPoint
{
    /// <summary>How many entries the disk had been given: from 0, a disk that was not written at all, to <see cref="DiskRecording.Count"/>.</summary>
    public required int Entry { get; init; }

    /// <summary>
    /// What is lost of the writes behind the last flush at or before <see cref="Entry"/>. Default <see cref="LostWrites.None"/>. What lies before that
    /// flush is always there.
    /// </summary>
    public LostWrites Lost { get; init; }

    /// <summary>What the machine was doing then, in a word of the test's, for reports; null where nobody says.</summary>
    public string? Phase { get; init; }

    /// <summary>In words, to go on from "power cut": <c>after write 812, unflushed writes lost by chance (seed 7)</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"after write {Entry}, {Lost}");
}

/// <summary>What a power cut takes of the writes that were not flushed.</summary>
public readonly record struct LostWrites
{
    private readonly bool _all;
    private readonly int? _seed;

    private LostWrites(bool all, int? seed) => (_all, _seed) = (all, seed);

    /// <summary>Nothing: the cache was just written out.</summary>
    public static LostWrites None { get; }

    /// <summary>Everything.</summary>
    public static LostWrites All { get; } = new(all: true, null);

    /// <summary>
    /// Each is kept or lost by a coin, in pieces of 4 KiB: a write of several pieces may be torn, a sector is not. The same seed loses the same.
    /// </summary>
    public static LostWrites Random(int seed) => new(all: false, seed);

    /// <summary>Whether a piece is lost.</summary>
    /// <param name="entry">Index of the write in its recording.</param>
    /// <param name="piece">Which 4 KiB of the disk.</param>
    public bool Takes(int entry, long piece) => _seed is { } seed ? (Mix(Mix((uint)seed, entry), piece) & 1) == 0 : _all;

    /// <summary>In words.</summary>
    public override string ToString() => _seed is { } seed
        ? string.Create(CultureInfo.InvariantCulture, $"unflushed writes lost by chance (seed {seed})")
        : _all ? "unflushed writes lost" : "unflushed writes kept";

    // SplitMix64's step: neighbours in get coins that have nothing to do with each other.
    private static ulong Mix(ulong state, long value)
    {
        ulong z = (state + 1) * 0x9E3779B97F4A7C15 + (ulong)value * 0xD1B54A32D192ED03;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
