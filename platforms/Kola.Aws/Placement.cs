using System.Collections.Concurrent;
using Amazon.EC2.Model;

namespace Kola.Aws;

/// <summary>Where a machine may be started: an instance type in a subnet.</summary>
/// <param name="Size">The type.</param>
/// <param name="Subnet">The subnet, and with it the zone.</param>
internal sealed record Place(InstanceSize Size, Subnet Subnet)
{
    public override string ToString() => $"{Size.Name} in {Subnet.AvailabilityZone}";
}

/// <summary>The places there are, and which of them had no capacity a moment ago.</summary>
internal sealed class Placement(IReadOnlyList<Subnet> subnets, TimeProvider clock)
{
    private static readonly TimeSpan s_remembered = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<(string Type, string Subnet), long> _full = new();

    /// <summary>All places for some types: every zone of the first type, then of the next. Those that had no capacity lately come last.</summary>
    internal IReadOnlyList<Place> For(IReadOnlyList<InstanceSize> sizes) =>
        [.. sizes.SelectMany(size => subnets.Select(subnet => new Place(size, subnet))).OrderBy(IsFull)];

    /// <summary>A place had no capacity.</summary>
    internal void MarkFull(Place place) => _full[KeyOf(place)] = clock.GetTimestamp();

    private bool IsFull(Place place) => _full.TryGetValue(KeyOf(place), out long since) && clock.GetElapsedTime(since) < s_remembered;

    private static (string, string) KeyOf(Place place) => (place.Size.Name, place.Subnet.SubnetId);
}
