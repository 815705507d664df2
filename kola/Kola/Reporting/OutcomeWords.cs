namespace Kola.Reporting;

/// <summary>What each <see cref="Outcome"/> is called.</summary>
internal static class OutcomeWords
{
    /// <summary>As in JSON, and unlike <c>ToString</c> it is what people read: <c>not-run</c>.</summary>
    internal static string Word(this Outcome outcome) => outcome == Outcome.NotRun ? "not-run" : outcome.ToString().ToLowerInvariant();
}
