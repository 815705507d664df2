namespace Kola.Updates.Omaha;

/// <summary>A place in a package where every download waits.</summary>
/// <param name="at">The first byte that does not go out.</param>
internal sealed class Stall(long at)
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal long At => at;

    /// <summary>Ends when the first download waits there.</summary>
    internal Task Reached => _reached.Task;

    /// <summary>A download has come here; goes on when it is released.</summary>
    internal Task PassAsync(CancellationToken cancel)
    {
        _reached.TrySetResult();
        return _released.Task.WaitAsync(cancel);
    }

    internal void Release() => _released.TrySetResult();
}
