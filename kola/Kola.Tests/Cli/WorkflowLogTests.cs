using CsCheck;
using Kola.Cli;

namespace Kola.Tests.Cli;

public sealed class WorkflowLogTests
{
    private static readonly string[] Pieces = [":", "::", "##[", "#", "[", " ", "\n", "\r", "\t", "error", "::set-output name=x::y", "\n        ::add-mask::a", "##[error]", "\u00a0", "=== RUN "];

    [TestCase("::error::no", ": :error::no")]
    [TestCase("  \t::stop-commands::x", "  \t: :stop-commands::x")]
    [TestCase("a ::error::no", "a ::error::no")]
    [TestCase("12:30::x", "12:30::x")]
    [TestCase("a ##[group]b", "a ## [group]b")]
    [TestCase(":x::y", ":x::y")]
    [TestCase("a\n::b\r::c\n", "a\n: :b\r: :c\n")]
    public void What_a_machine_says_is_no_command(string said, string printed)
    {
        using var inner = new StringWriter();
        using var log = new WorkflowLog(inner);
        log.Write(said);
        Assert.That(inner.ToString(), Is.EqualTo(printed));
    }

    [Test]
    public void However_it_is_cut_no_line_is_a_command_and_nothing_is_lost() => Gen.Int[0, Pieces.Length - 1].Select(i => Pieces[i]).Array[0, 12].Sample(
        pieces =>
        {
            using var whole = new StringWriter { NewLine = "\n" };
            using var cut = new StringWriter { NewLine = "\n" };
            using (var log = new WorkflowLog(whole))
                log.WriteLine(string.Concat(pieces));
            using (var log = new WorkflowLog(cut))
            {
                foreach (char c in string.Concat(pieces))
                    log.Write(c);
                log.Write('\n');
            }

            string printed = whole.ToString();
            return printed == cut.ToString()
                && printed.Split('\n', '\r').All(line => !line.TrimStart().StartsWith("::", StringComparison.Ordinal) && !line.Contains("##[", StringComparison.Ordinal))
                && printed.Replace(" ", "", StringComparison.Ordinal) == $"{string.Concat(pieces)}\n".Replace(" ", "", StringComparison.Ordinal);
        },
        iter: 5000);
}
