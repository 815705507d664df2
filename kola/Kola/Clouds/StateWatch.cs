using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Kola.Clouds;

/// <summary>
/// Looks at all machines of a run together, every few seconds while there are any: clouds tell nobody of what happens, and count an account's requests together.
/// </summary>
/// <typeparam name="TState">A machine as the cloud described it; equal states are one.</typeparam>
public sealed class StateWatch<TState> : IAsyncDisposable
    where TState : class
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_hurry = TimeSpan.FromSeconds(2);

    // A new machine is not in every list at once.
    private static readonly TimeSpan s_unseen = TimeSpan.FromMinutes(2);

    private readonly Func<IReadOnlyCollection<string>, CancellationToken, Task<IReadOnlyDictionary<string, TState>>> _look;
    private readonly TState _gone;
    private readonly TimeSpan _missing;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<string, Watched> _watched = new();
    private readonly CancellationTokenSource _over = new();
    private readonly SemaphoreSlim _wanted = new(0);
    private readonly Task _watching;
    private int _waiting;

    /// <param name="look">Asks for the states of machines by name, in as few requests as there can be; one that is not in the answer is missing.</param>
    /// <param name="gone">State of a machine that is taken for gone, and of one that is not watched.</param>
    /// <param name="missing">How long a machine that was seen may be missing before it is taken for gone; zero where an answer is always whole.</param>
    /// <param name="clock">What time it is.</param>
    public StateWatch(Func<IReadOnlyCollection<string>, CancellationToken, Task<IReadOnlyDictionary<string, TState>>> look, TState gone, TimeSpan missing, TimeProvider clock)
    {
        (_look, _gone, _missing, _clock) = (look, gone, missing, clock);
        _watching = WatchAsync(_over.Token);
    }

    /// <summary>Looks at a machine from now on.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="state">As it is known so far.</param>
    public void Add(string name, TState state)
    {
        _watched[name] = new Watched(state, _clock.GetTimestamp());
        _wanted.Release();
    }

    /// <summary>Looks at it no more; who waits for it sees it gone.</summary>
    public void Remove(string name)
    {
        if (_watched.TryRemove(name, out Watched? watched))
            watched.Set(_gone);
    }

    /// <summary>As it was last seen.</summary>
    public TState StateOf(string name) => _watched.TryGetValue(name, out Watched? watched) ? watched.State : _gone;

    /// <summary>What was seen is of no use any more, since something was asked for that changes it: it counts as this until a later look.</summary>
    public void Set(string name, TState meanwhile)
    {
        if (_watched.TryGetValue(name, out Watched? watched))
            watched.Set(meanwhile);
    }

    /// <summary>Waits until a machine is in a state, looking more often meanwhile.</summary>
    /// <returns>The state; what was seen last when time ran out.</returns>
    public async Task<TState> UntilAsync(string name, Func<TState, bool> holds, TimeSpan within, CancellationToken cancel)
    {
        Interlocked.Increment(ref _waiting);
        _wanted.Release();
        try
        {
            return await ChangedAsync(name, holds, cancel).WaitAsync(within, _clock, cancel);
        }
        catch (TimeoutException)
        {
            return StateOf(name);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>Waits as long as it takes, without having anybody look more often.</summary>
    public async Task<TState> ChangedAsync(string name, Func<TState, bool> holds, CancellationToken cancel)
    {
        while (_watched.TryGetValue(name, out Watched? watched))
        {
            Task changed = watched.Changed;
            TState state = watched.State;
            if (holds(state))
                return state;
            await changed.WaitAsync(cancel);
        }

        return _gone;
    }

    /// <summary>Looks no more; who still waits sees machines gone.</summary>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _watching;
        foreach (string name in _watched.Keys)
            Remove(name);
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever is wrong with an answer, machines have to be looked at further: whoever waits has a limit of its own, and the next look may succeed.")]
    private async Task WatchAsync(CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            try
            {
                if (_watched.IsEmpty)
                    await _wanted.WaitAsync(over);
                await LookAsync(over);
            }
            catch (Exception)
            {
                // See the justification.
            }

            await Task.Delay(Volatile.Read(ref _waiting) > 0 ? s_hurry : s_pause, _clock, over).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task LookAsync(CancellationToken over)
    {
        KeyValuePair<string, Watched>[] some = [.. _watched];
        if (some.Length == 0)
            return;
        int[] turns = [.. some.Select(w => w.Value.Turn)];
        IReadOnlyDictionary<string, TState> seen = await _look([.. some.Select(w => w.Key)], over);
        for (int i = 0; i < some.Length; i++)
        {
            Watched watched = some[i].Value;
            // What was looked at before something was asked for says nothing of what came of it.
            if (watched.Turn != turns[i])
                continue;
            if (seen.TryGetValue(some[i].Key, out TState? state))
                watched.See(state, _clock.GetTimestamp());
            else if (_clock.GetElapsedTime(watched.SeenAt) >= (watched.WasSeen ? _missing : s_unseen))
                watched.Set(_gone);
        }
    }

    private sealed class Watched(TState state, long at)
    {
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>When it was last in an answer, or was added.</summary>
        internal long SeenAt { get; private set; } = at;

        internal bool WasSeen { get; private set; }

        /// <summary>Counts what was asked for.</summary>
        internal int Turn { get; private set; }

        internal TState State { get; private set; } = state;

        internal Task Changed => Volatile.Read(ref _changed).Task;

        internal void See(TState state, long at)
        {
            (WasSeen, SeenAt) = (true, at);
            if (!state.Equals(State))
                Change(state);
        }

        internal void Set(TState state)
        {
            Turn++;
            Change(state);
        }

        private void Change(TState state)
        {
            State = state;
            Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }
    }
}
