using Kola.Machines;
using Kola.Platforms;

namespace Kola.Clouds;

/// <summary>One machine in a cloud.</summary>
public sealed class CloudInstance : IInstance
{
    private static readonly TimeSpan s_loginTime = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_powerTime = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_console = TimeSpan.FromSeconds(5);

    private readonly CloudPlatform _platform;
    private readonly CloudConsole? _console;
    private readonly PowerTurn _power;
    private readonly CancellationTokenSource _over = new();
    private readonly TaskCompletionSource<InstanceExit> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _watching;
    private volatile bool _cycling;

    internal CloudInstance(CloudPlatform platform, string id, string name, string? consoleFile)
    {
        _platform = platform;
        Id = id;
        Name = name;
        ConsoleFile = consoleFile;
        _console = consoleFile is null ? null : new CloudConsole((from, cancel) => platform.Cloud.ReadConsoleAsync(name, from, cancel), consoleFile, s_console, platform.Clock);
        _power = new PowerTurn(id, _exited.Task);
        _watching = WatchAsync(_over.Token);
    }

    /// <inheritdoc/>
    public string Id { get; }

    /// <summary>What the cloud calls it.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    public string? ConsoleFile { get; }

    /// <summary>Its address and SSH's port. It may be another one after a power cycle.</summary>
    public string Address => $"{Host ?? "nowhere"}:22";

    /// <inheritdoc/>
    public TimeSpan? ProcessorTime => null;

    /// <inheritdoc/>
    public int? MemoryMiB => null;

    /// <inheritdoc/>
    public IGuestChannel? Channel => null;

    /// <inheritdoc/>
    public Task<InstanceExit> Exited => _exited.Task;

    private string? Host => _platform.Watch.StateOf(Name).Address;

    /// <inheritdoc/>
    public Task<IShell> ConnectAsync(SshIdentity identity, CancellationToken cancel) =>
        Host is { } host ? Ssh.ConnectAsync(host, 22, identity, s_loginTime * _platform.Slowness, cancel) : throw new MachineException($"{Id}: {Name} has no address to connect to");

    /// <inheritdoc/>
    public Task ResetAsync(CancellationToken cancel) => _power.WhileOnAsync("reset", () => DuringAsync("reset", async () =>
    {
        await _platform.Cloud.ResetAsync(Name, cancel);
        Forget();
        await ReachAsync("running again", s => s.IsReady, s => s.Power is CloudPower.Failed or CloudPower.Gone, cancel);
    }), cancel);

    /// <inheritdoc/>
    public Task PowerCycleAsync(CancellationToken cancel) => _power.WhileOnAsync("power cycle", () => DuringAsync("power cycle", async () =>
    {
        await _platform.Cloud.StopAsync(Name, cancel);
        Forget();
        await ReachAsync("off", s => s.Power == CloudPower.Stopped, s => s.Power is CloudPower.Failed or CloudPower.Gone, cancel);
        await _platform.Cloud.StartAsync(Name, cancel);
        Forget();
        await ReachAsync("running", s => s.IsReady, s => s.Power is CloudPower.Failed or CloudPower.Gone, cancel);
    }), cancel);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await _power.EndAsync(async () =>
    {
        await _over.CancelAsync();
        await _watching;
        if (_console is not null)
            await _console.DisposeAsync();
        await _platform.EndAsync(this);
    });

    // Something was asked for that changes it.
    private void Forget() => _platform.Watch.Set(Name, new CloudState(CloudPower.Changing, "asked to change") { Address = Host });

    // That it is off meanwhile is no end of it.
    private async Task DuringAsync(string action, Func<Task> act)
    {
        _cycling = true;
        try
        {
            await act();
            _cycling = false;
        }
        catch (Exception problem)
        {
            _exited.TrySetResult(new InstanceExit(PlatformFault: true, $"it did not come back from a {action}: {problem.Message.Split('\n')[0]}") { Signal = problem is PlatformException place ? place.Signal : Signal.MachineLost });
            throw;
        }
    }

    private async Task ReachAsync(string what, Func<CloudState, bool> holds, Func<CloudState, bool> never, CancellationToken cancel)
    {
        CloudState state = await _platform.Watch.UntilAsync(Name, s => holds(s) || never(s), s_powerTime * _platform.Slowness, cancel);
        if (!holds(state))
            throw new PlatformException(Signal.MachineLost, FormattableString.Invariant($"{Id}: {Name} is not {what}\n  wanted:  {what} within {s_powerTime.TotalMinutes * _platform.Slowness:0} min\n  got:     {state.Name} {state.Refusal}"));
    }

    private async Task WatchAsync(CancellationToken over)
    {
        try
        {
            CloudState end = await _platform.Watch.ChangedAsync(Name, s => s.Power is CloudPower.Failed or CloudPower.Gone || s.Power == CloudPower.Stopped && !_cycling, over);
            if (over.IsCancellationRequested)
                return;
            // What it said last is still shown for a while.
            if (_console is not null && end.Power != CloudPower.Gone)
                await _console.TakeAsync(over);
            _exited.TrySetResult(end.Power switch
            {
                CloudPower.Stopped => new InstanceExit(PlatformFault: false, $"the machine is off ({end.Name})"),
                CloudPower.Gone => new InstanceExit(PlatformFault: true, "somebody else deleted the machine"),
                _ => new InstanceExit(PlatformFault: true, $"the cloud gave the machine up: {end.Name} {end.Refusal}"),
            });
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }
}
