using Kola.Clouds;

namespace Kola.Aws;

/// <summary>Ends of instances: those that come within a moment go into one request, and all are waited for together.</summary>
internal sealed class Terminations(AwsConnection aws, StateWatch<InstanceState> watch)
{
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    private readonly Lock _gate = new();
    private List<string> _next = [];
    private Task _request = Task.CompletedTask;

    /// <summary>Terminates an instance and waits until it is gone. Never throws: what stays carries its tags.</summary>
    internal async Task EndAsync(string instance)
    {
        Task request;
        lock (_gate)
        {
            _next.Add(instance);
            if (_next.Count == 1)
                _request = RequestAsync();
            request = _request;
        }

        try
        {
            await request;
            await watch.UntilAsync(instance, s => s.IsTerminated, s_limit, CancellationToken.None);
        }
        catch (Exception fault) when (fault is KolaException or OperationCanceledException)
        {
            // Left to kola gc.
        }

        watch.Remove(instance);
    }

    private async Task RequestAsync()
    {
        await Task.Delay(s_moment, aws.Calls.Clock);
        List<string> all;
        lock (_gate)
            (all, _next) = (_next, []);
        using var limit = new CancellationTokenSource(s_limit, aws.Calls.Clock);
        await Deletion.TerminateAsync(aws, all, limit.Token);
    }
}
