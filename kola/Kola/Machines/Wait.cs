namespace Kola.Machines;

/// <summary>The one waiting primitive; nothing else in the project sleeps.</summary>
internal static class Wait
{
    /// <summary>
    /// Probes until <paramref name="holds"/>, with pauses growing from 0.1 s to <paramref name="longestPause"/>.
    /// </summary>
    /// <returns>What held, or what was seen last when time ran out.</returns>
    internal static async Task<Waited<T>> UntilAsync<T>(
        Func<CancellationToken, Task<T>> probe, Func<T, bool> holds, TimeSpan within, TimeSpan longestPause, TimeProvider time, CancellationToken cancel)
    {
        long start = time.GetTimestamp();
        TimeSpan pause = TimeSpan.FromMilliseconds(100);
        while (true)
        {
            T seen = await probe(cancel);
            TimeSpan elapsed = time.GetElapsedTime(start);
            if (holds(seen))
                return new Waited<T>(true, seen, elapsed);
            if (elapsed >= within)
                return new Waited<T>(false, seen, elapsed);
            TimeSpan left = within - elapsed;
            await PauseAsync(pause < left ? pause : left, time, cancel);
            pause = pause * 1.5 < longestPause ? pause * 1.5 : longestPause;
        }
    }

    /// <summary>A pause that obeys the given clock.</summary>
    internal static Task PauseAsync(TimeSpan pause, TimeProvider time, CancellationToken cancel) => Task.Delay(pause, time, cancel);
}

/// <summary>How a wait ended.</summary>
internal readonly record struct Waited<T>(bool Held, T Last, TimeSpan Elapsed);
