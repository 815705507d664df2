using System.Globalization;

namespace Kola.Ignition;

/// <summary>What came of a Butane file before Ignition's rules are asked.</summary>
/// <param name="Root">In the shape of Ignition's JSON; null when nothing could be made of it.</param>
/// <param name="Paths">Where each node comes from, in Butane's spelling. By identity.</param>
/// <param name="Problems">As they were found.</param>
internal sealed record ButaneReading(ObjectNode? Root, IReadOnlyDictionary<ConfigNode, string> Paths, IReadOnlyList<ConfigProblem> Problems)
{
    /// <summary>Where a part of the Ignition config comes from: of <c>$.storage.files.0.contents.source</c> maybe <c>$.storage.files.0.contents.inline</c>.</summary>
    internal string PathOf(string ignition)
    {
        ConfigNode? node = Root;
        string known = "$";
        string[] parts = ignition.Split('.');
        for (int i = 1; i < parts.Length; i++)
        {
            node = node switch
            {
                ObjectNode here => here[parts[i]],
                ArrayNode here when int.TryParse(parts[i], CultureInfo.InvariantCulture, out int index) && index >= 0 && index < here.Items.Count => here.Items[index],
                _ => null,
            };
            // Of what is not there, the place of what it would be in, and the rest spelled as it would be.
            known = node is null ? $"{known}.{ButaneNames.Snake(parts[i])}" : Paths.GetValueOrDefault(node, $"{known}.{ButaneNames.Snake(parts[i])}");
        }

        return known;
    }
}
