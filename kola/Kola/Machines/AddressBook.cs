namespace Kola.Machines;

/// <summary>Which machine of a test has which address on which segment.</summary>
internal sealed record AddressBook
{
    /// <summary>A machine's address on a segment, IPv4 where it has one. What the harness gave none is not in it.</summary>
    internal required IReadOnlyDictionary<(string Machine, string Segment), string> Addresses { get; init; }

    /// <summary>Each machine's first address; empty when it has none.</summary>
    internal required IReadOnlyDictionary<string, string> First { get; init; }

    /// <summary>The segments.</summary>
    internal required IReadOnlyList<SegmentSpec> Segments { get; init; }

    /// <summary>The harness's own address on each.</summary>
    internal required IReadOnlyDictionary<string, string> Harness { get; init; }
}
