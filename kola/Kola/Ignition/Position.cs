namespace Kola.Ignition;

/// <summary>A place in a text. Both count from 1; a column is a UTF-16 code unit.</summary>
/// <param name="Line">1 for the first.</param>
/// <param name="Column">1 for the first.</param>
public readonly record struct Position(int Line, int Column)
{
    /// <summary><c>12:5</c>, as it follows a file's name in a message.</summary>
    public override string ToString() => FormattableString.Invariant($"{Line}:{Column}");
}
