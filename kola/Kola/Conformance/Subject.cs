using System.Text;
using Kola.Machines;

namespace Kola.Conformance;

/// <summary>A machine promises are tried on, with the connection to it.</summary>
/// <param name="instance">The machine.</param>
/// <param name="identity">Who logs in.</param>
/// <param name="clock">What time it is.</param>
internal sealed class Subject(IInstance instance, SshIdentity identity, TimeProvider clock) : IAsyncDisposable
{
    private IShell? _shell;

    internal IInstance Instance => instance;

    /// <summary>Id of the boot it is in, as it was last seen.</summary>
    internal string BootId { get; private set; } = "";

    /// <summary>Runs a line of shell, logging in where there is no connection.</summary>
    /// <exception cref="PromiseBrokenException">It does not end well.</exception>
    internal async Task<string> RunAsync(string command, CancellationToken cancel, string? input = null)
    {
        (int? code, string text) = await TryAsync(command, cancel, input);
        return code == 0 ? text.TrimEnd('\n') : throw new PromiseBrokenException($"{command}: {(code is null ? "the connection was lost" : $"exit code {code}")}: {text.Trim()}");
    }

    /// <summary>Runs a line of shell; a null exit code when the connection is lost.</summary>
    internal async Task<(int? Code, string Text)> TryAsync(string command, CancellationToken cancel, string? input = null)
    {
        IShell shell = await ShellAsync(cancel);
        using var output = new MemoryStream();
        using Stream? content = input is null ? null : new MemoryStream(Encoding.UTF8.GetBytes(input));
        int? code = await shell.ExecuteAsync(command, content, output, output, cancel);
        return (code, Encoding.UTF8.GetString(output.ToArray()));
    }

    /// <summary>Waits until it answers in another boot than the last seen, and has settled.</summary>
    internal async Task<string> SeeBootAsync(CancellationToken cancel)
    {
        Waited<string> seen = await Wait.UntilAsync(AskAsync, id => id.Length > 0 && id != BootId, TimeSpan.FromHours(2), TimeSpan.FromSeconds(5), clock, cancel);
        await RunAsync("systemctl is-system-running --wait || true", cancel);
        return BootId = seen.Last;
    }

    /// <summary>Lets go of the connection.</summary>
    internal async Task DisconnectAsync()
    {
        if (Interlocked.Exchange(ref _shell, null) is { } shell)
            await shell.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await DisconnectAsync();
        await instance.DisposeAsync();
    }

    private async Task<string> AskAsync(CancellationToken cancel)
    {
        if (instance.Exited.IsCompleted)
            throw new PromiseBrokenException($"the machine is gone: {(await instance.Exited).Detail}");
        try
        {
            (int? code, string text) = await TryAsync("cat /proc/sys/kernel/random/boot_id", cancel);
            return code == 0 ? text.Trim() : "";
        }
        catch (MachineException)
        {
            return "";
        }
    }

    private async Task<IShell> ShellAsync(CancellationToken cancel)
    {
        if (_shell is { Lost.IsCancellationRequested: false } live)
            return live;
        await DisconnectAsync();
        return _shell = await instance.ConnectAsync(identity, cancel);
    }
}
