namespace Kola.Clouds;

/// <summary>Calls to a cloud, with what comes of them as one of the kinds of blame.</summary>
public sealed class CloudCalls
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(5);

    private readonly string _cloud;
    private readonly Func<Exception, Refusal?> _read;
    private readonly Func<Refusal, string?> _next;
    private volatile bool _running;

    /// <param name="cloud">The platform's name, for messages.</param>
    /// <param name="clock">What time it is.</param>
    /// <param name="read">Reads what the cloud answered out of what its client threw; null when it answered nothing.</param>
    /// <param name="next">What a person can do about a refusal, an imperative; null for what is usual.</param>
    public CloudCalls(string cloud, TimeProvider clock, Func<Exception, Refusal?> read, Func<Refusal, string?> next)
    {
        (_cloud, Clock, _read, _next) = (cloud, clock, read, next);
    }

    /// <summary>What time it is.</summary>
    public TimeProvider Clock { get; }

    /// <summary>From now on machines may run: credentials that are refused are the place's fault then, not the caller's.</summary>
    public void BeginRunning() => _running = true;

    /// <summary>Makes a call.</summary>
    /// <param name="what">What it is to do, a verb without its subject: <c>start a server</c>.</param>
    /// <param name="signal">What a failure shows when nothing else is known of it.</param>
    /// <param name="call">The call.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="PlatformException">It failed; <see cref="Refusal.Of"/> tells how.</exception>
    /// <exception cref="UsageException">The credentials are refused, before any machine runs.</exception>
    /// <exception cref="OperationCanceledException">It was ended, and the cloud had not answered.</exception>
    public async Task<T> RunAsync<T>(string what, Signal signal, Func<CancellationToken, Task<T>> call, CancellationToken cancel)
    {
        try
        {
            return await call(cancel);
        }
        catch (Exception fault) when (fault is not KolaException)
        {
            Refusal? refusal = _read(fault);
            if (refusal is null)
            {
                // What breaks off while it is ended was ended; an answer is one at any time.
                cancel.ThrowIfCancellationRequested();
                refusal = IsSilence(fault) ? new Refusal(RefusalKind.Silence, "no answer", fault.Message) : null;
            }

            if (refusal is null)
                throw;
            throw Problem($"could not {what}", signal, refusal, fault);
        }
    }

    /// <inheritdoc cref="RunAsync{T}"/>
    public Task RunAsync(string what, Signal signal, Func<CancellationToken, Task> call, CancellationToken cancel) => RunAsync(what, signal, async c =>
    {
        await call(c);
        return true;
    }, cancel);

    /// <summary>Makes a call that deletes something. What is not there any more is deleted; what something else still uses is tried again.</summary>
    /// <param name="what">As of <see cref="RunAsync{T}"/>.</param>
    /// <param name="signal">As of <see cref="RunAsync{T}"/>.</param>
    /// <param name="call">The call.</param>
    /// <param name="within">How long it may still be used.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="PlatformException">It failed, or is used all that time.</exception>
    public async Task DeleteAsync(string what, Signal signal, Func<CancellationToken, Task> call, TimeSpan within, CancellationToken cancel)
    {
        PlatformException? used = null;
        (bool gone, bool _) = await UntilAsync(async c =>
        {
            try
            {
                await RunAsync(what, signal, call, c);
                return true;
            }
            catch (PlatformException fault) when (Refusal.Is(fault, RefusalKind.NotFound))
            {
                return true;
            }
            catch (PlatformException fault) when (Refusal.Is(fault, RefusalKind.Conflict))
            {
                used = fault;
                return false;
            }
        }, done => done, within, cancel);
        if (!gone)
            throw used!;
    }

    /// <summary>Asks until something holds, with pauses growing from half a second to five.</summary>
    /// <returns>Whether it held, and what was seen last.</returns>
    public async Task<(bool Held, T Last)> UntilAsync<T>(Func<CancellationToken, Task<T>> ask, Func<T, bool> holds, TimeSpan within, CancellationToken cancel)
    {
        long start = Clock.GetTimestamp();
        TimeSpan pause = s_firstPause;
        while (true)
        {
            T seen = await ask(cancel);
            if (holds(seen))
                return (true, seen);
            if (Clock.GetElapsedTime(start) >= within)
                return (false, seen);
            await Task.Delay(pause, Clock, cancel);
            pause = pause * 1.5 < s_longestPause ? pause * 1.5 : s_longestPause;
        }
    }

    /// <summary>A refusal as one of the kinds of blame.</summary>
    /// <param name="what">What did not come of it, a sentence without its subject.</param>
    /// <param name="signal">What it shows when nothing else is known.</param>
    /// <param name="refusal">What the cloud said.</param>
    /// <param name="cause">Null for none.</param>
    public KolaException Problem(string what, Signal signal, Refusal refusal, Exception? cause)
    {
        string next = _next(refusal) ?? Usual(refusal.Kind);
        string message = $"{_cloud}: {what}\n  got:     {refusal}{(next.Length > 0 ? $"\n  next:    {next}" : "")}";
        var behind = new RefusedException(refusal, cause);
        return refusal.Kind switch
        {
            RefusalKind.Credentials when !_running => new UsageException(message, behind),
            RefusalKind.Credentials or RefusalKind.Quota or RefusalKind.NoCapacity or RefusalKind.Throttled => new PlatformException(Signal.Quota, message, behind),
            _ => new PlatformException(signal, message, behind),
        };
    }

    private string Usual(RefusalKind kind) => kind switch
    {
        RefusalKind.Quota => $"run fewer machines at once (--max-machines), or have the quota raised; kola gc --platform {_cloud} takes away what earlier runs have left",
        RefusalKind.NoCapacity => $"give other zones as well: --{_cloud}-zone",
        RefusalKind.Throttled => "run fewer machines at once (--max-machines); others of the account ask as well",
        RefusalKind.Credentials => $"log in with credentials that may do that; docs/platforms/{_cloud}.md says where they are looked for",
        RefusalKind.Silence => "look at the network of this host, and at the endpoint",
        _ => "",
    };

    private static bool IsSilence(Exception? fault) =>
        fault is HttpRequestException or TimeoutException or IOException or TaskCanceledException or System.Text.Json.JsonException || fault?.InnerException is { } inner && IsSilence(inner);
}
