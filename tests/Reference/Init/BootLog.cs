using System.Text;

namespace Flatcar.Reference.Init;

/// <summary>Writes to the kernel's ring buffer: journald picks it up, and errors reach every console even with "quiet".</summary>
internal static class BootLog
{
    private static FileStream? kernel;

    /// <summary>Without this the kernel drops all but ten lines of a burst.</summary>
    public static void LiftRateLimit()
    {
        try
        {
            File.WriteAllText("/proc/sys/kernel/printk_devkmsg", "on\n");
        }
        catch (IOException)
        {
            // The command line has settled it.
        }
    }

    public static void Info(string message, string source = "init") => Write(6, source, message);

    public static void Error(string message, string source = "init") => Write(3, source, message);

    private static void Write(int level, string source, string message)
    {
        kernel ??= new FileStream("/dev/kmsg", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        foreach (var line in message.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // One record holds about 1000 bytes.
            var text = line.Length > 900 ? line[..900] : line;
            // Without a line end the record stays open, and unprinted, until the next one.
            kernel.Write(Encoding.UTF8.GetBytes($"<{level}>{source}[1]: {text}\n"));
        }
    }
}
