using System.IO.Enumeration;

namespace Kola;

/// <summary>Globs over ids of tests, as people type them: <c>cl.*</c>, with <c>*</c> for any text and <c>?</c> for one character.</summary>
internal static class TestPattern
{
    /// <param name="pattern">An id or a glob.</param>
    /// <param name="id">Id of a test.</param>
    /// <param name="formerly">An id it had before, which selects it as well; null for none.</param>
    internal static bool Matches(string pattern, string id, string? formerly) =>
        FileSystemName.MatchesSimpleExpression(pattern, id, ignoreCase: false) || (formerly is not null && FileSystemName.MatchesSimpleExpression(pattern, formerly, ignoreCase: false));

    /// <summary>Whether a text can be one: what ids are made of, and the two signs of a glob.</summary>
    internal static bool IsSound(string pattern) => pattern.Length > 0 && pattern.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' or '-' or '*' or '?');
}
