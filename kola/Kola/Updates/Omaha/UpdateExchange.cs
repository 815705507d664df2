namespace Kola.Updates.Omaha;

/// <summary>A request to an update server that is over.</summary>
/// <param name="Kind"><c>check</c>, <c>event</c>, <c>ping</c>, <c>package</c>, or <c>refused</c> for what was no request.</param>
/// <param name="Text">The request, one line.</param>
/// <param name="Answer">What was answered, a few words: <c>noupdate</c>.</param>
/// <param name="Status">HTTP's; 0 for a connection that was reset instead.</param>
/// <param name="MachineId">Who asked; null where that is not known.</param>
internal sealed record UpdateExchange(string Kind, string Text, string Answer, int Status, string? MachineId)
{
    // Whoever reaches the server chooses these words; none of them may steer a terminal.
    private static string Harmless(string text) => string.Concat(text.Select(c => char.IsControl(c) || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.Format ? '\uFFFD' : c));

    /// <summary>One line: <c>check of 4459.0.0 in stable by 0123…: 3/2 -> 200 noupdate</c>.</summary>
    public override string ToString() => Harmless(FormattableString.Invariant($"{Text} -> {(Status == 0 ? "" : $"{Status} ")}{Answer}").TrimEnd().ReplaceLineEndings(" "));
}
