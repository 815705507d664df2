namespace Flatcar.Reference.Kubernetes;

/// <summary>Where to keep a distribution, and where its parts come from.</summary>
public sealed record KubernetesDistributionOptions
{
    /// <summary>
    /// Directory of kola's caches; everything goes below <c>kubernetes/</c> in it. A finished distribution takes 0.5 GiB there, a running build
    /// 5 GiB more.
    /// </summary>
    public required string CacheDirectory { get; init; }

    /// <summary>Where packages and sources come from.</summary>
    public Uri DebianMirror { get; init; } = new("http://deb.debian.org/debian");
}
