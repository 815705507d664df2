using Kola.Machines;

namespace Kola;

/// <content>Getting ready, and going round again.</content>
public sealed partial class Machine
{
    /// <summary>Restarts the machine from within and returns once it is ready under a new boot id.</summary>
    /// <param name="within">Default 5 minutes, times the platform's slowness; never beyond the test's deadline.</param>
    /// <exception cref="MachineException">It did not come back, or came back with the old boot id.</exception>
    public Task RebootAsync(TimeSpan? within = null) => RestartAsync("reboot", within, async cancel =>
    {
        IShell shell = await ShellAsync(cancel);
        // Its exit code says nothing: the connection may be gone before the command returns.
        await shell.ExecuteAsync("sudo systemctl reboot", null, Stream.Null, Stream.Null, cancel);
        _log.Add(_terms.Time.GetUtcNow(), "sudo systemctl reboot", null, "", "", TimeSpan.Zero);
        await WhenLostAsync(shell, Scaled(TimeSpan.FromMinutes(2)), cancel);
    });

    /// <summary>Presses the reset button: nothing in the machine is asked or told. Returns once it is ready under a new boot id.</summary>
    /// <inheritdoc cref="RebootAsync" path="/param|/exception"/>
    public Task ResetAsync(TimeSpan? within = null) => RestartAsync("hard reset", within, _instance.ResetAsync);

    /// <summary>
    /// Does something by which the machine restarts by itself, once or several times, and returns once it is ready under a new boot id.
    /// </summary>
    /// <param name="how">What is done to it, for messages: <c>a panic</c>.</param>
    /// <param name="act">Does it. It may return before the machine goes down.</param>
    /// <param name="within">Default 5 minutes, times the platform's slowness, from the return of <paramref name="act"/>; never beyond the test's deadline.</param>
    /// <exception cref="MachineException">It did not come back, or came back with the old boot id.</exception>
    public Task RestartByAsync(string how, Func<Task> act, TimeSpan? within = null) => RestartAsync(how, within, _ => act());

    /// <summary>Waits until the machine is ready: SSH answers, the boot has settled without failed units, and it is the expected system.</summary>
    internal async Task BecomeReadyAsync(TimeSpan? within)
    {
        await ReadyAsync("boot", within ?? TimeSpan.FromMinutes(5), oldBootId: null);
        await SettleRecordingAsync();
    }

    /// <summary>Sees that a machine that was ready, and that something was done to since, still is, without a restart.</summary>
    /// <exception cref="MachineException">It does not answer any more, or has failed units.</exception>
    internal Task StayReadyAsync() => ReadyAsync("what was done to it", TimeSpan.FromMinutes(1), oldBootId: null);

    /// <summary>Waits until the boot has failed, as it is expected to.</summary>
    /// <param name="failure">Completes with what the machine had said then.</param>
    /// <exception cref="MachineException">It got ready, or neither came about in 5 minutes, times the platform's slowness.</exception>
    internal async Task FailToBootAsync(Task<string> failure)
    {
        using var failed = new CancellationTokenSource();
        Task<Readiness?> ready = BoundAsync(cancel => UnlessFailedAsync(failed.Token, cancel));
        if (await Task.WhenAny(failure, ready) == failure)
            await failed.CancelAsync();
        if (await ready is { } up)
            throw new MachineException($"{Name}: it booted, and is \"{up.State}\"\n  wanted:  a boot that ends in the emergency shell, as its test expects\n  see:     {_terms.Shown}/console.txt");
        BootFailure = await failure;
    }

