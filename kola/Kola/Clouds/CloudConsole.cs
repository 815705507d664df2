using Kola.Platforms;

namespace Kola.Clouds;

/// <summary>The console of one machine in a cloud, asked for every few seconds.</summary>
public sealed class CloudConsole : IAsyncDisposable
{
    private static readonly TimeSpan s_last = TimeSpan.FromSeconds(20);

    private readonly Func<long, CancellationToken, Task<ConsolePart>> _read;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _pause;
    private readonly string _file;
    private readonly ConsoleTail _tail;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _over = new();
    private readonly Task _following;
    private long _from;
    private int _disposed;

    /// <param name="read">Reads what is on it, from a byte on: 0 at first, then what the last answer said.</param>
    /// <param name="file">The console's text, there already.</param>
    /// <param name="pause">How long to wait before asking again.</param>
    /// <param name="clock">What time it is.</param>
    public CloudConsole(Func<long, CancellationToken, Task<ConsolePart>> read, string file, TimeSpan pause, TimeProvider clock)
    {
        (_read, _file, _pause, _clock) = (read, file, pause, clock);
        _tail = new ConsoleTail(file);
        _following = FollowAsync(_over.Token);
    }

    /// <summary>Takes what is new now. Throws nothing but a cancellation: the next time may succeed.</summary>
    public async Task TakeAsync(CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            ConsolePart part = await _read(_from, cancel);
            if (part.Next is not { } next)
            {
                await _tail.TakeAsync(part.Text, cancel);
                return;
            }

            await File.AppendAllTextAsync(_file, part.Text, cancel);
            _from = next;
        }
        catch (Exception fault) when (fault is KolaException or IOException)
        {
            // A console is evidence; that it cannot be had now decides nothing.
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Takes what there is a last time, and ends. May come twice.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
            return;
        await _over.CancelAsync();
        await _following;
        await TakeLastAsync();
    }

    /// <summary>Takes what is new now, when something else waits for it: not for long.</summary>
    public async Task TakeLastAsync()
    {
        using var limit = new CancellationTokenSource(s_last, _clock);
        try
        {
            await TakeAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // What was not shown in time is not in the file.
        }
    }

    private async Task FollowAsync(CancellationToken over)
    {
        try
        {
            while (true)
            {
                await Task.Delay(_pause, _clock, over);
                await TakeAsync(over);
            }
        }
        catch (OperationCanceledException)
        {
            // It is over.
        }
    }
}
