using System.ComponentModel;
using CliWrap;
using CliWrap.Buffered;

namespace Kola.Qemu;

/// <summary>
/// Programs of the host that run to their end within moments. They need no tie to kola's life: they end by themselves, or at a
/// broken pipe. Long-lived ones are a <see cref="ChildProcess"/>.
/// </summary>
internal static class HostTool
{
    private static readonly Dictionary<string, string> s_debianPackages = new()
    {
        ["qemu-system-x86_64"] = "qemu-system-x86",
        ["qemu-system-aarch64"] = "qemu-system-arm",
        ["qemu-img"] = "qemu-utils",
        ["swtpm"] = "swtpm",
        ["xz"] = "xz-utils",
        ["setpriv"] = "util-linux",
        ["setsid"] = "util-linux",
        ["nsenter"] = "util-linux",
        ["unshare"] = "util-linux",
        ["kill"] = "procps",
        ["which"] = "debianutils",
        ["stat"] = "coreutils",
        ["du"] = "coreutils",
        ["mkfs.vfat"] = "dosfstools",
        ["mcopy"] = "mtools",
        ["mmd"] = "mtools",
    };

    /// <summary>Runs a program; null when the host has no such program.</summary>
    public static async Task<BufferedCommandResult?> TryRunAsync(string program, IEnumerable<string> arguments, CancellationToken cancel)
    {
        try
        {
            return await Cli.Wrap(program).WithArguments(arguments).WithValidation(CommandResultValidation.None)
                .WithEnvironmentVariables(e => e.Set("LC_ALL", "C")).ExecuteBufferedAsync(cancel);
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Runs a program that has to be there. The exit code is the caller's to judge.</summary>
    /// <exception cref="UsageException">The host has no such program.</exception>
    public static async Task<BufferedCommandResult> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancel) =>
        await TryRunAsync(program, arguments, cancel) ?? throw Missing(program, wanted: "the program on the path");

    /// <summary>Who, what and the remedy for a program that is not there or too old.</summary>
    public static UsageException Missing(string program, string wanted, string got = "no such program")
    {
        string? package = s_debianPackages.GetValueOrDefault(Path.GetFileName(program));
        string next = package is null ? "" : $"\n  next:    apt-get install {package}";
        return new UsageException($"qemu: `{program}` cannot be used on this host\n  wanted:  {wanted}\n  got:     {got}{next}");
    }

    /// <summary>The last line that says something, for one-line messages; <c>nothing</c> when there is none.</summary>
    public static string LastLine(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "nothing";
}
