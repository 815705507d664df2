namespace Kola.Platforms;

/// <summary>Something a person can say to a platform on the command line.</summary>
public sealed record PlatformOption
{
    /// <summary>Without dashes: <c>aws-region</c>.</summary>
    public required string Name { get; init; }

    /// <summary>A sentence for <c>--help</c>, with the default.</summary>
    public required string Description { get; init; }

    /// <summary>What stands for the value in <c>--help</c>: <c>REGION</c>.</summary>
    public string Value { get; init; } = "VALUE";

    /// <summary>The values there are; empty for any.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Whether it may be given more than once. Default no.</summary>
    public bool Repeatable { get; init; }
}
