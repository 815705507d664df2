using System.Text;
using System.Text.RegularExpressions;

namespace Kola.Checks;

/// <summary>
/// Looks for the checks in the text of one source of one machine while it is being written. Uses the same little memory for any length of
/// text. Not for several threads at once.
/// </summary>
/// <param name="source">Becomes <see cref="Finding.Source"/>.</param>
/// <param name="checks">Default <see cref="CheckTable.All"/>.</param>
public sealed class Scanner(string source, IReadOnlyList<Check>? checks = null)
{
    /// <summary>Of one check, no more than this many different findings are made; by then the point is made.</summary>
    public const int MostPerCheck = 20;

    private const int LongestText = 1000;

    // [    0.000000] Linux version 6.12.1-flatcar (build@host) …      -- Reboot --      -- Boot 0123456789abcdef --
    private static readonly Regex BootStart = Rule.Line(@"(?:^|\] |kernel: )Linux version \d|^-- (?:Reboot|Boot [0-9a-f]+) --");

    // Nov 22 18:15:00.123456 sudo[77]:     core : PWD=/home/core ; USER=root ; COMMAND=/usr/bin/grep 'Kernel panic' /var/log/x
    private static readonly Regex Quotation = Rule.Line(@"\bsudo(?:\[\d+\])?: .*\bCOMMAND=");

    private readonly Watch[] _watches = [.. (checks ?? CheckTable.All).Select(check => new Watch(check))];
    private readonly LineCleaner _cleaner = new();
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private int _line = 1;

    /// <summary>Everything the checks find in a whole text. The reader is read to its end and not disposed.</summary>
    public static IReadOnlyList<Finding> Scan(TextReader text, string source, IReadOnlyList<Check>? checks = null)
    {
        var scanner = new Scanner(source, checks);
        var findings = new List<Finding>();
        var buffer = new char[16 * 1024];
        for (int read = text.Read(buffer); read > 0; read = text.Read(buffer))
        {
            findings.AddRange(scanner.Feed(buffer.AsSpan(0, read)));
        }

        findings.AddRange(scanner.Complete());
        return findings;
    }

    /// <summary>Takes the next bytes, UTF-8; they may be cut anywhere, inside a character too.</summary>
    /// <returns>What was found in the lines that are complete now.</returns>
    public IReadOnlyList<Finding> Feed(ReadOnlySpan<byte> chunk)
    {
        var characters = new char[_decoder.GetCharCount(chunk, flush: false)];
        _decoder.GetChars(chunk, characters, flush: false);
        return Feed(characters.AsSpan());
    }

    /// <summary>Takes the next characters; they may be cut anywhere.</summary>
    /// <returns>What was found in the lines that are complete now.</returns>
    public IReadOnlyList<Finding> Feed(ReadOnlySpan<char> chunk)
    {
        var findings = new List<Finding>();
        foreach (char c in chunk)
        {
            LineCleaner.Cut cut = _cleaner.Put(c);
            if (cut == LineCleaner.Cut.None)
            {
                continue;
            }

            See(_cleaner.Take(cut), findings);
            _line += cut == LineCleaner.Cut.Line ? 1 : 0;
        }

        return findings;
    }

    /// <summary>
    /// Looks for fatal checks in the line that is not complete yet: a prompt (<c>grub rescue&gt; </c>) never is. For a reader to whom
    /// nothing new has come for a while; what is found is not found again when the line ends.
    /// </summary>
    public IReadOnlyList<Finding> Peek()
    {
        var findings = new List<Finding>();
        foreach (Watch watch in _watches.Where(watch => watch.Fatal && _cleaner.HasText))
        {
            watch.See(_cleaner.Peek(), _line, source, findings);
        }

        return findings;
    }

    /// <summary>
    /// Ends a boot: counts start anew, and findings that waited for their silencer are made. A reboot is also noticed by the kernel's first line;
    /// calling this as well does no harm.
    /// </summary>
    public IReadOnlyList<Finding> EndBoot()
    {
        var findings = new List<Finding>();
        EndBoot(findings);
        return findings;
    }

    /// <summary>The text is at its end, with a line end or without.</summary>
    public IReadOnlyList<Finding> Complete()
    {
        var findings = new List<Finding>();
        if (_cleaner.HasText)
        {
            See(_cleaner.Take(LineCleaner.Cut.Line), findings);
            _line++;
        }

        EndBoot(findings);
        return findings;
    }

    private void EndBoot(List<Finding> findings)
    {
        foreach (Watch watch in _watches)
        {
            watch.EndBoot(findings);
        }
    }

    private void See(string text, List<Finding> findings)
    {
        if (text.Length == 0 || Quotation.IsMatch(text))
        {
            return;
        }

        if (BootStart.IsMatch(text))
        {
            EndBoot(findings);
        }

        foreach (Watch watch in _watches)
        {
            watch.See(text, _line, source, findings);
        }
    }

    /// <summary>One check and what it has seen.</summary>
    private sealed class Watch(Check check)
    {
        private readonly HashSet<string> _made = [];
        private readonly List<Finding> _waiting = [];
        private int _lastLine;
        private int _count;
        private bool _silenced;

        internal bool Fatal => check.Fatal;

        internal void See(string text, int line, string source, List<Finding> findings)
        {
            _silenced |= check.Silencer?.IsMatch(text) == true;
            if (_lastLine == line || check.Pattern.Match(text) is not { Success: true } match || check.Exempt?.IsMatch(text) == true)
            {
                return;
            }

            _lastLine = line;
            _count++;
            if (_count < check.Times)
            {
                return;
            }

            string what = Short(match.Groups["what"] is { Success: true } group ? group.Value : match.Value);
            if (_made.Count >= MostPerCheck || !_made.Add(what))
            {
                return;
            }

            (check.Silencer is null ? findings : _waiting).Add(new Finding(check, source, line, Short(text), what));
        }

        internal void EndBoot(List<Finding> findings)
        {
            if (_silenced)
            {
                // What was fine in this boot may be wrong in the next.
                _made.ExceptWith(_waiting.Select(finding => finding.What));
            }
            else
            {
                findings.AddRange(_waiting);
            }

            _waiting.Clear();
            _silenced = false;
            _count = 0;
        }

        private static string Short(string text) => text.Length <= LongestText ? text : text[..LongestText];
    }
}
