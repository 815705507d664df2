using System.Globalization;

namespace Kola.Qemu;

/// <summary>Whether an emulator ended for want of host memory: it said so itself, or the kernel killed to make room meanwhile.</summary>
internal static class MemoryShortage
{
    private const int KilledBySigKill = 128 + 9;

    /// <summary>
    /// How often the kernel has killed a process for want of memory since it was booted, those of control groups included; 0 where it does not tell.
    /// </summary>
    internal static long Kills()
    {
        try
        {
            return KillsIn(File.ReadLines("/proc/vmstat"));
        }
        catch (IOException)
        {
            return 0;
        }
    }

    // oom_kill 3
    internal static long KillsIn(IEnumerable<string> vmstat) =>
        vmstat.FirstOrDefault(line => line.StartsWith("oom_kill ", StringComparison.Ordinal)) is { } line
            && long.TryParse(line["oom_kill ".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out long count) ? count : 0;

    /// <param name="exitCode">Of the emulator, as <see cref="ChildProcess.Exited"/> gives it.</param>
    /// <param name="words">What it said last.</param>
    /// <param name="killsBefore"><see cref="Kills"/> when it was started.</param>
    internal static bool Ended(int exitCode, IReadOnlyList<string> words, long killsBefore) =>
        words.Any(word => word.Contains("Cannot allocate memory", StringComparison.Ordinal))
        || exitCode == KilledBySigKill && Kills() > killsBefore;
}
