using System.Diagnostics;

namespace Kola.Platforms.Tests;

/// <summary>What a test waits for.</summary>
internal static class Soon
{
    /// <summary>Waits until something holds, and fails the test when it does not in time.</summary>
    /// <param name="holds">Asked fifty times a second.</param>
    /// <param name="what">What is there instead, or what was wanted; asked at the end.</param>
    /// <param name="within">How long it may take.</param>
    public static async Task HoldsAsync(Func<bool> holds, Func<string> what, TimeSpan within)
    {
        long start = Stopwatch.GetTimestamp();
        while (!holds())
        {
            if (Stopwatch.GetElapsedTime(start) > within)
                Assert.Fail($"not within {within.TotalSeconds:0} s: {what()}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }
}
