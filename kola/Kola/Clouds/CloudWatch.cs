using System.Collections.Concurrent;

namespace Kola.Clouds;

/// <summary>
/// Looks at all machines of a run together, every few seconds while there are any: clouds tell nobody of what happens, and count an account's requests together.
/// </summary>
internal sealed class CloudWatch : IAsyncDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_hurry = TimeSpan.FromSeconds(2);

    // A new machine is not in every list at once.
    private static readonly TimeSpan s_unseen = TimeSpan.FromMinutes(2);

    private readonly ICloud _cloud;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<string, Watched> _watched = new();
    private readonly CancellationTokenSource _over = new();
    private readonly SemaphoreSlim _wanted = new(0);
    private readonly Task _watching;
    private int _waiting;

    internal CloudWatch(ICloud cloud, TimeProvider clock)
    {
        (_cloud, _clock) = (cloud, clock);
        _watching = WatchAsync(_over.Token);
    }

    internal void Add(string name)
    {
        _watched[name] = new Watched(_clock.GetTimestamp());
        _wanted.Release();
    }

    internal void Remove(string name)
    {
        if (_watched.TryRemove(name, out Watched? watched))
            watched.Set(CloudState.None);
    }

    /// <summary>As it was last seen.</summary>
    internal CloudState StateOf(string name) => _watched.TryGetValue(name, out Watched? watched) ? watched.State : CloudState.None;

    /// <summary>What was seen is of no use any more, since something was asked for that changes it.</summary>
    internal void Forget(string name)
    {
        if (_watched.TryGetValue(name, out Watched? watched))
            watched.Set(new CloudState(CloudPower.Changing, "asked to change") { Address = watched.State.Address });
    }

    /// <summary>Waits until a machine is in a state, looking more often meanwhile.</summary>
    /// <returns>The state; what was seen last when time ran out.</returns>
    internal async Task<CloudState> UntilAsync(string name, Func<CloudState, bool> holds, TimeSpan within, CancellationToken cancel)
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

    /// <summary>Waits as long as it takes.</summary>
    internal async Task<CloudState> ChangedAsync(string name, Func<CloudState, bool> holds, CancellationToken cancel)
    {
        while (_watched.TryGetValue(name, out Watched? watched))
        {
            Task changed = watched.Changed;
            CloudState state = watched.State;
            if (holds(state))
                return state;
            await changed.WaitAsync(cancel);
        }

        return CloudState.None;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _watching;
        foreach (string name in _watched.Keys)
            Remove(name);
    }

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
            catch (Exception fault) when (fault is KolaException or OperationCanceledException)
            {
                // Whoever waits has a limit of its own; the next look may succeed.
            }

            // A wish to look ends the pause, all wishes until then are one.
            await _wanted.WaitAsync(TimeSpan.Zero, CancellationToken.None);
            await Task.Delay(Volatile.Read(ref _waiting) > 0 ? s_hurry : s_pause, _clock, over).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task LookAsync(CancellationToken over)
    {
        KeyValuePair<string, Watched>[] some = [.. _watched];
        if (some.Length == 0)
            return;
        int[] turns = [.. some.Select(w => w.Value.Turn)];
        IReadOnlyDictionary<string, CloudState> seen = await _cloud.LookAsync([.. some.Select(w => w.Key)], over);
        for (int i = 0; i < some.Length; i++)
        {
            Watched watched = some[i].Value;
            bool known = seen.TryGetValue(some[i].Key, out CloudState? state);
            // What was looked at before something was asked for says nothing of what came of it.
            if (watched.Turn == turns[i] && (known || watched.WasSeen || _clock.GetElapsedTime(watched.Since) >= s_unseen))
                watched.See(state ?? CloudState.None);
        }
    }

    private sealed class Watched(long since)
    {
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal long Since => since;

        internal bool WasSeen { get; private set; }

        /// <summary>Counts what was asked for.</summary>
        internal int Turn { get; private set; }

        internal CloudState State { get; private set; } = new(CloudPower.Changing, "asked for");

        internal Task Changed => Volatile.Read(ref _changed).Task;

        internal void See(CloudState state)
        {
            WasSeen = true;
            if (state != State)
                Change(state);
        }

        internal void Set(CloudState state)
        {
            Turn++;
            Change(state);
        }

        private void Change(CloudState state)
        {
            State = state;
            Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }
    }
}
