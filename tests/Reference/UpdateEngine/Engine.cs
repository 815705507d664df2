namespace Flatcar.Reference.UpdateEngine;

/// <summary>What the daemon does by itself and on demand: one attempt at a time, timers, and the state that all of it leads to.</summary>
internal sealed class Engine
{
    private static readonly TimeSpan GoodRootAfter = TimeSpan.FromSeconds(45), FirstCheck = TimeSpan.FromMinutes(7),
        Period = TimeSpan.FromMinutes(45), Longest = TimeSpan.FromHours(4);

    private readonly Places places;
    private readonly Prefs prefs;
    private readonly TimeProvider time;
    private readonly Action<Status> shown;
    private readonly Lock guard = new();
    private readonly SemaphoreSlim goodRootGuard = new(1);
    private Task attempt = Task.CompletedTask;
    private bool goodRootDone;
    private TimeSpan interval = Period;

    public Engine(Places places, TimeProvider time, Action<Status> shown)
    {
        (this.places, this.time, this.shown, prefs) = (places, time, shown, new(places.Prefs));
        if (File.Exists(places.RebootMarker))
            Status = Status with { Operation = Status.NeedReboot };
    }

    public Status Status { get; private set; } = new();

    /// <summary>Runs until the daemon ends.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        if (string.IsNullOrEmpty(prefs.Text(Prefs.AlephVersion)))
            NoteAleph();
        _ = MarkGoodLaterAsync(cancel);
        if (places.DeveloperMode)
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancel);
        await Task.Delay(Fuzzed(FirstCheck, TimeSpan.FromMinutes(10)), time, cancel);
        while (true)
        {
            await Begin(interactive: false, cancel);
            var fuzz = interval == Period ? TimeSpan.FromMinutes(10) : interval;
            await Task.Delay(Fuzzed(interval, fuzz), time, cancel);
        }
    }

    /// <summary>Starts a check, unless one is under way; the task ends with it.</summary>
    public Task Begin(bool interactive, CancellationToken cancel)
    {
        lock (guard)
        {
            if (!attempt.IsCompleted)
                return attempt;
            if (Status.Operation == Status.NeedReboot && interactive)
            {
                Log.Info("Not updating b/c we already updated and we're waiting for reboot");
                return attempt;
            }
            return attempt = Task.Run(() => AttemptAsync(interactive, cancel), cancel);
        }
    }

    /// <summary>Forgets an update that waits for its reboot. False while something is under way.</summary>
    public bool Reset()
    {
        lock (guard)
        {
            if (Status.Operation is not (Status.Idle or Status.NeedReboot))
                return false;
            File.Delete(places.RebootMarker);
            Show(s => new(s.LastChecked));
            return true;
        }
    }

    private async Task AttemptAsync(bool interactive, CancellationToken cancel)
    {
        try
        {
            await MarkGoodAsync(cancel);
            var update = new UpdateAttempt(places, prefs, time, interactive, Show);
            if (Status.Operation == Status.NeedReboot)
            {
                await update.PingAsync(cancel);
                return;
            }
            var done = await update.RunAsync(cancel);
            Show(s => done ? s with { Operation = Status.NeedReboot } : new(s.LastChecked));
            interval = update.CheckStatus is 500 or 503 ? Shorter(interval * 2, Longest)
                : update.PollInterval is { } wish ? Shorter(TimeSpan.FromSeconds(Math.Max(wish, Period.TotalSeconds)), Longest)
                : Period;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Log.Error(e.ToString());
            Show(s => new(s.LastChecked));
        }
    }

    private async Task MarkGoodLaterAsync(CancellationToken cancel)
    {
        await Task.Delay(GoodRootAfter, time, cancel);
        await MarkGoodAsync(cancel);
    }

    private async Task MarkGoodAsync(CancellationToken cancel)
    {
        await goodRootGuard.WaitAsync(cancel);
        try
        {
            if (goodRootDone)
                return;
            goodRootDone = true;
            await GoodRoot.MarkAsync(Slot.Running(), cancel);
        }
        catch (Exception e) when (e is UpdateException or IOException or System.ComponentModel.Win32Exception)
        {
            Log.Error($"Updating boot flags failed: {e.Message}");
        }
        finally
        {
            goodRootGuard.Release();
        }
    }

    private void NoteAleph()
    {
        try
        {
            prefs.Set(Prefs.AlephVersion, ImageProperties.Read(places).Version);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.Error($"prefs: {e.Message}");
        }
    }

    private void Show(Func<Status, Status> change)
    {
        Status = change(Status);
        shown(Status);
    }

    /// <summary>Half of the fuzz earlier to half of it later.</summary>
    private static TimeSpan Fuzzed(TimeSpan around, TimeSpan fuzz) => around + fuzz * (Random.Shared.NextDouble() - 0.5);

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
