namespace Kola.Ignition;

/// <summary>What came of a Butane file before Ignition's rules are asked.</summary>
/// <param name="Root">In the shape of Ignition's JSON; null when nothing could be made of it.</param>
/// <param name="Paths">Where each node comes from, in Butane's spelling. By identity.</param>
/// <param name="Problems">As they were found.</param>
internal sealed record ButaneReading(ObjectNode? Root, IReadOnlyDictionary<ConfigNode, string> Paths, IReadOnlyList<ConfigProblem> Problems);
