using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Kola.Platforms;

/// <summary>
/// A process as a tag: host, number and start. Who reads it on the same host knows whether the process lives, so what a killed kola left can be taken away
/// before it expires; on any other host nothing is known, and the expiry decides.
/// </summary>
public static class Maker
{
    /// <summary>This process.</summary>
    public static string Self { get; } = $"{Host()}-{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}-{StartOf(Environment.ProcessId) ?? "0"}";

    /// <summary>Whether that process was one of this host's and is gone. False where it cannot be known.</summary>
    /// <param name="maker">As in <see cref="Self"/>.</param>
    public static bool IsGone(string maker) =>
        maker.Split('-') is [var host, var process, var start] && host == Host()
        && int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && StartOf(number) != start;

    // A container has its host's boot id and processes of its own: its namespace of processes is a part of the name.
    private static string Host()
    {
        string boot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        string processes = new FileInfo("/proc/self/ns/pid").LinkTarget ?? "";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(boot + processes)))[..12];
    }

    /// <summary>Clock ticks from the host's boot to the start of a process, the 22nd field of its stat; null when there is none.</summary>
    private static string? StartOf(int process)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/stat");
            // 4711 (kola (x)) S 1 4711 …: the name may hold anything, the rest begins behind its last bracket with the third field.
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19];
        }
        catch (IOException)
        {
            return null;
        }
    }
}
