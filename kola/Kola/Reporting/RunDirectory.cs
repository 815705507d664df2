using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Kola.Reporting;

/// <summary>
/// Where everything of a run is written. Nothing that was there before is ever changed or deleted, but for the link <c>latest</c>.
/// <code>
/// _kola/latest -> qemu-20261122-181500-4711
/// _kola/qemu-20261122-181500-4711/plan.json  events.jsonl  results.json  junit.xml  test.tap  nunit3.xml  ctrf-report.json
///     summary.txt  summary.md  report.html  report-logs/  allure-results/
///     cl.network.wireguard/hub/console.txt  journal.txt  ignition.json  ssh.log
///     cl.network.wireguard/attempt-2/hub/…
///     cl.network.wireguard/cold/hub/…
///     templates/0b5e3f6a9c21/console.txt  journal.txt  ignition.json  ssh.log
/// </code>
/// </summary>
public sealed class RunDirectory
{
    /// <summary>What was to be done.</summary>
    public const string PlanFile = "plan.json";

    /// <summary>What happened; see <see cref="EventLog"/>.</summary>
    public const string EventsFile = "events.jsonl";

    public const string ResultsFile = "results.json";
    public const string JUnitFile = "junit.xml";
    public const string TapFile = "test.tap";
    public const string NUnitFile = "nunit3.xml";
    public const string CtrfFile = "ctrf-report.json";

    /// <summary>The directory Allure's report generators read.</summary>
    public const string AllureDirectory = "allure-results";

    public const string SummaryFile = "summary.txt";
    public const string MarkdownFile = "summary.md";

    /// <summary>The page for a browser.</summary>
    public const string PageFile = "report.html";

    /// <summary>Of a machine: its serial console from the first byte. The emulator writes it, so secrets on it are masked only when the machine has ended.</summary>
    public const string ConsoleFile = "console.txt";

    /// <summary>Of a machine: its journal as text.</summary>
    public const string JournalFile = "journal.txt";

    /// <summary>The run's private key, while a person may need it.</summary>
    internal const string KeyFile = "id_ed25519";

    /// <summary>Of a machine: the config it was given, as rendered.</summary>
    public const string IgnitionFile = "ignition.json";

    /// <summary>A machine's user data beside that, as coreos-cloudinit was given it.</summary>
    public const string UserDataFile = "user-data.txt";

    /// <summary>What machines asked of the harness's server of files, one request a line.</summary>
    public const string ServedFile = "served.txt";

    /// <summary>Of a test: what machines and its update server said to each other, one exchange a line.</summary>
    public const string UpdatesFile = "omaha.txt";

    /// <summary>Of a machine: its journal as journald exports it, which holds more than its text.</summary>
    public const string JournalExportFile = "journal.export";

    /// <summary>Of a machine whose test did not pass: its state then, part by part under headings.</summary>
    public const string StateFile = "state.txt";

    /// <summary>Likewise: the kernel's log.</summary>
    public const string KernelLogFile = "dmesg.txt";

    /// <summary>Of a machine: every command and what it printed.</summary>
    public const string SshLogFile = "ssh.log";

    /// <summary>Ending of a machine's captures: the last frames on a segment, of a test that did not pass.</summary>
    public const string CaptureEnding = ".pcap";

    /// <summary>Drawing of the power cuts of a test, in its directory.</summary>
    public const string PowerCutsFile = "power-cuts.svg";

    /// <summary>The link to the newest run.</summary>
    public const string Latest = "latest";

    private const int LongestName = 120;

    private RunDirectory(string path, string shown)
    {
        FullPath = path;
        Shown = shown;
    }

    /// <summary>Absolute path.</summary>
    public string FullPath { get; }

    /// <summary>How it is named in messages: <c>_kola/latest</c>, relative when the root was given so.</summary>
    public string Shown { get; }

    /// <summary>A name nobody else has: <c>qemu-20261122-181500-4711</c>.</summary>
    public static string NameOf(string platform, DateTimeOffset started, int process) =>
        string.Create(CultureInfo.InvariantCulture, $"{Sanitize(platform)}-{started.UtcDateTime:yyyyMMdd-HHmmss}-{process}");

