using Kola.Updates.Omaha;

namespace Kola;

/// <summary>A download that waits at one byte until this is disposed. Made by <see cref="UpdateServer.StallAt"/>.</summary>
public sealed class StalledDownload : IDisposable
{
    private readonly UpdateFeed _feed;
    private readonly Stall _stall;
    private readonly Func<string, Task, Task> _wait;

    internal StalledDownload(UpdateFeed feed, Stall stall, Func<string, Task, Task> wait) => (_feed, _stall, _wait) = (feed, stall, wait);

    /// <summary>Waits until a download has come there: all bytes before it have been sent.</summary>
    public Task ReachedAsync() => _wait($"a download to reach byte {_stall.At}", _stall.Reached);

    /// <summary>Lets downloads pass, those too that wait.</summary>
    public void Dispose() => _feed.Faults.Release(_stall);
}
