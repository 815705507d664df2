using Renci.SshNet;
using Renci.SshNet.Common;

namespace Kola.Machines;

/// <summary>A logged-in SSH connection.</summary>
internal sealed class SshShell : IShell
{
    private readonly SshClient _client;
    private readonly CancellationTokenSource _lost = new();
    private int _disposed;

    internal SshShell(SshClient client, string hostKey)
    {
        _client = client;
        HostKey = hostKey;
        // Notices a peer that vanished without a word (a reset machine) instead of waiting for an answer for ever.
        client.KeepAliveInterval = TimeSpan.FromSeconds(10);
        client.ErrorOccurred += (_, _) => MarkLost();
    }

    public string HostKey { get; internal set; }

    public CancellationToken Lost => _lost.Token;

    public async Task<int?> ExecuteAsync(string command, Stream? input, Stream output, Stream error, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        byte[] first = input is null ? [] : new byte[1 << 16];
        int length = input is null ? 0 : await input.ReadAsync(first, cancel);
        // SSH.NET sends no end of an input that nothing was written to, and whoever reads it would wait for ever.
        SshCommand ssh = _client.CreateCommand(input is not null && length == 0 ? "exec </dev/null\n" + command : command);
        ssh.CommandTimeout = Timeout.InfiniteTimeSpan;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel, _lost.Token);
        try
        {
            // Opening the channel blocks in SSH.NET, and so does reading: both get pool threads, so that a silent peer holds up nobody.
            Task exit = await Task.Factory.StartNew(
                () => ssh.ExecuteAsync(CancellationToken.None), cancel, TaskCreationOptions.None, TaskScheduler.Default).WaitAsync(ending.Token);
            Task copies = Task.WhenAll(
                Task.Run(() => ssh.OutputStream.CopyTo(output), CancellationToken.None),
                Task.Run(() => ssh.ExtendedOutputStream.CopyTo(error), CancellationToken.None));
            if (input is not null && length > 0)
                await FeedAsync(ssh, first.AsMemory(0, length), input, ending.Token);
            await exit.WaitAsync(ending.Token);
            await copies.WaitAsync(ending.Token);
            return ssh.ExitStatus ?? (ssh.ExitSignal is { } signal ? ExitCodeOf(signal) : null);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            Signal(ssh);
            throw;
        }
        catch (OperationCanceledException) when (_lost.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception fault) when (fault is SshException or ObjectDisposedException or IOException or InvalidOperationException)
        {
            if (fault is SshConnectionException or ObjectDisposedException || !_client.IsConnected)
                MarkLost();
            return null;
        }
        finally
        {
            // Not awaited: it says farewell to the peer, and a peer that was reset never answers.
            _ = Task.Run(ssh.Dispose, CancellationToken.None);
        }
    }

    public int Forward(string host, int port)
    {
        var forwarded = new ForwardedPortLocal("127.0.0.1", 0, host, (uint)port);
        try
        {
            _client.AddForwardedPort(forwarded);
            // One who connects where nobody listens is told by the end of his connection.
            forwarded.Exception += (_, _) => { };
            forwarded.Start();
            return (int)forwarded.BoundPort;
        }
        catch (Exception fault) when (fault is SshException or ObjectDisposedException or InvalidOperationException)
        {
            forwarded.Dispose();
            throw new MachineException($"port {port} of {host} cannot be forwarded: {fault.Message}", fault);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        MarkLost();
        // Disposal sends a farewell and waits for the peer's; a dead peer must not hold up the end of a test.
        await Task.WhenAny(Task.Run(_client.Dispose), Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System));
    }

    // As a shell reports it: 128 and the signal's number, so that a killed command is told from a lost connection.
    private static int ExitCodeOf(string signal) => 128 + signal switch
    {
        "HUP" => 1,
        "INT" => 2,
        "QUIT" => 3,
        "ILL" => 4,
        "ABRT" => 6,
        "FPE" => 8,
        "KILL" => 9,
        "SEGV" => 11,
        "PIPE" => 13,
        "ALRM" => 14,
        "TERM" => 15,
        _ => 127,
    };

    private static async Task FeedAsync(SshCommand ssh, ReadOnlyMemory<byte> first, Stream input, CancellationToken cancel)
    {
        await using Stream stdin = ssh.CreateInputStream();
        await Task.Run(
            () =>
            {
                stdin.Write(first.Span);
                input.CopyTo(stdin);
            },
            cancel).WaitAsync(cancel);
    }

    private static void Signal(SshCommand ssh) => _ = Task.Run(() =>
    {
        try
        {
            ssh.CancelAsync(forceKill: true, millisecondsTimeout: 500);
        }
        catch (Exception fault) when (fault is SshException or ObjectDisposedException or InvalidOperationException or TimeoutException)
        {
            // The connection is on its way down anyway.
        }
    });

    private void MarkLost()
    {
        if (!_lost.IsCancellationRequested)
            _lost.Cancel();
    }
}
