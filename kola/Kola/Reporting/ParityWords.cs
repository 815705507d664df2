namespace Kola.Reporting;

/// <summary>What is said of a test that ended one way on copies and another on machines booted cold.</summary>
internal static class ParityWords
{
    /// <param name="parity">What is on record.</param>
    /// <param name="copied">What the test said on copies; null when it passed there.</param>
    internal static string Disagreement(ParityChecked parity, string? copied) =>
        $"{parity.Test}: {parity.Cloned.Word()} on copies, {parity.Cold.Word()} on machines booted cold: nothing is said about the image\n" +
        $"  wanted:  the same on both\n" +
        $"  copies:  {Said(parity.Cloned, copied)}\n" +
        $"  cold:    {Said(parity.Cold, parity.Message)}\n" +
        $"  template: {string.Join(", ", parity.Templates)}\n" +
        $"  next:    kola run {parity.Test} --cold";

    private static string Said(Outcome outcome, string? message) =>
        message is null ? outcome.Word() : $"{outcome.Word()}: {message.ReplaceLineEndings("\n    ")}";
}
