using Kola.Clouds;
using Kola.Machines;
using Kola.Platforms;

namespace Kola.Aws;

/// <summary>One machine on EC2.</summary>
public sealed class AwsInstance : IInstance
{
    private static readonly TimeSpan s_loginTime = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_powerTime = TimeSpan.FromMinutes(10);

    private readonly AwsPlatform _platform;
    private readonly CloudConsole _console;
    private readonly PowerTurn _power;
    private readonly CancellationTokenSource _over = new();
    private readonly TaskCompletionSource<InstanceExit> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _watching;
    private volatile bool _cycling;

    internal AwsInstance(AwsPlatform platform, string id, string instance, string consoleFile)
    {
        _platform = platform;
        Id = id;
        InstanceId = instance;
        ConsoleFile = consoleFile;
        var output = new ConsoleOutput(platform.Connection, instance);
        _console = new CloudConsole((_, cancel) => output.ReadAsync(cancel), consoleFile, ConsoleOutput.Pause, platform.Connection.Calls.Clock);
        _power = new PowerTurn(id, _exited.Task);
        _watching = WatchAsync(_over.Token);
    }

    /// <inheritdoc/>
    public string Id { get; }

    /// <summary>As EC2 names it: <c>i-0123456789abcdef0</c>.</summary>
    public string InstanceId { get; }

    /// <inheritdoc/>
    public string ConsoleFile { get; }

    /// <summary>Its address and SSH's port. Another one after a power cycle.</summary>
    public string Address => $"{Host() ?? "nowhere"}:22";

    /// <inheritdoc/>
    public TimeSpan? ProcessorTime => null;

    /// <inheritdoc/>
    public int? MemoryMiB => null;

    /// <inheritdoc/>
    public IGuestChannel? Channel => null;

    /// <inheritdoc/>
    public Task<InstanceExit> Exited => _exited.Task;

    /// <inheritdoc/>
    public Task<IShell> ConnectAsync(SshIdentity identity, CancellationToken cancel) =>
        Host() is { } host ? Ssh.ConnectAsync(host, 22, identity, s_loginTime * _platform.Slowness, cancel) : throw new MachineException($"{Id}: {InstanceId} has no address to connect to");

    /// <summary>
    /// EC2's reboot: the system is asked to restart, and reset by force when it has not in some minutes. There is no reset button that asks nobody; who wants what
    /// was not flushed to be lost pulls the plug, <see cref="PowerCycleAsync"/>.
    /// </summary>
    public Task ResetAsync(CancellationToken cancel) => _power.WhileOnAsync("reset", () => _platform.RebootAsync(InstanceId, cancel), cancel);

    /// <summary>Stops the instance by force, without a word to its system, and starts it again, on another host and with another address. A spot instance cannot be stopped.</summary>
    /// <inheritdoc/>
    public Task PowerCycleAsync(CancellationToken cancel) => _power.WhileOnAsync("power cycle", async () =>
    {
        if (_platform.Options.Spot)
            throw new UsageException($"{Id}: a spot instance cannot be stopped, nor its plug be pulled\n  wanted:  an instance on demand\n  next:    leave out --aws-spot");
        _cycling = true;
        try
        {
            await _platform.StopAsync(InstanceId, cancel);
            await ReachAsync("stopped", s => s.IsStopped || s.IsEnding, s => s.IsStopped, cancel);
            await _platform.PowerOnAsync(InstanceId, cancel);
            await ReachAsync("running", s => s.IsRunning && _platform.HostOf(s) is not null || s.IsEnding, s => s.IsRunning, cancel);
            _cycling = false;
        }
        catch (Exception problem)
        {
            _exited.TrySetResult(new InstanceExit(PlatformFault: true, $"it did not come back from a power cycle: {problem.Message.Split('\n')[0]}") { Signal = problem is PlatformException place ? place.Signal : Signal.MachineLost });
            throw;
        }
    }, cancel);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await _power.EndAsync(async () =>
    {
        await QuietAsync();
        await _platform.EndAsync(this);
    });

    /// <summary>Looks at it no more, and reads its console a last time: what comes before its end. May come twice.</summary>
    internal async Task QuietAsync()
    {
        await _over.CancelAsync();
        await _watching;
        await _console.DisposeAsync();
    }

    private string? Host() => _platform.HostOf(_platform.Watch.StateOf(InstanceId));

    private async Task ReachAsync(string name, Func<InstanceState, bool> ends, Func<InstanceState, bool> holds, CancellationToken cancel)
    {
        InstanceState state = await _platform.Watch.UntilAsync(InstanceId, ends, s_powerTime * _platform.Slowness, cancel);
        if (!holds(state))
            throw new PlatformException(Signal.MachineLost, FormattableString.Invariant($"{Id}: {InstanceId} did not become {name}\n  wanted:  {name} within {s_powerTime.TotalMinutes:0} min\n  got:     {state.Name} {state.Reason} {state.Message}"));
    }

    private async Task WatchAsync(CancellationToken over)
    {
        try
        {
            InstanceState end = await _platform.Watch.ChangedAsync(InstanceId, s => s.IsTerminated || s.IsEnding && s.Reason.Length > 0 || s.IsStopped && !_cycling, over);
            if (over.IsCancellationRequested)
                return;
            // What it said last is still shown for a while.
            await _console.TakeLastAsync();
            _exited.TrySetResult(end.ToExit());
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }
}
