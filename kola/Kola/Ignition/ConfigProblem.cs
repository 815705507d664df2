namespace Kola.Ignition;

/// <summary>Something that is wrong, or odd, with a config.</summary>
/// <param name="Severity">Whether a machine would refuse it.</param>
/// <param name="Path">What it is about, as Ignition and Butane name it: <c>$.storage.files.0.path</c>; <c>$</c> for the whole.</param>
/// <param name="At">Where it stands in the text; null when it stands nowhere.</param>
/// <param name="Message">What is wrong, in one line without a full stop; where Ignition has words for it, Ignition's.</param>
/// <param name="Wanted">What would be right, or what to do; null when the message says all.</param>
public sealed record ConfigProblem(ProblemSeverity Severity, string Path, Position? At, string Message, string? Wanted = null)
{
    /// <summary>One line: <c>web.bu:12:5: error at $.storage.files.0.path: path not absolute</c>.</summary>
    public string Describe(string source) => $"{source}{(At is { } at ? $":{at}" : "")}: {(Severity == ProblemSeverity.Error ? "error" : "warning")} at {Path}: {Message}";
}

/// <summary>How bad a <see cref="ConfigProblem"/> is.</summary>
public enum ProblemSeverity
{
    /// <summary>The machine boots all the same.</summary>
    Warning,

    /// <summary>Ignition or Butane refuse it.</summary>
    Error,
}
