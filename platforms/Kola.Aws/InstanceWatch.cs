using System.Collections.Concurrent;
using Amazon.EC2.Model;

namespace Kola.Aws;

/// <summary>
/// Looks at all instances of a run in one request, every few seconds while there are any: EC2 tells nobody of what happens, and an account's requests are
/// counted together.
/// </summary>
internal sealed class InstanceWatch : IAsyncDisposable
{
    // EC2 takes this many values in one filter.
    private const int MostAtOnce = 200;
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_hurry = TimeSpan.FromSeconds(2);

    // A new instance is not seen by every request at once; nor may one that is gone be asked for forever.
    private static readonly TimeSpan s_unseen = TimeSpan.FromMinutes(2);

    private readonly AwsConnection _aws;
    private readonly AwsCalls _calls;
    private readonly ConcurrentDictionary<string, Watched> _watched = new();
    private readonly CancellationTokenSource _over = new();
    private readonly SemaphoreSlim _wanted = new(0);
    private readonly Task _watching;
    private int _waiting;

    /// <param name="aws">Where the instances are.</param>
    internal InstanceWatch(AwsConnection aws)
    {
        _aws = aws;
        _calls = aws.Calls.Running;
        _watching = WatchAsync(_over.Token);
    }

    /// <summary>Looks at an instance from now on.</summary>
    /// <param name="instance">Its id.</param>
    /// <param name="state">As it was when it was made.</param>
    internal void Add(string instance, InstanceState state)
    {
        _watched[instance] = new Watched(state, _calls.Clock.GetTimestamp());
        _wanted.Release();
    }

    /// <summary>Looks at it no more.</summary>
    internal void Remove(string instance) => _watched.TryRemove(instance, out _);

    /// <summary>As it was last seen.</summary>
    internal InstanceState StateOf(string instance) => _watched.TryGetValue(instance, out Watched? watched) ? watched.State : new InstanceState("terminated");

    /// <summary>Waits until an instance is in a state, looking more often meanwhile.</summary>
    /// <returns>The state; what was seen last when time ran out.</returns>
    internal async Task<InstanceState> UntilAsync(string instance, Func<InstanceState, bool> holds, TimeSpan within, CancellationToken cancel)
    {
        Interlocked.Increment(ref _waiting);
        _wanted.Release();
        try
        {
            return await ChangedAsync(instance, holds, cancel).WaitAsync(within, _calls.Clock, cancel);
        }
        catch (TimeoutException)
        {
            return StateOf(instance);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>Waits as long as it takes, without having anybody look more often.</summary>
    internal async Task<InstanceState> ChangedAsync(string instance, Func<InstanceState, bool> holds, CancellationToken cancel)
    {
        while (_watched.TryGetValue(instance, out Watched? watched))
        {
            Task changed = watched.Changed;
            InstanceState state = watched.State;
            if (holds(state))
                return state;
            await changed.WaitAsync(cancel);
        }

        return StateOf(instance);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _watching;
        foreach (string instance in _watched.Keys)
        {
            if (_watched.TryRemove(instance, out Watched? watched))
                watched.Set(watched.State);
        }
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
                await Task.Delay(Volatile.Read(ref _waiting) > 0 ? s_hurry : s_pause, _calls.Clock, over);
            }
            catch (OperationCanceledException) when (over.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault) when (fault is KolaException or OperationCanceledException)
            {
                // Whoever waits has a limit of its own; the next look may succeed.
                await Task.Delay(s_pause, _calls.Clock, over).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
    }

    private async Task LookAsync(CancellationToken over)
    {
        foreach (string[] some in _watched.Keys.Chunk(MostAtOnce))
        {
            // By a filter, not by ids: one that is unknown would fail the whole request else.
            var request = new DescribeInstancesRequest { Filters = [new Filter("instance-id", [.. some])] };
            var seen = new Dictionary<string, Instance>();
            do
            {
                DescribeInstancesResponse page = await _calls.RunAsync("look at instances", Signal.Emulator, c => _aws.Ec2.DescribeInstancesAsync(request, c), over);
                foreach (Instance instance in (page.Reservations ?? []).SelectMany(r => r.Instances ?? []))
                    seen[instance.InstanceId] = instance;
                request.NextToken = page.NextToken;
            }
            while (!string.IsNullOrEmpty(request.NextToken));

            foreach (string name in some)
            {
                if (_watched.TryGetValue(name, out Watched? watched))
                    See(watched, seen.GetValueOrDefault(name));
            }
        }
    }

    private void See(Watched watched, Instance? instance)
    {
        if (instance is not null)
        {
            watched.SeenAt = _calls.Clock.GetTimestamp();
            watched.Set(StateOf(instance));
        }
        else if (_calls.Clock.GetElapsedTime(watched.SeenAt) > s_unseen)
        {
            watched.Set(new InstanceState("terminated") { Message = "EC2 does not know the instance any more" });
        }
    }

    /// <summary>As EC2 describes it.</summary>
    internal static InstanceState StateOf(Instance instance) => new(instance.State.Name.Value)
    {
        Reason = instance.StateReason?.Code ?? "",
        Message = instance.StateReason?.Message ?? "",
        PublicAddress = instance.PublicIpAddress is { Length: > 0 } address ? address : null,
        PrivateAddress = instance.PrivateIpAddress is { Length: > 0 } own ? own : null,
    };

    private sealed class Watched(InstanceState state, long at)
    {
        private volatile TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal InstanceState State { get; private set; } = state;

        internal long SeenAt { get; set; } = at;

        internal Task Changed => _changed.Task;

        internal void Set(InstanceState state)
        {
            State = state;
            // Whoever looks sees the new state first, and then waits for the one after it.
            TaskCompletionSource before = Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            before.TrySetResult();
        }
    }
}