    private async Task<Readiness?> UnlessFailedAsync(CancellationToken failed, CancellationToken cancel)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(failed, cancel);
        try
        {
            return await AskUntilBootedAsync("boot", Scaled(TimeSpan.FromMinutes(5)), oldBootId: null, either.Token);
        }
        catch (OperationCanceledException) when (failed.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Writes a line into the journal, if there is a connection and the machine is well enough to take it.</summary>
    internal async Task<bool> TryMarkAsync(string line, TimeSpan within, CancellationToken cancel)
    {
        using var late = new CancellationTokenSource(within, _terms.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
        try
        {
            // The guest program's own words go into the journal, and cost no process.
            if (_instance.Channel is { IsUp: true } channel)
                return await channel.AskAsync($"mark {Quote(line)}", either.Token) is { ExitCode: 0 };
            if (_shell is not { Lost.IsCancellationRequested: false } shell)
                return false;
            return await shell.ExecuteAsync($"logger -t kola {Quote(line)}", null, Stream.Null, Stream.Null, either.Token) == 0;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    internal async ValueTask DisconnectAsync()
    {
        IShell? shell = Interlocked.Exchange(ref _shell, null);
        if (shell is not null)
            await shell.DisposeAsync();
    }

    private async Task RestartAsync(string how, TimeSpan? within, Func<CancellationToken, Task> act)
    {
        string before = BootId;
        await BoundAsync(async cancel =>
        {
            await act(cancel);
            return true;
        });
        await DisconnectAsync();
        await ReadyAsync(how, within ?? TimeSpan.FromMinutes(5), before);
    }

    private async Task ReadyAsync(string how, TimeSpan within, string? oldBootId)
    {
        long start = _terms.Time.GetTimestamp();
        _connectedAt = null;
        TimeSpan limit = Scaled(within);
        Readiness ready = await BoundAsync(cancel => AskUntilBootedAsync(how, limit, oldBootId, cancel));
        BootId = ready.BootId;
        Version = ready.Version;
        if (ready.Id != _terms.ExpectedId)
            throw new MachineException($"{Name}: os-release says ID={ready.Id}\n  wanted:  ID={_terms.ExpectedId}\n  got:     ID={ready.Id} VERSION={ready.Version}\n  next:    is this the image you meant to test?");
        if (!_terms.AcceptUnsettled && (ready.FailedUnits.Count > 0 || ready.State != "running"))
            throw new MachineException(await UnsettledAsync(ready, how));
        if (_terms.NetworkName is { } name && _instance.Channel is { IsUp: true } channel)
            await BoundAsync(cancel => channel.AskAsync($"change_name {Quote(name)}", cancel));
        double seconds = _terms.Time.GetElapsedTime(start).TotalSeconds;
        double? login = _connectedAt is { } connected ? _terms.Time.GetElapsedTime(start, connected).TotalSeconds : null;
        _terms.Emit(new MachineReady { At = _terms.Time.GetUtcNow(), Test = _terms.Test, Machine = Name, BootId = BootId, Version = Version, ElapsedSeconds = seconds, LoginSeconds = login, Boot = _boots++ });
    }

    private async Task<Readiness> AskUntilBootedAsync(string how, TimeSpan limit, string? oldBootId, CancellationToken cancel)
    {
        string last = "nothing answered";
        using var late = new CancellationTokenSource(limit, _terms.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
        try
        {
            Waited<Readiness?> asked = await Wait.UntilAsync(
                async token =>
                {
                    (Readiness? seen, last) = await AskAsync(last, token);
                    return seen;
                },
                seen => seen is not null && seen.BootId.Length > 0 && seen.BootId != oldBootId && seen.State is not ("stopping" or ""),
                limit, TimeSpan.FromSeconds(1), _terms.Time, either.Token);
            if (asked.Held)
                return asked.Last!;
            if (asked.Last?.BootId == oldBootId && oldBootId is not null)
                last = $"the old boot id {oldBootId}";
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            // Falls through to the message: `last` says how far it got.
        }

        string seen = await SeenFromWithinAsync(cancel);
        throw NeverStirred
            ? new PlatformException(Signal.NoContact, $"{Name}: not ready {limit.TotalSeconds:0} s after {how}, and not one byte on its console\n  wanted:  an SSH login\n  got:     {last}\n  next:    does the platform start machines at all? Try `kola spawn`.")
            : new MachineException($"{Name}: not ready {limit.TotalSeconds:0} s after {how}\n  wanted:  an SSH login and a settled system\n  got:     {last}{seen}\n  see:     {_terms.Shown}/console.txt");
    }

    // What SSH cannot tell when it does not answer: what the boot waits for, and what has failed.
    private async Task<string> SeenFromWithinAsync(CancellationToken cancel)
    {
        if (_instance.Channel is not { IsUp: true } channel)
            return "";
        using var late = new CancellationTokenSource(Scaled(TimeSpan.FromSeconds(5)), _terms.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
        try
        {
            (int, string Text)? answer = await channel.AskAsync("systemctl is-system-running; systemctl --no-pager --no-legend --plain list-jobs; systemctl --no-pager --no-legend --plain list-units --state=failed", either.Token);
            return answer is { Text: var text } ? Tail("within", text) : "";
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return "";
        }
    }

    /// <summary>
    /// Never ready *and* silent from the first byte: that is the platform's fault. Anything on the console shows that the image got to run.
    /// </summary>
    internal bool NeverStirred =>
        _boots == 0 && _instance.ConsoleFile is { } file && (!File.Exists(file) || new FileInfo(file).Length == 0);

    private async Task<(Readiness? Seen, string Last)> AskAsync(string last, CancellationToken cancel)
    {
        try
        {
            IShell shell = await ShellAsync(cancel);
            using var output = new MemoryStream();
            long start = _terms.Time.GetTimestamp();
            int? exitCode = await shell.ExecuteAsync(Readiness.Command, null, output, Stream.Null, cancel);
            string text = System.Text.Encoding.UTF8.GetString(output.ToArray());
            _log.Add(_terms.Time.GetUtcNow(), "(is it ready?)", exitCode, text, "", _terms.Time.GetElapsedTime(start));
            if (exitCode is null)
                return (null, "the connection was lost while it settled");
            Readiness seen = Readiness.Parse(text);
            return (seen, $"system state \"{seen.State}\"");
        }
        catch (LoginRefusedException refused)
        {
            return (null, refused.Message);
        }
        catch (MachineException nothing)
        {
            // A refused login says more than the silence that may follow it.
            return (null, last.Contains("refused the login", StringComparison.Ordinal) ? last : nothing.Message);
        }
    }

    private async Task<string> UnsettledAsync(Readiness ready, string how)
    {
        string first = ready.FailedUnits.Count > 0
            ? $"{Name}: unit {ready.FailedUnits[0]} failed during {how}"
            : $"{Name}: the system settled as \"{ready.State}\" after {how}";
        string details = ready.FailedUnits.Count > 0
            ? (await TryRunAsync($"systemctl --no-pager --full status {Quote(ready.FailedUnits[0])}")).Text
            : (await TryRunAsync("systemctl --no-pager list-jobs")).Text;
        return $"{first}\n  wanted:  state running, no failed unit\n  got:     state {ready.State}, failed: {(ready.FailedUnits.Count == 0 ? "none" : string.Join(", ", ready.FailedUnits))}{Tail("status", details)}\n  see:     {_terms.Shown}/journal.txt";
    }

    private Task<IShell> ShellAsync() => BoundAsync(ShellAsync);

    // One connection per machine: a login costs an emulated guest seconds. A lost one is replaced at the next command.
    private async Task<IShell> ShellAsync(CancellationToken cancel)
    {
        await _connecting.WaitAsync(cancel);
        try
        {
            if (_shell is { Lost.IsCancellationRequested: false } live)
                return live;
            await DisconnectAsync();
            IShell shell = await _instance.ConnectAsync(_terms.Identity, cancel);
            if (_hostKey is not null && shell.HostKey.Length > 0 && _hostKey != shell.HostKey)
            {
                await shell.DisposeAsync();
                throw new MachineException($"{Name}: its SSH host key changed\n  wanted:  {_hostKey}\n  got:     {shell.HostKey}");
            }

            if (LoggedIn == default)
                LoggedIn = Cost;
            if (shell.HostKey.Length > 0)
                _hostKey = shell.HostKey;
            _connectedAt ??= _terms.Time.GetTimestamp();
            _shell = shell;
            Connected?.Invoke(shell);
            return shell;
        }
        finally
        {
            _connecting.Release();
        }
    }

    private async Task WhenLostAsync(IShell shell, TimeSpan limit, CancellationToken cancel)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, shell.Lost);
        try
        {
            await Wait.PauseAsync(limit, _terms.Time, either.Token);
        }
        catch (OperationCanceledException)
        {
            cancel.ThrowIfCancellationRequested();
        }
    }
}
