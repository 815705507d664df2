using System.ComponentModel;
using System.Diagnostics;

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
}
