using Amazon.Runtime;

namespace Kola.Aws;

/// <summary>
/// Calls to AWS. The SDK repeats what is throttled or fails on the way by itself, slowing down as the answers tell it (its adaptive mode); where it gives up
/// and AWS still says that it is asked too often, this goes on, with pauses that double and are drawn at random, since all who were refused would come back
/// at once else.
/// </summary>
/// <param name="clock">What time it is.</param>
/// <param name="opening">Whether no machine has been started yet; see <see cref="AwsFault.Of"/>.</param>
internal sealed class AwsCalls(TimeProvider clock, bool opening)
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(60);

    /// <summary>How long throttling is borne with.</summary>
    internal static TimeSpan Patience { get; } = TimeSpan.FromMinutes(5);

    /// <summary>What time it is.</summary>
    internal TimeProvider Clock => clock;

    /// <summary>The same calls once machines may have been started.</summary>
    internal AwsCalls Running => new(clock, opening: false);

    /// <summary>Makes a call.</summary>
    /// <param name="what">What it is to do, as a verb without its subject: <c>start an instance</c>.</param>
    /// <param name="signal">What a failure shows when nothing else is known of it.</param>
    /// <param name="call">The call.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="PlatformException">It failed; <see cref="AwsFault.CodeOf"/> tells its code.</exception>
    /// <exception cref="UsageException">The credentials are refused, while the platform is being opened.</exception>
    internal async Task<T> RunAsync<T>(string what, Signal signal, Func<CancellationToken, Task<T>> call, CancellationToken cancel)
    {
        long start = clock.GetTimestamp();
        TimeSpan pause = s_firstPause;
        while (true)
        {
            try
            {
                return await call(cancel);
            }
            catch (Exception fault) when (AwsFault.IsThrottled(fault) && clock.GetElapsedTime(start) < Patience)
            {
                await Task.Delay(pause * (0.5 + Random.Shared.NextDouble() / 2), clock, cancel);
                pause = pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
            }
            catch (Exception fault) when (fault is AmazonServiceException or AmazonClientException || AwsFault.IsSilence(fault))
            {
                cancel.ThrowIfCancellationRequested();
                throw AwsFault.Of(what, fault, signal, opening);
            }
            catch (OperationCanceledException late) when (!cancel.IsCancellationRequested)
            {
                // The SDK's own limit for one request.
                throw AwsFault.Of(what, new TimeoutException("no answer in time", late), signal, opening);
            }
        }
    }

    /// <summary>Asks until something holds, with pauses growing from half a second to <paramref name="longestPause"/>.</summary>
    /// <returns>What held; what was seen last when time ran out.</returns>
    internal async Task<(bool Held, T Last)> UntilAsync<T>(Func<CancellationToken, Task<T>> ask, Func<T, bool> holds, TimeSpan within, TimeSpan longestPause, CancellationToken cancel)
    {
        long start = clock.GetTimestamp();
        TimeSpan pause = TimeSpan.FromMilliseconds(500);
        while (true)
        {
            T seen = await ask(cancel);
            if (holds(seen))
                return (true, seen);
            if (clock.GetElapsedTime(start) >= within)
                return (false, seen);
            await Task.Delay(pause, clock, cancel);
            pause = pause * 1.5 < longestPause ? pause * 1.5 : longestPause;
        }
    }
}
