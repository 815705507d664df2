using System.Text;
using Amazon.EC2.Model;
using Kola.Platforms;

namespace Kola.Aws;

/// <summary>
/// The console of one instance. EC2 shows its newest 64 KiB when asked; asked often enough, they make the whole. Instances that are not of the Nitro system show it
/// as it was some minutes after a boot or an end.
/// </summary>
internal sealed class AwsConsole : IAsyncDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_last = TimeSpan.FromSeconds(20);

    private readonly AwsConnection _aws;
    private readonly AwsCalls _calls;
    private readonly string _instance;
    private readonly ConsoleTail _tail;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _over = new();
    private readonly Task _following;
    private bool _latest = true;
    private int _disposed;

    /// <param name="aws">Where the instance is.</param>
    /// <param name="instance">Its id.</param>
    /// <param name="file">The console's text, there already.</param>
    internal AwsConsole(AwsConnection aws, string instance, string file)
    {
        _aws = aws;
        _calls = aws.Calls.Running;
        _instance = instance;
        _tail = new ConsoleTail(file);
        _following = FollowAsync(_over.Token);
    }

    /// <summary>Takes what is new now. Never throws but for a cancellation: the next time may succeed.</summary>
    internal async Task TakeAsync(CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            await _tail.TakeAsync(await AskAsync(cancel), cancel);
        }
        catch (PlatformException unsupported) when (_latest && AwsFault.CodeOf(unsupported) is "UnsupportedOperation" or "InvalidParameterCombination" or "InvalidParameterValue")
        {
            _latest = false;
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
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
            return;
        await _over.CancelAsync();
        await _following;
        await TakeLastAsync();
    }

    /// <summary>Takes what is new now, when something else waits for it: not for long.</summary>
    internal async Task TakeLastAsync()
    {
        using var limit = new CancellationTokenSource(s_last, _calls.Clock);
        try
        {
            await TakeAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // What was not shown in time is not in the file.
        }
    }

    private async Task<string> AskAsync(CancellationToken cancel)
    {
        GetConsoleOutputResponse shown = await _calls.RunAsync("read a console", Signal.Emulator, c => _aws.Ec2.GetConsoleOutputAsync(new GetConsoleOutputRequest(_instance) { Latest = _latest }, c), cancel);
        return shown.Output is { Length: > 0 } output ? Encoding.UTF8.GetString(Convert.FromBase64String(output)) : "";
    }

    private async Task FollowAsync(CancellationToken over)
    {
        try
        {
            while (true)
            {
                await Task.Delay(s_pause, _calls.Clock, over);
                await TakeAsync(over);
            }
        }
        catch (OperationCanceledException)
        {
            // It is over.
        }
    }
}
