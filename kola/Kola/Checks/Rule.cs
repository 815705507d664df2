using System.Text.RegularExpressions;

namespace Kola.Checks;

/// <summary>How the rules of the table are written.</summary>
internal static class Rule
{
    /// <summary>
    /// What precedes a message of the kernel: nothing, the console's time stamp, or the journal's identifier. Without it, a program that
    /// prints "BUG: …" would be taken for the kernel.
    /// <code>
    /// BUG: unable to handle page fault
    /// [   12.345678] BUG: unable to handle page fault
    /// Nov 22 18:15:00.123456 kernel: BUG: unable to handle page fault
    /// </code>
    /// </summary>
    internal const string Kernel = @"(?:^|\] |kernel: )";

    /// <summary>
    /// What precedes a message of systemd, the user's managers included. Programs say "Failed to start …" of many things; only systemd
    /// says it of a unit.
    /// <code>
    /// [FAILED] Failed to start foo.service - Foo.
    /// [   12.345678] systemd[1]: Failed to start foo.service - Foo.
    /// Nov 22 18:15:00.123456 systemd[1]: Failed to start foo.service - Foo.
    /// </code>
    /// </summary>
    internal const string Systemd = @"(?:\[\s*(?:FAILED|DEPEND|TIME)\s*\]|systemd\[\d+\]:) ";

    /// <summary>
    /// Console text is long and comes from the machine under test, so no pattern may take more than linear time: no look-around, no
    /// back-reference.
    /// </summary>
    internal static Regex Line(string pattern) => new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
}
