using System.Text.Json.Serialization;

namespace Kola;

/// <summary>A template was made.</summary>
public sealed record TemplateMade : RunEvent
{
    /// <summary>Its key.</summary>
    public required string Template { get; init; }

    /// <summary>Directory of what its machine wrote, relative to the run's.</summary>
    public required string Directory { get; init; }

    public required double ElapsedSeconds { get; init; }

    /// <summary>CPU seconds the host spent on it; null where that is not known.</summary>
    public double? ProcessorSeconds { get; init; }

    /// <summary>The same for all that were made together, in the same time; null for one that was made alone.</summary>
    public string? Together { get; init; }
}

/// <summary>A template is not used any further in this run; machines that would have been its copies are booted cold.</summary>
public sealed record TemplateDropped : RunEvent
{
    /// <summary>Its key.</summary>
    public required string Template { get; init; }

    public required string Why { get; init; }
}

/// <summary>A test that had run on copies was run again on machines booted cold.</summary>
public sealed record ParityChecked : RunEvent
{
    public required string Test { get; init; }

    /// <summary>Keys of the templates of its machines.</summary>
    public required IReadOnlyList<string> Templates { get; init; }

    /// <summary>How it ended on copies.</summary>
    public required Outcome Cloned { get; init; }

    /// <summary>How it ended on machines booted cold.</summary>
    public required Outcome Cold { get; init; }

    /// <summary>What the cold one said; null when it passed.</summary>
    public string? Message { get; init; }

    /// <summary>
    /// Whether the two contradict each other: then neither says anything about the image. A cold one that was broken or not run says nothing.
    /// </summary>
    [JsonIgnore]
    public bool Disagrees => Cloned != Cold && Cold is not (Outcome.Broken or Outcome.NotRun);
}
