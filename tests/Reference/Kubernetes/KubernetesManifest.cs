using System.Text.Json;
using Flatcar.Reference.Building;

namespace Flatcar.Reference.Kubernetes;

/// <summary>What <c>kubernetes.json</c> of the recipe says: it goes into the distribution as it is, and the build keeps to it.</summary>
internal sealed record KubernetesManifest
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>Version of Kubernetes: <c>1.20.2</c></summary>
    public required string Kubernetes { get; init; }

    /// <summary>Version of the configuration files that its kubeadm writes.</summary>
    public required string KubeadmApi { get; init; }

    /// <summary>What kubeadm puts before the names of its images.</summary>
    public required string ImageRepository { get; init; }

    /// <summary>Names of images that are not kubeadm's, by what they are for.</summary>
    public required IReadOnlyDictionary<string, string> Images { get; init; }

    /// <summary>The file, as it is.</summary>
    public static byte[] Text => Recipe.Read("Kubernetes/kubernetes.json");

    /// <summary>That of the recipe.</summary>
    public static KubernetesManifest Read() => JsonSerializer.Deserialize<KubernetesManifest>(Text, Json)!;
}
