namespace Kola;

/// <summary>What a command said and how it ended.</summary>
public sealed record CommandResult
{
    /// <summary>The line of shell as given.</summary>
    public required string Command { get; init; }

    /// <summary>Exit code; 128 and the signal's number when a signal ended it.</summary>
    public required int ExitCode { get; init; }

    /// <summary>Standard output as UTF-8, without white space at its end.</summary>
    public required string Text { get; init; }

    /// <summary>Standard error as UTF-8, without white space at its end.</summary>
    public required string Error { get; init; }

    /// <summary>From sending the command to its exit, as seen from here.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>The lines of <see cref="Text"/>; none for empty output.</summary>
    public IReadOnlyList<string> Lines => Text.Length == 0 ? [] : Text.Split('\n');
}
