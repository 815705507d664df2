using System.Text.RegularExpressions;
using CliWrap.Buffered;

namespace Kola.Qemu;

/// <summary>The QEMU found on this host.</summary>
/// <param name="Path">Name or path it is started by.</param>
/// <param name="Version">Its version, e.g. 10.0.2.</param>
/// <param name="VersionText">First line of <c>--version</c>, with the distribution's package.</param>
internal sealed partial record QemuProgram(string Path, Version Version, string VersionText)
{
    /// <summary>7.2 brought <c>-netdev dgram</c> over unix sockets, what private segments are made of.</summary>
    public static readonly Version Oldest = new(7, 2);

    /// <summary>Looks for it and asks its version.</summary>
    /// <exception cref="UsageException">There is none, or it is too old.</exception>
    public static async Task<QemuProgram> FindAsync(string? asked, string architecture, CancellationToken cancel)
    {
        string program = asked ?? (architecture == "arm64" ? "qemu-system-aarch64" : "qemu-system-x86_64");
        BufferedCommandResult result = await HostTool.RunAsync(program, ["--version"], cancel);
        string text = result.StandardOutput.Split('\n')[0].Trim();
        if (ParseVersion(text) is not { } version)
            throw HostTool.Missing(program, "a QEMU, which answers --version", $"\"{text}\", exit code {result.ExitCode}");
        if (version < Oldest)
            throw HostTool.Missing(program, $"QEMU {Oldest} or newer", text);
        return new QemuProgram(program, version, text);
    }

    /// <summary>Version in the first line of <c>--version</c>; null when it is none.</summary>
    internal static Version? ParseVersion(string line) =>
        VersionLine().Match(line) is { Success: true } match ? System.Version.Parse(match.Groups["version"].Value) : null;

    // QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2+deb13u1~bpo12+1)
    [GeneratedRegex(@"^QEMU emulator version (?<version>\d+\.\d+(\.\d+)?)")]
    private static partial Regex VersionLine();
}
