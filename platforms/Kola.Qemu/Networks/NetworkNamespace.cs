using CliWrap.Buffered;

namespace Kola.Qemu;

/// <summary>
/// A network of the kernel's own, apart from the host's: a process holds it, and with its end all that is in it is gone. That process does not outlive kola, so
/// nothing is left of it either when kola is killed. An ordinary user gets one within a namespace of users.
/// </summary>
internal sealed class NetworkNamespace : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(5);
    private static readonly string[] s_tied = ["setpriv", "--pdeathsig", "KILL", "--"];

    private readonly ChildProcess _holder;

    private NetworkNamespace(ChildProcess holder) => _holder = holder;

    /// <summary>Process that is in it.</summary>
    public int ProcessId => _holder.Id;

    /// <summary>Whether this user can have one.</summary>
    public static async Task<bool> IsPossibleAsync(CancellationToken cancel) =>
        await HostTool.TryRunAsync("unshare", [.. Unshare, "ip", "link", "set", "lo", "up"], cancel) is { ExitCode: 0 };

    /// <summary>Makes one.</summary>
    /// <param name="directory">Existing directory, for its processes to be in.</param>
    /// <param name="cancel">Ends it; nothing is left then.</param>
    /// <exception cref="PlatformException">The kernel gives none.</exception>
    public static async Task<NetworkNamespace> CreateAsync(string directory, CancellationToken cancel)
    {
        ChildProcess holder = await ChildProcess.StartAsync("unshare", [.. Unshare, .. s_tied, "sleep", "infinity"], directory);
        var made = new NetworkNamespace(holder);
        try
        {
            long start = TimeProvider.System.GetTimestamp();
            // It is there when its process has become what it was started for.
            while (!IsHeld(holder.Id))
            {
                if (holder.Exited.IsCompleted || TimeProvider.System.GetElapsedTime(start) > s_patience)
                    throw new PlatformException(Signal.Host, $"qemu: no network namespace for a test\n  wanted:  what `unshare {string.Join(' ', Unshare)}` makes\n  got:     {(holder.Exited.IsCompleted ? ChildProcess.Describe(await holder.Exited, holder.Words) : "a process that does not get there")}");
                await Task.Delay(s_poll, TimeProvider.System, cancel);
            }

            await made.RunAsync("ip link set lo up", cancel);
            return made;
        }
        catch
        {
            await made.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a script of sh in it.</summary>
    /// <exception cref="PlatformException">A command of it failed.</exception>
    public async Task<string> RunAsync(string script, CancellationToken cancel)
    {
        BufferedCommandResult result = await HostTool.RunAsync("nsenter", [.. Enter, "sh", "-euc", script], cancel);
        return result.ExitCode == 0 ? result.StandardOutput : throw new PlatformException(Signal.Host, $"qemu: the network of a test could not be set up: `{script}`\n  got:     {HostTool.LastLine(result.StandardError)}");
    }

    /// <summary>Starts a program in it that ends with kola.</summary>
    public Task<ChildProcess> StartAsync(string program, IEnumerable<string> arguments, string directory) =>
        ChildProcess.StartAsync("nsenter", [.. Enter, .. s_tied, program, .. arguments], directory);

    /// <summary>Ends it, with all that is in it.</summary>
    public ValueTask DisposeAsync() => _holder.DisposeAsync();

    private static string[] Unshare => Environment.IsPrivilegedProcess ? ["--net", "--"] : ["--user", "--map-root-user", "--net", "--"];

    private string[] Enter => Environment.IsPrivilegedProcess ? [$"--target={ProcessId}", "--net", "--"] : [$"--target={ProcessId}", "--user", "--net", "--preserve-credentials", "--"];

    // sleep infinity, after unshare and setpriv
    private static bool IsHeld(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline").StartsWith("sleep\0", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
