using System.Globalization;
using Kola.Machines;
using Kola.Platforms;

namespace Kola.Labs;

/// <summary>A machine of a lab that a test has.</summary>
internal sealed class LabInstance : IInstance
{
    private static readonly TimeSpan s_login = TimeSpan.FromSeconds(20);

    private readonly LabMachine _machine;
    private readonly LabCalls _calls;
    private readonly Func<Task> _end;
    private readonly PlatformAccess _access;
    private readonly LabConsole? _console;
    private readonly TaskCompletionSource<InstanceExit> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _over = new();
    private readonly SemaphoreSlim _power = new(1, 1);
    private readonly Task _watching;
    private readonly Lazy<Task> _disposal;
    private SshIdentity? _last;

    /// <param name="id">Id it was started with.</param>
    /// <param name="machine">The machine.</param>
    /// <param name="calls">How its commands are called.</param>
    /// <param name="directory">Where its console is kept.</param>
    /// <param name="access">Clock, and who is told.</param>
    /// <param name="end">Gives it back or takes it away; never faults.</param>
    internal LabInstance(string id, LabMachine machine, LabCalls calls, string directory, PlatformAccess access, Func<Task> end)
    {
        Id = id;
        _machine = machine;
        _calls = calls;
        _access = access;
        _end = end;
        string file = Path.Combine(directory, "console.txt");
        _console = LabConsole.Start(machine, calls, file, access.Clock);
        ConsoleFile = _console is null ? null : file;
        _watching = machine.Controls.Status is { } status ? Task.Run(() => WatchAsync(status)) : Task.CompletedTask;
        _disposal = new Lazy<Task>(EndAsync);
    }

    /// <inheritdoc/>
    public string Id { get; }

    /// <inheritdoc/>
    public string? ConsoleFile { get; }

    /// <inheritdoc/>
    public string Address => string.Create(CultureInfo.InvariantCulture, $"{_machine.Address}:{_machine.Port}");

    /// <inheritdoc/>
    public TimeSpan? ProcessorTime => null;

    /// <inheritdoc/>
    public int? MemoryMiB => null;

    /// <inheritdoc/>
    public IGuestChannel? Channel => null;

    /// <inheritdoc/>
    public Task<InstanceExit> Exited => _exited.Task;

    /// <summary>Called when it is over.</summary>
    internal Action Gone { get; set; } = () => { };

    /// <inheritdoc/>
    public async Task<IShell> ConnectAsync(SshIdentity identity, CancellationToken cancel)
    {
        _last = identity;
        return await _machine.ConnectAsync(identity, s_login * _calls.Lab.Slowness, cancel);
    }

    /// <inheritdoc/>
    public Task ResetAsync(CancellationToken cancel) => PowerAsync([[PowerAction.Reset], [PowerAction.Cycle], [PowerAction.Off, PowerAction.On]], cancel);

    /// <inheritdoc/>
    public Task PowerCycleAsync(CancellationToken cancel) => PowerAsync([[PowerAction.Cycle], [PowerAction.Off, PowerAction.On], [PowerAction.Reset]], cancel);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await _disposal.Value;

    // The first way all of whose actions the lab can do; where it can do none, the kernel is told to reset the machine at once.
    private async Task PowerAsync(PowerAction[][] ways, CancellationToken cancel)
    {
        await _power.WaitAsync(cancel);
        try
        {
            if (_exited.Task is { IsCompleted: true, Result: var exit })
                throw new PlatformException(Signal.MachineLost, $"{Id}: {exit.Detail}\n  wanted:  a machine whose power can be switched");
            if (_machine.Controls.Power is not { } command)
            {
                await ResetFromWithinAsync(cancel);
                return;
            }

            foreach (PowerAction action in ways.First(way => way.All(command.Actions.Contains) || way == ways[^1]))
            {
                if (!await _calls.CallAsync(command, _machine.Request(command.Name, action), cancel))
                    throw new PlatformException(Signal.MachineLost, $"{Id}: the lab says that there is no such machine any more\n  wanted:  a machine whose power can be switched");
            }
        }
        finally
        {
            _power.Release();
        }
    }

    private async Task ResetFromWithinAsync(CancellationToken cancel)
    {
        try
        {
            await using IShell shell = await _machine.ConnectAsync(_last ?? throw new MachineException("nobody has logged in yet"), s_login * _calls.Lab.Slowness, cancel);
            using var late = new CancellationTokenSource(s_login * _calls.Lab.Slowness, _access.Clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token, shell.Lost);
            // Neither file systems nor services are asked: what was not flushed is lost.
            await shell.ExecuteAsync("sudo sh -c 'echo 1 >/proc/sys/kernel/sysrq; echo b >/proc/sysrq-trigger'", null, Stream.Null, Stream.Null, either.Token);
        }
        catch (OperationCanceledException)
        {
            cancel.ThrowIfCancellationRequested();
        }
        catch (MachineException silent)
        {
            throw new PlatformException(Signal.Emulator, $"{Id}: it cannot be reset: the lab has no power command, and no login is possible\n  wanted:  commands: {{ power: … }} in {_calls.Lab.File}\n  got:     {silent.Message}", silent);
        }
    }

    // A lab that does not answer says nothing of the machine.
    private async Task WatchAsync(LabCommand status)
    {
        try
        {
            while (true)
            {
                await Task.Delay(status.Every, _access.Clock, _over.Token);
                await _power.WaitAsync(_over.Token);
                try
                {
                    if (await AskAsync(status) is { } exit)
                    {
                        _exited.TrySetResult(exit);
                        return;
                    }
                }
                finally
                {
                    _power.Release();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody wants to know any more.
        }
    }

    private async Task<InstanceExit?> AskAsync(LabCommand status)
    {
        bool gone = false;
        try
        {
            (string State, string? Detail)? seen = await _calls.CallAsync(status, _machine.Request(status.Name), LabAnswer.ReadStatus, Note, _over.Token);
            return seen switch
            {
                { State: "off" } => new InstanceExit(PlatformFault: false, "the guest powered off"),
                { State: "gone", Detail: var detail } => Lost(detail),
                _ => null,
            };
        }
        catch (PlatformException unanswered)
        {
            if (gone)
                return Lost(null);
            _access.Progress.Report(unanswered.Message.Split('\n')[0]);
            return null;
        }

        Task Note(CallFailure failure)
        {
            gone |= failure.Meaning == ExitMeaning.Gone;
            return Task.CompletedTask;
        }
    }

    private static InstanceExit Lost(string? detail) => new(PlatformFault: true, detail ?? "the lab says that there is no such machine any more") { Signal = Signal.MachineLost };

    private async Task EndAsync()
    {
        await _over.CancelAsync();
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _end();
        if (_console is not null)
            await _console.DisposeAsync();
        Gone();
    }
}
