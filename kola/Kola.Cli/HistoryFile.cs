using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Kola.Scheduling;

namespace Kola.Cli;

/// <summary>
/// Where the history of costs is kept between runs: <c>history.json</c> of the cache directory, the last five of each test. What tests did, and not
/// what they took, is in <see cref="Kola.History.ResultDatabase"/>, for good. This one only orders work, so nothing that is wrong
/// with it ends a run: it is said, once, and history begins anew.
/// </summary>
/// <param name="directory">The cache directory; made when missing.</param>
/// <param name="tell">Tells a person, one message.</param>
/// <param name="time">For waiting.</param>
internal sealed class HistoryFile(string directory, Action<string> tell, TimeProvider time)
{
    internal const string Name = "history.json";

    // EWOULDBLOCK of flock(2). Any other fault, a read-only file system say, does not go away by waiting.
    private const int HeldByAnother = 11;

    // Another run holds it for as long as it takes to read, add and write some hundred kilobytes.
    private static readonly TimeSpan s_longestHeld = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    private readonly string _file = Path.Combine(directory, Name);
    private bool _told;

    /// <summary>What is known; nothing when there is no file, or none that can be read.</summary>
    internal CostHistory Read()
    {
        try
        {
            return CostHistory.Parse(File.ReadAllText(_file));
        }
        catch (Exception none) when (none is FileNotFoundException or DirectoryNotFoundException)
        {
            return CostHistory.Empty;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
        {
            TellOnce($"{_file} is no history of costs: {fault.Message}\n  wanted:  what earlier runs took, as kola wrote it\n  next:    nothing; it begins anew with this run");
            return CostHistory.Empty;
        }
    }

    /// <summary>Adds a run to what is known by then: nothing is lost when two runs end at once.</summary>
    internal async Task AddAsync(IReadOnlyList<RunEvent> events, CancellationToken cancel)
    {
        try
        {
            Directory.CreateDirectory(directory);
            await using FileStream held = await HoldAsync(cancel);
            CostHistory before = Read(), after = before.With(events);
            if (after == before)
                return;
            // Whoever reads meanwhile sees the old file or the new one, never half of one.
            string aside = $"{_file}.{Environment.ProcessId}";
            await File.WriteAllTextAsync(aside, after.ToJson(), cancel);
            File.Move(aside, _file, overwrite: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            TellOnce($"{_file} cannot be written: {fault.Message}\n  wanted:  a place for what this run's tests took\n  next:    nothing for this run; the next one goes by what was known before");
        }
    }

    // A lock on a file of its own, which is never replaced or removed; the system lets go of it when its holder dies.
    [SuppressMessage("Reliability", "CA2000", Justification = "Returned to whoever disposes it.")]
    private async Task<FileStream> HoldAsync(CancellationToken cancel)
    {
        long start = time.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream($"{_file}.lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException fault) when (fault.HResult == HeldByAnother && time.GetElapsedTime(start) < s_longestHeld)
            {
                await Task.Delay(s_pause, time, cancel);
            }
        }
    }

    private void TellOnce(string message)
    {
        if (!_told)
            tell($"kola: {message}");
        _told = true;
    }
}
