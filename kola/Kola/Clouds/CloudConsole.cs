using Kola.Platforms;

namespace Kola.Clouds;

/// <summary>The console of one machine in a cloud, asked for every few seconds.</summary>
internal sealed class CloudConsole : IAsyncDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_last = TimeSpan.FromSeconds(20);

    private readonly ICloud _cloud;
    private readonly TimeProvider _clock;
    private readonly string _name;
    private readonly string _file;
    private readonly ConsoleTail _tail;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _over = new();
    private readonly Task _following;
    private long _from;

    /// <param name="cloud">Where the machine is.</param>
    /// <param name="clock">What time it is.</param>
    /// <param name="name">The machine.</param>
    /// <param name="file">The console's text, there already.</param>
    internal CloudConsole(ICloud cloud, TimeProvider clock, string name, string file)
    {
        (_cloud, _clock, _name, _file) = (cloud, clock, name, file);
        _tail = new ConsoleTail(file);
        _following = FollowAsync(_over.Token);
    }

    /// <summary>Takes what is new now. Throws nothing but a cancellation: the next time may succeed.</summary>
    internal async Task TakeAsync(CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            ConsolePart part = await _cloud.ReadConsoleAsync(_name, _from, cancel);
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

    /// <summary>Takes what there is a last time, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _following;
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
                await Task.Delay(s_pause, _clock, over);
                await TakeAsync(over);
            }
        }
        catch (OperationCanceledException)
        {
            // It is over.
        }
    }
}
