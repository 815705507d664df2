using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Kola.Qemu;

/// <summary>What the host knows of one of its processes.</summary>
internal static class HostProcess
{
    /// <summary>User and system time together; null when there is no such process any more.</summary>
    internal static TimeSpan? ProcessorTime(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return process.TotalProcessorTime;
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Proportional set size, MiB; null when there is no such process any more.</summary>
    internal static int? MemoryMiB(int id)
    {
        try
        {
            // Pss:              229456 kB
            string line = File.ReadLines($"/proc/{id}/smaps_rollup").First(l => l.StartsWith("Pss:", StringComparison.Ordinal));
            return int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) >> 10;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Processes on whose command line a text stands, with their programs' names.</summary>
    internal static IReadOnlyList<(int Id, string Name)> Using(string text)
    {
        var found = new List<(int, string)>();
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out int id))
                continue;
            try
            {
                string[] words = File.ReadAllText(Path.Combine(directory, "cmdline")).Split('\0');
                if (id != Environment.ProcessId && words.Skip(1).Any(w => w.Contains(text, StringComparison.Ordinal)))
                    found.Add((id, Path.GetFileName(words[0])));
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                // It has ended meanwhile, or is another user's.
            }
        }

        return found;
    }

    /// <summary>SIGKILL. Does nothing when there is no such process any more.</summary>
    internal static void Kill(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException or Win32Exception)
        {
            // It has ended meanwhile.
        }
    }
}
