namespace Flatcar.Reference;

/// <summary>The reference image cannot be built here; the message says what is wanted and what to do next.</summary>
public sealed class ReferenceImageException : Exception
{
    public ReferenceImageException()
    {
    }

    public ReferenceImageException(string message)
        : base(message)
    {
    }

    public ReferenceImageException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>A message of kola's form: who and what, then the lines that help.</summary>
    internal static ReferenceImageException Of(string what, string wanted, string got, string next, Exception? inner = null) =>
        new($"reference image: {what}\n  wanted:  {wanted}\n  got:     {got}\n  next:    {next}", inner!);
}
