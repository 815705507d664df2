namespace Flatcar.Tests.Guest;

/// <summary>Addresses a cluster gives away.</summary>
/// <param name="Pods">Of pods, a range for each family, with commas: each node has a /24 of IPv4, a /64 of IPv6.</param>
/// <param name="Services">Of services, likewise.</param>
public sealed record ClusterNetwork(string Pods, string Services)
{
    /// <summary>IPv4 alone.</summary>
    public static ClusterNetwork IPv4 { get; } = new("10.244.0.0/16", "10.96.0.0/12");

    /// <summary>IPv4, and IPv6 beside it. Nodes know one another by IPv4.</summary>
    public static ClusterNetwork DualStack { get; } = new($"{IPv4.Pods},fd00:10:244::/56", $"{IPv4.Services},fd00:10:96::/112");

    /// <summary>Whether there are two families.</summary>
    public bool IsDualStack => Pods.Contains(',', StringComparison.Ordinal);
}
