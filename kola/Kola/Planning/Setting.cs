using Kola.Policies;
using Kola.Scheduling;

namespace Kola.Planning;

/// <summary>Where a plan is made for: all that is known of the image, the platform and the run before anything boots.</summary>
public sealed record Setting
{
    /// <summary>Name of the platform.</summary>
    public required string Platform { get; init; }

    /// <summary>What the platform and the run offer.</summary>
    public required IReadOnlySet<Feature> Features { get; init; }

    /// <summary>What may be in use at once.</summary>
    public required Capacity Capacity { get; init; }

    /// <summary>The image under test.</summary>
    public required Image Image { get; init; }

    /// <summary>The bounds of what the platform takes. Default: none.</summary>
    public PlatformLimits Limits { get; init; } = PlatformLimits.None;

    /// <summary>Ids of the known checks.</summary>
    public required IReadOnlySet<string> Checks { get; init; }

    /// <summary>The policy for this platform and image; null for none.</summary>
    public Policy? Policy { get; init; }

    /// <summary>Day of the run, UTC, by which the policy's entries count.</summary>
    public DateOnly Today { get; init; }

    /// <summary>Whether a feature is there: the image has what it does not lack, platform and run have what they list.</summary>
    public bool Has(Feature feature) => FeatureFacts.All[feature] switch
    {
        { IgnitionSpec: { } spec } => spec <= Version.Parse(Image.IgnitionMaximum),
        { OfferedBy: FeatureSource.Image } => !Image.Lacks.Contains(feature),
        _ => Features.Contains(feature),
    };
}