    /// <summary>Creates the directory of a run and points <c>latest</c> at it.</summary>
    /// <param name="root">What holds the runs, <c>--output</c>; created when missing.</param>
    /// <param name="run">See <see cref="NameOf"/>.</param>
    /// <exception cref="UsageException">The root is a file or cannot be written, the run is there already, or <c>latest</c> is no link.</exception>
    public static RunDirectory Create(string root, string run)
    {
        string path = NewIn(root, run);
        string link = Path.Combine(Path.GetFullPath(root), Latest);
        if (Path.Exists(link) && new FileInfo(link).LinkTarget is null)
            throw new UsageException($"{link} is no link\n  wanted:  a link to the newest run, or nothing\n  next:    move it away, or choose another --output");
        Make(root, path, () => Link(link, run));
        return new RunDirectory(path, Path.Combine(root, Latest));
    }

    /// <summary>As <see cref="Create"/>, but <c>latest</c> stays as it is: a part of something larger, which is found by its own name.</summary>
    /// <exception cref="UsageException">The root is a file or cannot be written, or the run is there already.</exception>
    internal static RunDirectory CreateUnlinked(string root, string run)
    {
        string path = NewIn(root, run);
        Make(root, path, () => { });
        return new RunDirectory(path, Path.Combine(root, run));
    }

    private static string NewIn(string root, string run)
    {
        string path = Path.Combine(Path.GetFullPath(root), run);
        if (File.Exists(root))
            throw new UsageException($"--output {root} is a file\n  wanted:  a directory, or a path where one can be made");
        if (Path.Exists(path))
            throw new UsageException($"{path} exists\n  wanted:  a new directory; what is there is never overwritten");
        return path;
    }

    private static void Make(string root, string path, Action link)
    {
        try
        {
            Directory.CreateDirectory(path);
            link();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--output {root} cannot be written: {fault.Message}", fault);
        }
    }

    /// <summary>Directory of the machine a template is made of, relative to the run's: <c>templates/0b5e3f6a9c21</c>.</summary>
    public static string DirectoryOfTemplate(string key) => Path.Combine("templates", Sanitize(Aside.Short(key)));

    /// <summary>
    /// Directory of a test, relative to the run's: <c>cl.basic</c>, from the second attempt on <c>cl.basic/attempt-2</c>, repeated on
    /// machines booted cold <c>cl.basic/cold</c>. That of machines which become templates together is the first template's, <c>templates/0b5e3f6a9c21</c>.
    /// </summary>
    /// <param name="test">Any text; no text leads out of the run's directory.</param>
    /// <param name="attempt">1 for the first.</param>
    public static string DirectoryOf(string test, int attempt)
    {
        if (Aside.RepeatedIn(test) is { } repeated)
            return Path.Combine(DirectoryOf(repeated, attempt), "cold");
        if (Aside.TemplateIn(test) is { } template)
            return DirectoryOfTemplate(template);
        string name = Sanitize(test);
        return attempt == 1 ? name : Path.Combine(name, string.Create(CultureInfo.InvariantCulture, $"attempt-{attempt}"));
    }

    /// <summary>Directory of a machine, relative to the run's: <c>cl.basic/machine</c>.</summary>
    public static string DirectoryOf(string test, int attempt, string machine) => Path.Combine(DirectoryOf(test, attempt), Sanitize(machine));

    // Ids are lowercase and dotted, and stay as they are. Whatever else comes gets a name that no other text gets.
    private static string Sanitize(string name)
    {
        string safe = string.Concat(name.Take(LongestName).Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '_'));
        bool taken = safe is PlanFile or EventsFile or ResultsFile or JUnitFile or TapFile or NUnitFile or CtrfFile or AllureDirectory or SummaryFile or MarkdownFile or PageFile or PageLogs.Directory;
        if (safe == name && safe.Length > 0 && !safe.StartsWith('.') && !taken)
            return safe;
        string digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..8];
        return $"{safe.TrimStart('.')}_{digest}";
    }

    // A link cannot be overwritten, and for a moment without one a reader would find nothing: it is made aside and renamed over the old one.
    private static void Link(string link, string target)
    {
        string aside = $"{link}.{target}";
        File.CreateSymbolicLink(aside, target);
        if (Rename(aside, link) == 0)
            return;
        string problem = Marshal.GetLastPInvokeErrorMessage();
        File.Delete(aside);
        throw new IOException($"{link}: {problem}");
    }

    // File.Move follows a link to a directory instead of moving it, and Directory.Move does not replace.
    [DllImport("libc", EntryPoint = "rename", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Rename([MarshalAs(UnmanagedType.LPUTF8Str)] string from, [MarshalAs(UnmanagedType.LPUTF8Str)] string to);
}
