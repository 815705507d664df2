using Flatcar.Reference.Building;

namespace Flatcar.Reference;

/// <summary>The reference image, or the Kubernetes distribution for its suites, cannot be built here; the message says what is wanted and what to do next.</summary>
public sealed class ReferenceBuildException : Exception
{
    public ReferenceBuildException()
    {
    }

    public ReferenceBuildException(string message)
        : base(message)
    {
    }

    public ReferenceBuildException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>A message of kola's form: what, then the lines that help. Whoever knows what was to be built puts that before it.</summary>
    internal static ReferenceBuildException Of(string what, string wanted, string got, string next, Exception? inner = null) =>
        new($"{what}\n  wanted:  {wanted}\n  got:     {got}\n  next:    {next}", inner!);

    /// <summary>The same, with what was to be built: the first words of the message.</summary>
    internal ReferenceBuildException About(BuildKind kind) => new($"{kind.Name}: {Message}", this);
}
