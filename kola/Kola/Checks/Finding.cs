namespace Kola.Checks;

/// <summary>A check fired on a line.</summary>
/// <param name="Check">The check.</param>
/// <param name="Source">Where the line stands: <c>console</c>, <c>journal</c>, or a file's name.</param>
/// <param name="Line">1 for the first line.</param>
/// <param name="Text">The line without escape sequences, cut after 1000 characters.</param>
/// <param name="What">The part of it that is the same in every source; see <see cref="Check.Pattern"/>.</param>
public sealed record Finding(Check Check, string Source, int Line, string Text, string What);
