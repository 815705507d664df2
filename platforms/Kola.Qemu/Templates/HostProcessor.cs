namespace Kola.Qemu;

/// <summary>The host's CPU as a guest under KVM sees it: a frozen guest goes on only where all of it is the same.</summary>
internal static class HostProcessor
{
    private static readonly string[] s_told = ["vendor_id", "cpu family", "model", "model name", "stepping", "microcode", "flags", "CPU implementer", "CPU part", "CPU variant", "CPU revision", "Features"];

    /// <summary>Of /proc/cpuinfo: the first processor's lines that do not change while the host runs.</summary>
    internal static string Describe(string cpuinfo) => string.Join('\n', cpuinfo.Split("\n\n")[0].Split('\n')
        .Where(line => s_told.Contains(line.Split(':')[0].Trim())));
}
