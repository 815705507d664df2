using Kola.Machines;

namespace Kola.Platforms;

/// <summary>Who may do something to a machine's power and hardware: one at a time, only while there is a machine, and its end comes once and last.</summary>
/// <param name="id">The machine, for messages.</param>
/// <param name="exited">Ends when it is gone.</param>
public sealed class PowerTurn(string id, Task<InstanceExit> exited)
{
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>Whether it was disposed, or is being.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Does something when nothing else is being done.</summary>
    /// <param name="action">What it is, for messages: <c>power cycle</c>.</param>
    /// <param name="act">Does it.</param>
    /// <param name="cancel">Ends the wait for a turn.</param>
    /// <exception cref="PlatformException">The machine is gone or was disposed.</exception>
    public async Task WhileOnAsync(string action, Func<Task> act, CancellationToken cancel) => await WhileOnAsync(action, async () =>
    {
        await act();
        return true;
    }, cancel);

    /// <inheritdoc cref="WhileOnAsync(string, Func{Task}, CancellationToken)"/>
    public async Task<T> WhileOnAsync<T>(string action, Func<Task<T>> act, CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            if (IsOver)
                throw new PlatformException(Signal.MachineLost, $"{id}: {action} of a machine that was disposed");
            if (exited.IsCompleted)
                throw new PlatformException(Signal.MachineLost, $"{id}: {action} of a machine that is gone\n  got:     {(await exited).Detail}");
            return await act();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Ends it, when what is being done has been. The first time only; whoever comes later waits for the first.</summary>
    /// <param name="end">Leaves nothing of the machine.</param>
    public async Task EndAsync(Func<Task> end)
    {
        await _turn.WaitAsync(CancellationToken.None);
        try
        {
            if (IsOver)
                return;
            IsOver = true;
            await end();
        }
        finally
        {
            _turn.Release();
        }
    }
}
