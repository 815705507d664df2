namespace Flatcar.Reference.Kubernetes;

/// <summary>An image of the distribution.</summary>
/// <param name="Name">Of its file, without <c>.tar</c>.</param>
/// <param name="Reference">Its name and tag for a runtime.</param>
/// <param name="Tree">What is in it.</param>
internal sealed record ContainerImage(string Name, string Reference, ImageTree Tree)
{
    /// <summary>What a container runs that is told nothing else.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Command lines that show that its programs start there, and what each has to say.</summary>
    public required IReadOnlyList<(string Command, string Says)> Tries { get; init; }
}
