using System.Text.Json.Serialization;

namespace Kola.Cli;

/// <summary>Something in the cache directory.</summary>
internal sealed record CacheItem
{
    /// <summary>What it is.</summary>
    public required CacheKind Kind { get; init; }

    /// <summary>First 12 digits of a template's key, 20 of the digest of a reference image, a Kubernetes distribution or its archive, else the file's name.</summary>
    public required string Name { get; init; }

    /// <summary>In words.</summary>
    public required string What { get; init; }

    /// <summary>The file or directory.</summary>
    public required string Path { get; init; }

    /// <summary>Bytes on disk, holes not counted.</summary>
    public required long Bytes { get; init; }

    /// <summary>When it was made, where that is known.</summary>
    public DateTimeOffset? MadeAt { get; init; }

    /// <summary>When it was used last, where that is known.</summary>
    public DateTimeOffset? UsedAt { get; init; }

    /// <summary>Whether a running kola uses it.</summary>
    public bool InUse { get; init; }

    /// <summary>False for what was begun and not finished.</summary>
    public bool Whole { get; init; } = true;

    /// <summary>Whether there is a newer one that does its work.</summary>
    [JsonIgnore]
    public bool Superseded { get; init; }

    /// <summary>The disk image that it is or holds, or the file that describes it, whose lock says who uses it; null for none.</summary>
    [JsonIgnore]
    public string? Image { get; init; }
}

/// <summary>What is kept between runs.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CacheKind>))]
internal enum CacheKind
{
    /// <summary>A ready machine, frozen.</summary>
    [JsonStringEnumMemberName("template")]
    Template,

    /// <summary>A finished reference image.</summary>
    [JsonStringEnumMemberName("reference-image")]
    ReferenceImage,

    /// <summary>A step of its build.</summary>
    [JsonStringEnumMemberName("build-step")]
    BuildStep,

    /// <summary>A finished Kubernetes distribution.</summary>
    [JsonStringEnumMemberName("kubernetes-distribution")]
    KubernetesDistribution,

    /// <summary>A Kubernetes distribution that came as an archive.</summary>
    [JsonStringEnumMemberName("unpacked-distribution")]
    UnpackedDistribution,

    /// <summary>An image that came compressed.</summary>
    [JsonStringEnumMemberName("unpacked-image")]
    UnpackedImage,

    /// <summary>Digests and answers of the KVM probe.</summary>
    [JsonStringEnumMemberName("note")]
    Note,

    /// <summary>What earlier runs took.</summary>
    [JsonStringEnumMemberName("history")]
    History,
}
