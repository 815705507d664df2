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
}
