namespace Kola.Platforms.Tests.Aws;

/// <summary>A clock by which all waits are shorter than they say, for servers that answer at once.</summary>
/// <param name="times">How many times as fast it goes.</param>
internal sealed class FastClock(int times) : TimeProvider
{
    private readonly long _start = System.GetTimestamp();

    public override long GetTimestamp() => _start + (System.GetTimestamp() - _start) * times;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        System.CreateTimer(callback, state, Shorter(dueTime), Shorter(period));

    private TimeSpan Shorter(TimeSpan time) => time <= TimeSpan.Zero ? time : time / times;
}
