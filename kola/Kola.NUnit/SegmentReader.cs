using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Kola;

/// <summary>Reads the segments of a test off its method.</summary>
internal static partial class SegmentReader
{
    /// <exception cref="UsageException">One cannot be.</exception>
    internal static SegmentSpec[] Of(MethodInfo method, IReadOnlyList<MachineSpec> machines, string source)
    {
        SegmentAttribute[] attributes = [.. method.GetCustomAttributes<SegmentAttribute>()];
        string[] used = [.. machines.SelectMany(m => m.LinksAmong(machines.Count)).Select(l => l.Segment).Distinct()];
        foreach (SegmentAttribute segment in attributes)
        {
            if (!Name().IsMatch(segment.Name))
                throw Wrong(source, segment, "a name of lowercase letters, digits and dashes, at most 12");
            if (attributes.Count(s => s.Name == segment.Name) > 1)
                throw Wrong(source, segment, "one of that name");
            if (segment.Mtu is < 576 or > 9216)
                throw Wrong(source, segment, $"Mtu 576 to 9216, not {segment.Mtu}");
            if (!used.Contains(segment.Name) && attributes.All(s => s.Uplink != segment.Name))
                throw Wrong(source, segment, $"a machine on it: [Spec(Segments = [\"{segment.Name}\"])]");
            bool leadsOut = segment.Servers.HasFlag(SegmentServers.Router) || segment.Servers.HasFlag(SegmentServers.Proxy);
            if (leadsOut != (segment.Uplink is not null) || segment.Uplink == segment.Name || segment.Uplink is { } up && !used.Contains(up))
                throw Wrong(source, segment, "Uplink = a segment with a machine on it, together with Servers.Router or Servers.Proxy");
        }

        return [.. attributes.Select(s => new SegmentSpec { Name = s.Name, Addressing = s.Addressing, Servers = s.Servers, Uplink = s.Uplink, Mtu = s.Mtu })];
    }

    /// <summary>What a test needs for its segments, without saying so.</summary>
    internal static IEnumerable<Feature> Needs(IReadOnlyList<MachineSpec> machines, IReadOnlyList<SegmentSpec> segments)
    {
        if (machines.Any(m => m.Links is { Count: > 0 }))
            yield return Feature.PrivateNetwork;
        if (machines.Any(m => m.Offline))
            yield return Feature.OutOfBand;
        if (segments.Any(s => s.Servers != SegmentServers.None))
            yield return Feature.SegmentServers;
    }

    // lan
    // lan@10
    internal static MachineLink Link(string text, string source)
    {
        string[] parts = text.Split('@');
        return parts switch
        {
            [var name] when Name().IsMatch(name) => new MachineLink(name),
            [var name, var vlan] when Name().IsMatch(name) && int.TryParse(vlan, NumberStyles.None, CultureInfo.InvariantCulture, out int id) && id is >= 1 and <= 4094 => new MachineLink(name, id),
            _ => throw new UsageException($"{source}: segment \"{text}\"\n  wanted:  NAME or NAME@VLAN, a name of lowercase letters, digits and dashes, at most 12, and a VLAN of 1 to 4094, e.g. \"lan\", \"trunk@10\""),
        };
    }

    private static UsageException Wrong(string source, SegmentAttribute segment, string wanted) =>
        new($"{source}: [Segment(\"{segment.Name}\")]\n  wanted:  {wanted}");

    [GeneratedRegex("^[a-z][a-z0-9-]{0,11}$")]
    private static partial Regex Name();
}
