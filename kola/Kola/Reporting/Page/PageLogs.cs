using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Kola.Reporting;

/// <summary>
/// The logs of a run's machines, put beside the page so that it can read them: a page opened from a file may not fetch, but it may load a script. Each is a file
/// <c>report-logs/7.js</c> that holds one call: <c>kolaLog(7,"cl.basic/machine/console.txt","gzip in base64");</c>
/// </summary>
internal sealed partial class PageLogs
{
    /// <summary>Directory of the side files, relative to the run's.</summary>
    internal const string Directory = "report-logs";

    /// <summary>A log that is larger stays a link: no page should be made to hold it.</summary>
    internal const long Largest = 64L << 20;

    private const int TailBytes = 16 * 1024;
    private const int MostLine = 400;

    // Nothing else of a run's directory is read: no key, no config, no memory of a machine.
    private static readonly string[] s_names = [RunDirectory.ConsoleFile, RunDirectory.JournalFile, RunDirectory.SshLogFile];

    private readonly string _root;
    private readonly HashSet<string> _files;

    private PageLogs(string root, HashSet<string> files, IReadOnlyList<PageLog> all)
    {
        _root = root;
        _files = files;
        All = all;
    }

    /// <summary>Every log, in the order of its path.</summary>
    internal IReadOnlyList<PageLog> All { get; }

    /// <summary>Nothing there: for a report without a directory.</summary>
    internal static PageLogs None { get; } = new("", [], []);

    /// <summary>Writes the side files anew.</summary>
    /// <param name="directory">The run's.</param>
    /// <exception cref="PlatformException">One cannot be read or written.</exception>
    internal static PageLogs Write(string directory)
    {
        string root = Path.GetFullPath(directory);
        string side = Path.Combine(root, Directory);
        try
        {
            // A link is not followed: it may lead out of the run.
            var look = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };
            HashSet<string> files = [.. System.IO.Directory.EnumerateFiles(root, "*", look).Select(file => Path.GetRelativePath(root, file)).Where(file => !file.StartsWith(Directory + '/', StringComparison.Ordinal))];
            string[] logs = [.. files.Where(file => s_names.Contains(Path.GetFileName(file)) && file.Contains('/', StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
            if (logs.Length > 0)
                System.IO.Directory.CreateDirectory(side);
            PageLog[] written = [.. logs.AsParallel().AsOrdered().Select((log, n) => WriteOne(root, side, log, n))];
            if (System.IO.Directory.Exists(side))
            {
                foreach (string old in System.IO.Directory.EnumerateFiles(side).Where(file => SideFile().Match(Path.GetFileName(file)) is { Success: true } name && int.Parse(name.Groups[1].Value, CultureInfo.InvariantCulture) >= logs.Length))
                    File.Delete(old);
            }

            return new PageLogs(root, files, written);
        }
        catch (Exception fault) when (Innermost(fault) is IOException or UnauthorizedAccessException)
        {
            throw new PlatformException(Signal.HostStorage, $"{side} cannot be written: {Innermost(fault).Message}", fault);
        }
    }

    /// <summary>The file of the run a message names, however its path begins: <c>_kola/latest/cl.basic/machine/journal.txt:2113</c>; null when there is none.</summary>
    internal PageLink? Find(string text)
    {
        Match place = Place().Match(text.Trim());
        if (!place.Success)
            return null;
        string path = place.Groups["path"].Value;
        int? line = place.Groups["line"].Success && int.TryParse(place.Groups["line"].Value, CultureInfo.InvariantCulture, out int number) ? number : null;
        for (string rest = path; rest.Length > 0; rest = rest.Contains('/', StringComparison.Ordinal) ? rest[(rest.IndexOf('/', StringComparison.Ordinal) + 1)..] : "")
        {
            if (_files.Contains(rest))
                return new PageLink(rest, line);
        }

        return null;
    }

    /// <summary>The last lines of a log; null when it is not there or empty.</summary>
    internal PageTail? Tail(string machine, string directory, int lines)
    {
        PageLog? log = s_names.Take(2).Select(name => All.FirstOrDefault(log => log.Path == $"{directory}/{name}" && log.Bytes > 0)).FirstOrDefault(log => log is not null);
        if (log is null)
            return null;
        using FileStream file = File.OpenRead(Path.Combine(_root, log.Path));
        file.Seek(-Math.Min(TailBytes, file.Length), SeekOrigin.End);
        byte[] bytes = new byte[TailBytes];
        string[] last = [.. Encoding.UTF8.GetString(bytes, 0, file.ReadAtLeast(bytes, TailBytes, throwOnEndOfStream: false)).TrimEnd('\r', '\n').Split('\n').TakeLast(lines)];
        return new PageTail(machine, log.Path, Math.Max(1, log.Lines - last.Length + 1), [.. last.Select(line => PlainText.OneLine(line)).Select(line => line.Length > MostLine ? line[..MostLine] + "…" : line)]);
    }

    private static PageLog WriteOne(string root, string side, string log, int n)
    {
        string source = Path.Combine(root, log), target = Path.Combine(side, string.Create(CultureInfo.InvariantCulture, $"{n}.js"));
        long length = new FileInfo(source).Length;
        if (length > Largest)
        {
            File.Delete(target);
            return new PageLog(n, log, length, 0);
        }

        byte[] bytes = File.ReadAllBytes(source);
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(bytes);
        File.WriteAllText(target, string.Create(CultureInfo.InvariantCulture, $"kolaLog({n},{JsonSerializer.Serialize(log)},\"{Convert.ToBase64String(packed.GetBuffer(), 0, (int)packed.Length)}\");\n"));
        int breaks = bytes.AsSpan().Count((byte)'\n');
        return new PageLog(n, log, bytes.Length, bytes.Length == 0 ? 0 : bytes[^1] == '\n' ? breaks : breaks + 1);
    }

    private static Exception Innermost(Exception fault) => fault is AggregateException many ? many.Flatten().InnerExceptions[0] : fault;

    // _kola/latest/cl.network.wireguard/hub/journal.txt:2113
    [GeneratedRegex(@"^(?<path>[^\s:]+)(?::(?<line>\d{1,9}))?$")]
    private static partial Regex Place();

    // 12.js
    [GeneratedRegex(@"^(\d{1,6})\.js$")]
    private static partial Regex SideFile();
}

/// <summary>A log of a machine.</summary>
/// <param name="N">Number of its side file.</param>
/// <param name="Path">Relative to the run's directory.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Lines">How many lines it has; 0 for one that is too large to be read.</param>
internal sealed record PageLog(int N, string Path, long Bytes, int Lines);

/// <summary>The last lines of a log.</summary>
/// <param name="Machine">Whose it is.</param>
/// <param name="File">Relative to the run's directory.</param>
/// <param name="Line">Number of the first of them.</param>
/// <param name="Lines">Without control characters.</param>
internal sealed record PageTail(string Machine, string File, int Line, IReadOnlyList<string> Lines);
